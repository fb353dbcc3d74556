"""Reports about sales and the people behind them: booking window, destinations, funnel, cohorts."""

from __future__ import annotations

from datetime import date
from typing import Final

from shared.contracts.bookings import IMPORTED_GUEST_ID
from subgraphs.analytics.service.periods import Interval, months_later
from subgraphs.analytics.service.questions import MOST_GROUPS, GroupBy, ReportQuery
from subgraphs.analytics.service.reports import columns as c
from subgraphs.analytics.service.reports.figures import GROUP_SQL, PERIOD_SQL, SETTINGS, bound, group_names
from subgraphs.analytics.service.tables import Cell, Column, ColumnKind, ReportName, ReportTable
from subgraphs.analytics.store import AnalyticsStore

FUNNEL_DAYS: Final = 180
"""From the first step to the last."""
COHORT_MONTHS: Final = 12

_MEAN_DAYS: Final = Column("meanDays", ColumnKind.DAYS, "Antecedência média", "Mean booking window")
_MEDIAN_DAYS: Final = Column("medianDays", ColumnKind.DAYS, "Antecedência mediana", "Median booking window")
_STEPS: Final = (
    ("search", "Busca", "Search"),
    ("view", "Visita ao hotel", "Hotel view"),
    ("quote", "Cotação", "Quote"),
    ("book", "Reserva", "Booking"),
    ("stay", "Estadia", "Stay"),
)


async def booking_window(store: AnalyticsStore, query: ReportQuery) -> ReportTable:
    """How many days before arrival bookings were sold, by the day of the sale where the hotel is."""
    query.refuse_groups_but(*GroupBy)
    sql = f"""
        SELECT
            {PERIOD_SQL[query.interval].format(day="sold_on")} AS period, {GROUP_SQL[query.group_by]} AS part,
            avg(dateDiff('day', sold_on, check_in)), quantileExact(0.5)(dateDiff('day', sold_on, check_in)), count()
        FROM booking_sales FINAL
        WHERE sold_on BETWEEN {{start:Date}} AND {{end:Date}} AND currency = {{currency:String}} AND {query.scope.sql}
        GROUP BY period, part
    """  # noqa: S608  # parts of ours; what a person typed is bound
    found = {(row[0], row[1]): row[2:] for row in await store.query(sql, bound(query))}
    sizes: dict[str, int] = {}
    for (_, part), (_, _, count) in found.items():
        sizes[part] = sizes.get(part, 0) + int(count)
    groups = sorted(sizes, key=lambda part: (-sizes[part], part))[:MOST_GROUPS]
    periods = query.range.periods(query.interval)
    names = await group_names(store, query, set(groups)) if query.group_by else {"": ""}
    rows: list[tuple[Cell, ...]] = []
    for group in groups:
        for period in periods:
            mean, median, count = found.get((period, group), (None, None, 0))
            key: tuple[Cell, ...] = (period,) if query.group_by is None else (period, names[group])
            rows.append((*key, mean, None if median is None else float(median), int(count)))
    head = (c.PERIOD,) if query.group_by is None else (c.PERIOD, c.GROUP)
    return ReportTable(ReportName.BOOKING_WINDOW, (*head, _MEAN_DAYS, _MEDIAN_DAYS, c.BOOKINGS), tuple(rows))


async def top_destinations(store: AnalyticsStore, query: ReportQuery) -> ReportTable:
    """The places with the most revenue from the nights of the range."""
    query.refuse_groups_but(GroupBy.DESTINATION)
    sql = f"""
        SELECT
            {GROUP_SQL[GroupBy.DESTINATION]} AS place, country_code, sum(revenue_minor) AS revenue, sum(rooms),
            uniqExact(booking_id)
        FROM stay_nights FINAL
        WHERE night BETWEEN {{start:Date}} AND {{end:Date}} AND currency = {{currency:String}} AND is_sold
            AND city != '' AND {query.scope.sql}
        GROUP BY place, country_code
        ORDER BY revenue DESC, place
        LIMIT {MOST_GROUPS}
        {SETTINGS}
    """  # noqa: S608  # parts of ours; what a person typed is bound
    rows: list[tuple[Cell, ...]] = [
        (place, country, c.amount(int(revenue), query.currency), int(nights), int(bookings))
        for place, country, revenue, nights, bookings in await store.query(sql, bound(query))
    ]
    return ReportTable(
        ReportName.TOP_DESTINATIONS,
        (
            Column("group", ColumnKind.CATEGORY, "Destino", "Destination"),
            Column("countryCode", ColumnKind.CATEGORY, "País", "Country"),
            c.money("revenue", "Receita", "Revenue", query.currency),
            c.ROOM_NIGHTS,
            c.BOOKINGS,
        ),
        tuple(rows),
    )


