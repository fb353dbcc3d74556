"""What reports say, given what happened."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest

from subgraphs.analytics.ingest import write_events
from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, Scope
from subgraphs.analytics.service.refusals import Refused
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import Cell, ReportName
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.projections import contents, projections, rebuild
from subgraphs.analytics.tests.telling import NOW, Guest, Inn, event, flat

JUNE = DateRange(date(2026, 6, 1), date(2026, 6, 30))
MONTHLY = ReportQuery(JUNE, Scope(), Interval.MONTH)
HOSTILE = "'; DROP TABLE events; --{currency:String}"


def day(number: int) -> date:
    return date(2026, 6, number)


async def rows(store: AnalyticsStore, name: ReportName, query: ReportQuery = MONTHLY) -> list[tuple[Cell, ...]]:
    return list((await run_report(store, name, query)).rows)


@pytest.mark.parametrize("name", ReportName)
async def test_an_empty_store_answers_an_empty_series(analytics_store: AnalyticsStore, name: ReportName) -> None:
    table = await run_report(analytics_store, name, MONTHLY)
    assert table.rows == ()
    assert table.columns


async def test_revenue_rates_and_occupancy_of_nights(analytics_store: AnalyticsStore) -> None:
    inn = Inn(total_rooms=2)
    stays = Guest(inn, day(1), day(4), total_minor=100_00)
    never_came = Guest(inn, day(2), day(3), total_minor=50_00, rooms=2)
    cancelled = Guest(inn, day(5), day(6))
    unpaid = Guest(inn, day(5), day(6))
    events = flat(
        inn.opens(), stays.stays(), never_came.ends("no_show"), cancelled.ends("cancelled"),
        [unpaid.tells("requested", 1), unpaid.tells("expired", 2)],
    )  # fmt: skip
    await write_events(analytics_store, events)

    daily = ReportQuery(DateRange(day(1), day(3)), Scope(), Interval.DAY)
    # 100.00 over three nights: the first has the centavo that is left over.
    assert await rows(analytics_store, ReportName.REVENUE, daily) == [
        (day(1), Decimal("33.34"), 1),
        (day(2), Decimal("83.33"), 3),
        (day(3), Decimal("33.33"), 1),
    ]
    assert await rows(analytics_store, ReportName.AVERAGE_DAILY_RATE) == [(day(1), Decimal("30.00"), 5)]
    assert await rows(analytics_store, ReportName.OCCUPANCY) == [(day(1), 5 / 60, 5, 60)]
    assert await rows(analytics_store, ReportName.REV_PAR) == [(day(1), Decimal("2.50"), 60)]
    [(_, rate, bookings, called_off, no_shows)] = await rows(analytics_store, ReportName.CANCELLATION_RATE)
    assert (rate, bookings, called_off, no_shows) == (pytest.approx(1 / 3), 3, 1, 1)


async def test_twice_and_out_of_order_is_as_good_as_once_and_in_order(analytics_store: AnalyticsStore) -> None:
    inn = Inn()
    guest = Guest(inn, day(1), day(4), total_minor=300_00)
    moved, changed = guest.moves(day(3), day(5), 500_00)
    events = flat(inn.opens(), guest.books(), [changed, moved.tells("checked_in", 4)])
    for seed in range(3):
        shuffled = [*events, *events]
        random.Random(seed).shuffle(shuffled)
        for each in shuffled:
            await write_events(analytics_store, [each])
    daily = ReportQuery(DateRange(day(1), day(5)), Scope((inn.id,)), Interval.DAY)
    assert await rows(analytics_store, ReportName.REVENUE, daily) == [
        (day(1), Decimal("0.00"), 0),
        (day(2), Decimal("0.00"), 0),
        (day(3), Decimal("250.00"), 1),
        (day(4), Decimal("250.00"), 1),
        (day(5), Decimal("0.00"), 0),
    ]
    [(_, _, bookings, _, _)] = await rows(analytics_store, ReportName.CANCELLATION_RATE)
    assert bookings == 1


async def test_a_rebuild_equals_the_live_tables(analytics_store: AnalyticsStore) -> None:
    inns = [Inn(), Inn(total_rooms=3)]
    stories = [inn.opens() for inn in inns]
    for number in range(1, 20):
        guest = Guest(inns[number % 2], day(number), day(number + 2), total_minor=100_01 * number, country="PT")
        moved, changed = guest.moves(day(number + 1), day(number + 4), 77_77)
        stories += [[*guest.books(), changed, moved.tells("cancelled", 4)], Guest(inns[0], day(2), day(3)).stays()]
    stories.append(
        [inns[0].changes_nights(day(1), day(9), total=4), inns[0].changes_nights(day(2), day(3), is_closed=True)]
    )
    stories.append([event("client.events", uuid4(), 0, _looked())])
    events = flat(*stories)
    random.Random(5).shuffle(events)
    await write_events(analytics_store, events)
    await write_events(analytics_store, events[::3])
    live = {table: await contents(analytics_store, table) for table, _, _ in await projections(analytics_store)}
    assert all(live.values()), "every projection has something to compare"

    counts = await rebuild(analytics_store)

    assert counts == {table: len(kept) for table, kept in live.items()}
    assert {table: await contents(analytics_store, table) for table in live} == live
    # The views write into the new tables.
    await write_events(analytics_store, Guest(inns[0], day(9), day(10)).books())
    assert len(await contents(analytics_store, "booking_sales")) == counts["booking_sales"] + 1


def _looked() -> dict[str, object]:
    looks = [{"event_id": str(uuid4()), "kind": "search", "occurred_at": NOW.isoformat()}]
    return {"visitor_id": str(uuid4()), "user_id": None, "events": looks}


async def test_a_sale_is_of_the_day_that_it_was_at_the_hotel(analytics_store: AnalyticsStore) -> None:
    late = datetime(2026, 6, 2, 2, 30, tzinfo=UTC)  # half past eleven on the first in São Paulo, the second in Tokyo
    here, there = Inn(), Inn(time_zone="Asia/Tokyo")
    nowhere = Inn(time_zone="Mars/Olympus")
    events = flat(*(Guest(inn, day(11), day(12)).books(late) for inn in (here, there, nowhere)))
    await write_events(analytics_store, events)
    for inn, sold_on, lead in ((here, day(1), 10.0), (there, day(2), 9.0), (nowhere, day(1), 10.0)):
        query = ReportQuery(DateRange(sold_on, sold_on), Scope((inn.id,)))
        assert await rows(analytics_store, ReportName.BOOKING_WINDOW, query) == [(sold_on, lead, lead, 1)]


async def test_rooms_of_single_nights_and_closed_nights_are_counted(analytics_store: AnalyticsStore) -> None:
    inn = Inn(total_rooms=10)
    guest = Guest(inn, day(1), day(2))
    events = [
        *inn.opens(),
        inn.changes_nights(day(1), day(3), total=4),
        inn.changes_nights(day(3), day(3), is_closed=True),
    ]
    await write_events(analytics_store, [*reversed(events), *guest.books()])
    query = ReportQuery(DateRange(day(1), day(4)), Scope())
    answered = await rows(analytics_store, ReportName.OCCUPANCY, query)
    assert [available for *_, available in answered] == [4, 4, 0, 10]
    assert [occupancy for _, occupancy, _, _ in answered] == [0.25, 0.0, None, 0.0]


async def test_currencies_are_never_added(analytics_store: AnalyticsStore) -> None:
    here, abroad = Inn(), Inn(currency="EUR")
    events = flat(here.opens(), abroad.opens(), Guest(here, day(1), day(2)).books(),
                  Guest(abroad, day(1), day(2), total_minor=70_00, currency="EUR").books())  # fmt: skip
    await write_events(analytics_store, events)
    euros = ReportQuery(JUNE, Scope(), Interval.MONTH, currency="EUR")
    assert await rows(analytics_store, ReportName.REVENUE) == [(day(1), Decimal("300.00"), 1)]
    assert await rows(analytics_store, ReportName.REVENUE, euros) == [(day(1), Decimal("70.00"), 1)]
    assert await rows(analytics_store, ReportName.OCCUPANCY, euros) == [(day(1), 1 / 300, 1, 300)]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (GroupBy.HOTEL, {"Mar": 2, "Serra": 1}),
        (GroupBy.ROOM_TYPE, {"Padrão": 2, "Padrão ": 1}),
        (GroupBy.DESTINATION, {"Paraty, RJ": 2, "Petrópolis, RJ": 1}),
        (GroupBy.GUEST_COUNTRY, {"PT": 2, "—": 1}),
        (GroupBy.PAYMENT_METHOD, {"card": 2, "pix": 1}),
    ],
)
async def test_groups_have_names(analytics_store: AnalyticsStore, group: GroupBy, expected: dict[str, int]) -> None:
    sea, hills = Inn(name="Mar"), Inn(name="Serra")
    events = flat(
        sea.opens(), hills.opens(), [hills.changes_rooms(name_pt="Padrão ")],
        *(Guest(sea, day(1), day(2), country="PT").books() for _ in range(2)),
        Guest(hills, day(1), day(2), city="Petrópolis", method="pix").books(),
    )  # fmt: skip
    await write_events(analytics_store, events)
    query = ReportQuery(JUNE, Scope(), Interval.MONTH, group)
    assert {row[1]: row[3] for row in await rows(analytics_store, ReportName.REVENUE, query)} == expected


async def test_destinations_are_ranked_by_revenue(analytics_store: AnalyticsStore) -> None:
    inn = Inn()
    events = flat(
        Guest(inn, day(1), day(3), total_minor=500_00, city="Ouro Preto").books(),
        Guest(inn, day(1), day(2), total_minor=900_00).books(),
        Guest(inn, day(1), day(2), city="Olinda").ends("cancelled"),
    )
    await write_events(analytics_store, events)
    assert await rows(analytics_store, ReportName.TOP_DESTINATIONS) == [
        ("Paraty, RJ", "BR", Decimal("900.00"), 1, 1),
        ("Ouro Preto, RJ", "BR", Decimal("500.00"), 2, 1),
    ]


async def test_cohorts_tell_who_booked_again(analytics_store: AnalyticsStore) -> None:
    inn, loyal = Inn(), uuid4()
    january, march = datetime(2026, 1, 10, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC)
    events = flat(
        Guest(inn, day(1), day(2), user_id=loyal).books(january),
        Guest(inn, day(3), day(4), user_id=loyal).books(march),
        Guest(inn, day(1), day(2)).books(january),
    )
    await write_events(analytics_store, events)
    query = ReportQuery(DateRange(date(2026, 1, 1), date(2026, 3, 31)), Scope(), Interval.MONTH)
    first = date(2026, 1, 1)
    assert await rows(analytics_store, ReportName.COHORTS, query) == [
        (first, 0, 2, 1.0),
        (first, 1, 0, 0.0),
        (first, 2, 1, 0.5),
    ]


async def test_the_funnel_joins_a_visitor_with_who_signed_in(analytics_store: AnalyticsStore) -> None:
    inn, visitor, user = Inn(), uuid4(), uuid4()
    guest = Guest(inn, day(20), day(21), user_id=user)
    looks = [
        {"event_id": str(uuid4()), "kind": kind, "occurred_at": f"2026-06-01T12:0{minute}:00Z",
         "hotel_id": None if kind == "search" else str(inn.id)}
        for minute, kind in enumerate(("search", "view", "quote"))
    ]  # fmt: skip
    told = {"visitor_id": str(visitor), "user_id": None, "events": looks[:2]}
    signed_in = {"visitor_id": str(visitor), "user_id": str(user), "events": looks[2:]}
    somebody = {"visitor_id": str(uuid4()), "user_id": None, "events": [{**looks[0], "event_id": str(uuid4())}]}
    sold, came = datetime(2026, 6, 2, tzinfo=UTC), datetime(2026, 6, 20, 18, tzinfo=UTC)
    events = [event("client.events", uuid4(), 0, each) for each in (told, signed_in, somebody)]
    await write_events(analytics_store, [*events, *guest.books(sold), guest.tells("checked_in", 3, came)])
    assert [row[1] for row in await rows(analytics_store, ReportName.FUNNEL)] == [2, 1, 1, 1, 1]
    own = ReportQuery(JUNE, Scope((inn.id,)), language="en")
    assert [row[:2] for row in await rows(analytics_store, ReportName.FUNNEL, own)] == [
        ("Hotel view", 1), ("Quote", 1), ("Booking", 1), ("Stay", 1),
    ]  # fmt: skip
    foreign = ReportQuery(JUNE, Scope((uuid4(),)))
    assert await rows(analytics_store, ReportName.FUNNEL, foreign) == []


async def test_no_report_shows_hotels_outside_its_scope(analytics_store: AnalyticsStore) -> None:
    inn = Inn()
    await write_events(analytics_store, flat(inn.opens(), Guest(inn, day(1), day(2)).stays()))
    for name in ReportName:
        for scope in (Scope(()), Scope((uuid4(),))):
            table = await run_report(analytics_store, name, ReportQuery(JUNE, scope, Interval.MONTH))
            assert table.rows == (), name


async def test_what_people_typed_is_bound_and_never_sql(analytics_store: AnalyticsStore) -> None:
    inn = Inn(name=HOSTILE)
    await write_events(analytics_store, flat(inn.opens(), Guest(inn, day(1), day(2), city=HOSTILE).books()))
    for name in ReportName:
        await run_report(analytics_store, name, ReportQuery(JUNE, Scope(), Interval.MONTH, currency=HOSTILE[:3]))
    by_hotel = ReportQuery(JUNE, Scope(), Interval.MONTH, GroupBy.HOTEL)
    assert [row[1] for row in await rows(analytics_store, ReportName.REVENUE, by_hotel)] == [HOSTILE]


def test_ranges_that_make_no_sense_are_refused() -> None:
    with pytest.raises(Refused) as end_first:
        DateRange(day(2), day(1))
    with pytest.raises(Refused) as a_century:
        DateRange(date(2000, 1, 1), date(2099, 12, 31))
    with pytest.raises(Refused) as too_fine:
        DateRange(date(2020, 1, 1), date(2026, 1, 1)).periods(Interval.DAY)
    for refused, words in ((end_first, "before"), (a_century, "ten years"), (too_fine, "800")):
        assert words in refused.value.says("en")
        assert refused.value.says("pt-BR") != refused.value.says("en")


@pytest.mark.parametrize(
    ("interval", "count"), [("DAY", 366), ("WEEK", 53), ("MONTH", 12), ("QUARTER", 4), ("YEAR", 1)]
)
async def test_periods_of_the_store_are_those_that_are_filled_in(
    analytics_store: AnalyticsStore, interval: str, count: int
) -> None:
    inn = Inn()
    ends = [
        (date(2024, 1, 1), date(2024, 1, 2)),
        (date(2024, 8, 14), date(2024, 8, 15)),
        (date(2024, 12, 31), date(2025, 1, 1)),
    ]
    await write_events(analytics_store, flat(*(Guest(inn, *stay).books() for stay in ends)))
    query = ReportQuery(DateRange(date(2024, 1, 1), date(2024, 12, 31)), Scope(), Interval(interval))
    answered = await rows(analytics_store, ReportName.REVENUE, query)
    assert len(answered) == count
    assert sum(row[2] for row in answered) == len(ends)  # type: ignore[misc]
