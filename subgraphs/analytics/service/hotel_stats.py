"""The numbers of hotels for a range of days, for many hotels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, Scope
from subgraphs.analytics.service.reports.figures import Figures, merged, stay_figures, supply_figures
from subgraphs.analytics.store import AnalyticsStore


@dataclass(frozen=True, slots=True)
class StatsKey:
    """Which hotel, when, in which currency."""

    hotel_id: UUID
    range: DateRange
    currency: str


async def hotel_stats(store: AnalyticsStore, keys: Sequence[StatsKey]) -> list[Figures]:
    """The sums of each key, in its order: two queries for each distinct range and currency, whatever the hotels."""
    found: dict[StatsKey, Figures] = {}
    for days, currency in dict.fromkeys((key.range, key.currency) for key in keys):
        hotels = tuple({key.hotel_id for key in keys if (key.range, key.currency) == (days, currency)})
        query = ReportQuery(days, Scope(hotels), Interval.YEAR, GroupBy.HOTEL, currency)
        figures = merged(await stay_figures(store, query), await supply_figures(store, query))
        for (_, hotel), part in figures.items():
            found.setdefault(StatsKey(UUID(hotel), days, currency), Figures()).add(part)
    return [found.get(key, Figures()) for key in keys]