async def funnel(store: AnalyticsStore, query: ReportQuery) -> ReportTable:
    """How many people came how far, from a search to a stay, in this order and within 180 days.

    A person is who was signed in, or else the visitor: a visitor who signs in once is that user throughout. Only people
    who agreed to be counted are in it. A search is about no hotel, so the funnel of some hotels begins at their pages.
    """
    query.refuse_groups_but()
    steps = _STEPS if query.scope.hotel_ids is None else _STEPS[1:]
    conditions = ", ".join(f"kind = '{kind}'" for kind, _, _ in steps)
    sql = f"""
        WITH
            people AS (
                SELECT visitor_id, anyIf(user_id, isNotNull(user_id)) AS user_id FROM client_events FINAL
                WHERE toDate(occurred_at) BETWEEN {{start:Date}} AND {{end:Date}} GROUP BY visitor_id
            ),
            steps AS (
                SELECT coalesce(people.user_id, client_events.visitor_id) AS person, occurred_at AS at, kind
                FROM client_events FINAL LEFT JOIN people USING (visitor_id)
                WHERE toDate(occurred_at) BETWEEN {{start:Date}} AND {{end:Date}} AND {query.scope.sql}
                UNION ALL
                SELECT user_id, sold_at, 'book' FROM booking_sales FINAL
                WHERE toDate(sold_at) >= {{start:Date}} AND {query.scope.sql}
                UNION ALL
                SELECT user_id, arrived_at, 'stay' FROM arrivals FINAL
                WHERE toDate(arrived_at) >= {{start:Date}} AND {query.scope.sql}
            ),
            levels AS (
                SELECT person, windowFunnel({FUNNEL_DAYS * 86_400_000}, 'strict_increase')(
                    toUInt64(toUnixTimestamp64Milli(at)), {conditions}) AS level
                FROM steps GROUP BY person
            )
        SELECT {", ".join(f"countIf(level >= {number})" for number in range(1, len(steps) + 1))} FROM levels
    """  # noqa: S608  # parts of ours; what a person typed is bound
    [counts] = await store.query(sql, bound(query))
    rows: list[tuple[Cell, ...]] = []
    previous: int | None = None
    for (_, title_pt, title_en), people in zip(steps, map(int, counts), strict=True):
        share = None if previous is None else c.ratio(people, previous)
        rows.append((title_en if query.language == "en" else title_pt, people, share))
        previous = people
    return ReportTable(
        ReportName.FUNNEL,
        (
            Column("group", ColumnKind.CATEGORY, "Etapa", "Step"),
            Column("people", ColumnKind.COUNT, "Pessoas", "People"),
            Column("shareOfPrevious", ColumnKind.RATIO, "Da etapa anterior", "Of the step before"),
        ),
        tuple(rows) if counts[0] else (),
    )


async def cohorts(store: AnalyticsStore, query: ReportQuery) -> ReportTable:
    """Of the people who first booked in a month, which share booked again, so many months later.

    The first booking is the first at these hotels, and decides whether the range has the cohort. A month that is not
    over yet counts as far as it has come.
    """
    query.refuse_groups_but()
    sql = f"""
        WITH
            sales AS (
                SELECT user_id, toStartOfMonth(sold_on) AS month FROM booking_sales FINAL
                WHERE user_id NOT IN {{nobody:Array(UUID)}} AND {query.scope.sql} GROUP BY user_id, month
            ),
            firsts AS (SELECT user_id, min(month) AS cohort FROM sales GROUP BY user_id)
        SELECT cohort, dateDiff('month', cohort, month) AS later, count()
        FROM sales JOIN firsts USING (user_id)
        WHERE cohort BETWEEN toStartOfMonth({{start:Date}}) AND {{end:Date}} AND later <= {COHORT_MONTHS}
        GROUP BY cohort, later
    """  # noqa: S608  # parts of ours; what a person typed is bound
    found: dict[tuple[date, int], int] = {}
    for cohort, later, people in await store.query(sql, {**bound(query), "nobody": [IMPORTED_GUEST_ID]}):
        found[cohort, int(later)] = int(people)
    rows: list[tuple[Cell, ...]] = []
    for cohort in query.range.periods(Interval.MONTH):
        size = found.get((cohort, 0), 0)
        for later in range(COHORT_MONTHS + 1):
            if size and months_later(cohort, later) <= query.range.end:
                people = found.get((cohort, later), 0)
                rows.append((cohort, later, people, people / size))
    return ReportTable(
        ReportName.COHORTS,
        (
            Column("period", ColumnKind.PERIOD, "Primeira reserva", "First booking"),
            Column("monthsLater", ColumnKind.COUNT, "Meses depois", "Months later"),
            Column("people", ColumnKind.COUNT, "Pessoas", "People"),
            Column("share", ColumnKind.RATIO, "Voltaram a reservar", "Booked again"),
        ),
        tuple(rows),
    )
