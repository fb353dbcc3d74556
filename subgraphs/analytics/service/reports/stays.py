"""Reports about stays: revenue, average daily rate, occupancy, RevPAR, cancellations.

Definitions as in the trade (Uniform System of Accounts for the Lodging Industry): ADR is room revenue by room nights
sold, RevPAR is room revenue by room nights available, occupancy is room nights sold by room nights available.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from subgraphs.analytics.service.questions import MOST_GROUPS, GroupBy, ReportQuery
from subgraphs.analytics.service.reports import columns as c
from subgraphs.analytics.service.reports.figures import Figures, Key, group_names, merged, stay_figures, supply_figures
from subgraphs.analytics.service.tables import Cell, Column, ReportName, ReportTable
from subgraphs.analytics.store import AnalyticsStore

_SOLD_BY: Final = tuple(GroupBy)
_SUPPLIED_BY: Final = (GroupBy.HOTEL, GroupBy.ROOM_TYPE)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a report shows of the sums."""

    columns: Callable[[str], tuple[Column, ...]]
    cells: Callable[[Figures, str], tuple[Cell, ...]]
    weight: Callable[[Figures], int]
    """The largest groups by this are shown."""
    groups: Sequence[GroupBy]
    needs_supply: bool = False


def _revenue_cells(f: Figures, currency: str) -> tuple[Cell, ...]:
    return c.amount(f.revenue_minor, currency), f.room_nights


def _rate_cells(f: Figures, currency: str) -> tuple[Cell, ...]:
    return c.amount(c.average_minor(f.revenue_minor, f.room_nights), currency), f.room_nights


def _occupancy_cells(f: Figures, _currency: str) -> tuple[Cell, ...]:
    return c.ratio(f.room_nights, f.available), f.room_nights, f.available


def _rev_par_cells(f: Figures, currency: str) -> tuple[Cell, ...]:
    return c.amount(c.average_minor(f.revenue_minor, f.available), currency), f.available


def _cancellation_cells(f: Figures, _currency: str) -> tuple[Cell, ...]:
    return c.ratio(f.cancelled, f.bookings), f.bookings, f.cancelled, f.no_shows


_KINDS: Final = {
    ReportName.REVENUE: _Kind(
        lambda currency: (c.money("revenue", "Receita", "Revenue", currency), c.ROOM_NIGHTS),
        _revenue_cells,
        lambda f: f.revenue_minor,
        _SOLD_BY,
    ),
    ReportName.AVERAGE_DAILY_RATE: _Kind(
        lambda currency: (c.money("averageDailyRate", "Diária média", "Average daily rate", currency), c.ROOM_NIGHTS),
        _rate_cells,
        lambda f: f.room_nights,
        _SOLD_BY,
    ),
    ReportName.OCCUPANCY: _Kind(
        lambda _currency: (c.OCCUPANCY, c.ROOM_NIGHTS, c.AVAILABLE),
        _occupancy_cells,
        lambda f: f.room_nights,
        _SUPPLIED_BY,
        needs_supply=True,
    ),
    ReportName.REV_PAR: _Kind(
        lambda currency: (c.money("revPar", "RevPAR", "RevPAR", currency), c.AVAILABLE),
        _rev_par_cells,
        lambda f: f.revenue_minor,
        _SUPPLIED_BY,
        needs_supply=True,
    ),
    ReportName.CANCELLATION_RATE: _Kind(
        lambda _currency: (c.CANCELLATION_RATE, c.BOOKINGS, c.CANCELLED, c.NO_SHOWS),
        _cancellation_cells,
        lambda f: f.bookings,
        _SOLD_BY,
    ),
}
REPORTS: Final = frozenset(_KINDS)


async def stay_report(store: AnalyticsStore, name: ReportName, query: ReportQuery) -> ReportTable:
    """One of ``REPORTS``: a row for each period, or for each period of each group; none when nothing was sold.

    Periods in which nothing happened are there, with zeros, and ``None`` where there is nothing to divide by.

    Raises:
        Refused: a group that this report does not have, or too many periods.
    """
    kind = _KINDS[name]
    query.refuse_groups_but(*kind.groups)
    periods = query.range.periods(query.interval)
    figures = await stay_figures(store, query)
    if kind.needs_supply:
        figures = merged(figures, await supply_figures(store, query))
    groups = _largest(figures, kind)
    head: tuple[Column, ...] = (c.PERIOD,)
    rows: list[tuple[Cell, ...]] = []
    if query.group_by is None:
        rows = [
            (period, *kind.cells(figures.get((period, ""), Figures()), query.currency))
            for period in (periods if groups else ())
        ]
    else:
        head = (c.PERIOD, c.GROUP)
        names = await group_names(store, query, set(groups))
        rows = [
            (period, names[group], *kind.cells(figures.get((period, group), Figures()), query.currency))
            for group in groups
            for period in periods
        ]
    return ReportTable(name, (*head, *kind.columns(query.currency)), tuple(rows))


def _largest(figures: dict[Key, Figures], kind: _Kind) -> list[str]:
    totals: dict[str, Figures] = defaultdict(Figures)
    for (_, group), part in figures.items():
        totals[group].add(part)
    return sorted(totals, key=lambda group: (-kind.weight(totals[group]), group))[:MOST_GROUPS]
