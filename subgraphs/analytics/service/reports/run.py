"""The one door to the reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from subgraphs.analytics.service.questions import ReportQuery
from subgraphs.analytics.service.reports.sales import booking_window, cohorts, funnel, top_destinations
from subgraphs.analytics.service.reports.stays import stay_report
from subgraphs.analytics.service.tables import ReportName, ReportTable
from subgraphs.analytics.store import AnalyticsStore

_OTHERS: Final[Mapping[ReportName, Callable[[AnalyticsStore, ReportQuery], Awaitable[ReportTable]]]] = {
    ReportName.BOOKING_WINDOW: booking_window,
    ReportName.TOP_DESTINATIONS: top_destinations,
    ReportName.FUNNEL: funnel,
    ReportName.COHORTS: cohorts,
}


async def run_report(store: AnalyticsStore, name: ReportName, query: ReportQuery) -> ReportTable:
    """Answer the question ``name``. Whoever calls has made sure that the asker may see ``query.scope``.

    Raises:
        Refused: the report has no such group, or there would be too many periods.
        StoreUnavailable: the store does not answer.
    """
    if name in _OTHERS:
        return await _OTHERS[name](store, query)
    return await stay_report(store, name, query)
