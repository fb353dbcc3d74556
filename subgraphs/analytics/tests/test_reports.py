"""The figures of the reports, from events that were delivered as brokers deliver them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from shared.messaging import EventEnvelope
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, Scope
from subgraphs.analytics.service.refusals import Refused
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import Cell, ReportName
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.projections import contents, projections, rebuild
from subgraphs.analytics.tests.world import NOON, Inn, Stay, visit

MARCH = DateRange(date(2026, 3, 1), date(2026, 3, 31))


def month(**more: object) -> ReportQuery:
    return ReportQuery(**{"range": MARCH, "scope": Scope(), "interval": Interval.MONTH, **more})  # type: ignore[arg-type]


async def rows(store: AnalyticsStore, name: ReportName, query: ReportQuery | None = None) -> list[dict[str, Cell]]:
    table = await run_report(store, name, query or month())
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.rows]


async def test_revenue_is_split_over_the_nights_to_the_last_centavo(analytics_store: AnalyticsStore) -> None:
    stay = Stay(Inn(), date(2026, 3, 30), nights=3, total_minor=100_00)
    await write_events(analytics_store, stay.sold())
    daily = ReportQuery(DateRange(date(2026, 3, 29), date(2026, 4, 2)), Scope())
    found = await rows(analytics_store, ReportName.REVENUE, daily)
    assert [(row["period"], row["revenue"]) for row in found] == [
        (date(2026, 3, 29), Decimal("0.00")),
        (date(2026, 3, 30), Decimal("33.34")),
        (date(2026, 3, 31), Decimal("33.33")),
        (date(2026, 4, 1), Decimal("33.33")),
        (date(2026, 4, 2), Decimal("0.00")),
    ]


async def test_only_nights_that_are_paid_and_not_called_off_count_as_sold(analytics_store: AnalyticsStore) -> None:
    inn, first = Inn(), date(2026, 3, 10)
    stays = [Stay(inn, first, 2, 200_00, rooms=rooms) for rooms in (1, 2, 1, 1, 1)]
    events = [*stays[0].stayed(), *stays[1].no_show(), *stays[2].cancelled(), stays[3].step("requested", "PENDING")]
    events += [stays[4].step("requested", "PENDING"), stays[4].step("expired", "EXPIRED")]
    await write_events(analytics_store, events)
    [revenue] = await rows(analytics_store, ReportName.REVENUE)
    assert (revenue["revenue"], revenue["roomNights"]) == (Decimal("400.00"), 6)
    [rate] = await rows(analytics_store, ReportName.AVERAGE_DAILY_RATE)
    assert rate["averageDailyRate"] == Decimal("66.67")
    [cancellation] = await rows(analytics_store, ReportName.CANCELLATION_RATE)
    assert cancellation == {
        "period": date(2026, 3, 1), "cancellationRate": 1 / 3, "bookings": 3, "cancelled": 1, "noShows": 1,
    }  # fmt: skip


async def test_a_changed_stay_gives_up_the_nights_that_it_leaves(analytics_store: AnalyticsStore) -> None:
    stay = Stay(Inn(), date(2026, 3, 10), nights=3, total_minor=300_00)
    await write_events(analytics_store, [*stay.sold(), stay.moved(date(2026, 3, 12), 2, 260_00)])
    query = ReportQuery(DateRange(date(2026, 3, 10), date(2026, 3, 14)), Scope())
    found = await rows(analytics_store, ReportName.REVENUE, query)
    assert [row["roomNights"] for row in found] == [0, 0, 1, 1, 0]
    assert sum(row["revenue"] for row in found) == Decimal("260.00")  # type: ignore[misc]
    [cancellation] = await rows(analytics_store, ReportName.CANCELLATION_RATE)
    assert cancellation["bookings"] == 1, "its arrival moved, and is not counted on two days"


async def test_occupancy_and_revpar_know_closed_nights_and_rooms_of_a_night(analytics_store: AnalyticsStore) -> None:
    inn = Inn(rooms=10)
    events: list[EventEnvelope] = inn.all_told()
    events.append(inn.inventory_told(date(2026, 3, 2), date(2026, 3, 2), total=4))
    events.append(inn.inventory_told(date(2026, 3, 3), date(2026, 3, 4), is_closed=True))
    events.append(inn.inventory_told(date(2026, 3, 4), date(2026, 3, 4), is_closed=False))
    events += Stay(inn, date(2026, 3, 1), 2, 400_00, rooms=2).sold()
    await write_events(analytics_store, events)
    query = ReportQuery(DateRange(date(2026, 3, 1), date(2026, 3, 4)), Scope((inn.id,)))
    found = await rows(analytics_store, ReportName.OCCUPANCY, query)
    assert [row["availableRoomNights"] for row in found] == [10, 4, 0, 10]
    assert [row["occupancy"] for row in found] == [0.2, 0.5, None, 0.0]
    found = await rows(analytics_store, ReportName.REV_PAR, query)
    assert [row["revPar"] for row in found] == [Decimal("20.00"), Decimal("50.00"), None, Decimal("0.00")]


async def test_a_room_type_that_is_given_up_has_no_rooms_from_that_day_on(analytics_store: AnalyticsStore) -> None:
    inn = Inn(rooms=3)
    gone = inn.room_type_told(is_active=False, at=datetime(2026, 3, 3, 12, tzinfo=UTC))
    await write_events(analytics_store, [inn.told(), gone])
    query = ReportQuery(DateRange(date(2026, 3, 1), date(2026, 3, 4)), Scope())
    found = await rows(analytics_store, ReportName.OCCUPANCY, query)
    assert [row["availableRoomNights"] for row in found] == [3, 3, 0, 0]


async def test_groups_have_names_and_the_largest_comes_first(analytics_store: AnalyticsStore) -> None:
    small, large = Inn("Pousada do Sol"), Inn("Hotel do Mar")
    events = [*small.all_told(), *large.all_told()]
    events += Stay(small, date(2026, 3, 5), 1, 100_00, country="PT", payment_method="card").sold()
    events += Stay(large, date(2026, 3, 6), 1, 300_00, country="BR", city="Natal", region="RN").sold()
    await write_events(analytics_store, events)

    async def by(group: GroupBy, language: str = "pt-BR") -> list[tuple[Cell, Cell]]:
        query = month(group_by=group, language=language)
        return [(row["group"], row["revenue"]) for row in await rows(analytics_store, ReportName.REVENUE, query)]

    high, low = Decimal("300.00"), Decimal("100.00")
    assert await by(GroupBy.HOTEL) == [("Hotel do Mar", high), ("Pousada do Sol", low)]
    assert await by(GroupBy.DESTINATION) == [("Natal, RN", high), ("Paraty, RJ", low)]
    assert await by(GroupBy.GUEST_COUNTRY) == [("BR", high), ("PT", low)]
    assert await by(GroupBy.PAYMENT_METHOD) == [("pix", high), ("card", low)]
    assert {name for name, _ in await by(GroupBy.ROOM_TYPE, "en")} == {"Standard room"}
    [first, second] = await rows(analytics_store, ReportName.TOP_DESTINATIONS)
    assert (first["group"], second["group"]) == ("Natal, RN", "Paraty, RJ")


async def test_currencies_are_never_added_up(analytics_store: AnalyticsStore) -> None:
    inn = Inn()
    await write_events(analytics_store, Stay(inn, date(2026, 3, 5), 1, 100_00).sold())
    await write_events(analytics_store, Stay(inn, date(2026, 3, 5), 1, 900_00, currency="EUR").sold())
    assert [row["revenue"] for row in await rows(analytics_store, ReportName.REVENUE)] == [Decimal("100.00")]
    euros = await rows(analytics_store, ReportName.REVENUE, month(currency="EUR"))
    assert [row["revenue"] for row in euros] == [Decimal("900.00")]


async def test_the_booking_window_counts_from_the_day_of_the_sale_at_the_hotel(analytics_store: AnalyticsStore) -> None:
    late = datetime(2026, 3, 2, 1, tzinfo=UTC)  # still 1 March in São Paulo
    await write_events(analytics_store, Stay(Inn(), date(2026, 3, 11), 1, 1_00, booked_at=late).sold())
    await write_events(analytics_store, Stay(Inn(), date(2026, 3, 31), 1, 1_00, booked_at=late).sold())
    query = ReportQuery(DateRange(date(2026, 3, 1), date(2026, 3, 2)), Scope())
    first, second = await rows(analytics_store, ReportName.BOOKING_WINDOW, query)
    assert (first["meanDays"], first["bookings"]) == (20.0, 2)
    assert (second["meanDays"], second["bookings"]) == (None, 0)


@pytest.mark.parametrize(
    ("zone", "sold_on"),
    [
        ("Asia/Tokyo", date(2026, 3, 2)),
        ("America/Sao_Paulo", date(2026, 3, 1)),
        ("Mars/Olympus", date(2026, 3, 1)),  # unknown places count as São Paulo
    ],
)
async def test_a_sale_is_of_the_day_that_it_was_there(
    analytics_store: AnalyticsStore, zone: str, sold_on: date
) -> None:
    late = datetime(2026, 3, 2, 1, tzinfo=UTC)
    stay = Stay(Inn(), date(2026, 3, 11), 1, 1_00, booked_at=late, time_zone=zone)
    await write_events(analytics_store, stay.sold())
    [row] = await rows(analytics_store, ReportName.BOOKING_WINDOW, ReportQuery(DateRange(sold_on, sold_on), Scope()))
    assert (row["period"], row["bookings"]) == (sold_on, 1)


@pytest.mark.parametrize("name", list(ReportName))
async def test_no_report_shows_what_is_outside_its_scope(analytics_store: AnalyticsStore, name: ReportName) -> None:
    inn, guest = Inn(), uuid4()
    seen = visit(uuid4(), "search", "view", hotel_id=inn.id, user_id=guest)
    stay = Stay(inn, date(2026, 3, 5), 1, 1_00, user_id=guest, booked_at=datetime(2026, 3, 1, 15, tzinfo=UTC))
    await write_events(analytics_store, [*inn.all_told(), seen, *stay.stayed()])
    assert await rows(analytics_store, name, month(range=DateRange(date(2026, 1, 1), date(2026, 3, 31))))
    for hotels in ((), (uuid4(),)):
        foreign = month(range=DateRange(date(2026, 1, 1), date(2026, 3, 31)), scope=Scope(hotels))
        assert await rows(analytics_store, name, foreign) == []


async def test_the_funnel_follows_people_from_visitor_to_guest(analytics_store: AnalyticsStore) -> None:
    inn, other = Inn(), Inn()
    guest, looker = uuid4(), uuid4()
    visitor = uuid4()
    events = [visit(visitor, "search", "view"), visit(visitor, "quote", user_id=guest, at=NOON - timedelta(hours=1))]
    events += [visit(looker, "search", "view", hotel_id=inn.id), visit(uuid4(), "view", "search", hotel_id=other.id)]
    events += Stay(inn, date(2026, 1, 20), 1, 1_00, user_id=guest).stayed()
    events += Stay(inn, date(2026, 1, 20), 1, 1_00).stayed()  # somebody who was never seen
    await write_events(analytics_store, events)
    january = DateRange(date(2026, 1, 1), date(2026, 1, 31))
    found = await rows(analytics_store, ReportName.FUNNEL, ReportQuery(january, Scope(), language="en"))
    assert [(row["group"], row["people"]) for row in found] == [
        ("Search", 3), ("Hotel view", 2), ("Quote", 1), ("Booking", 1), ("Stay", 1),
    ]  # fmt: skip
    assert [row["shareOfPrevious"] for row in found] == [None, 2 / 3, 0.5, 1.0, 1.0]
    of_inn = await rows(analytics_store, ReportName.FUNNEL, ReportQuery(january, Scope((inn.id,))))
    assert [(row["group"], row["people"]) for row in of_inn][:2] == [("Visita ao hotel", 1), ("Cotação", 0)]


async def test_cohorts_say_who_came_back(analytics_store: AnalyticsStore) -> None:
    inn, faithful = Inn(), uuid4()
    events = []
    for user, at in ((faithful, NOON), (faithful, NOON + timedelta(days=62)), (uuid4(), NOON)):
        events += Stay(inn, date(2026, 6, 1), 1, 1_00, user_id=user, booked_at=at).sold()
    await write_events(analytics_store, events)
    query = ReportQuery(DateRange(date(2026, 1, 1), date(2026, 3, 31)), Scope())
    found = await rows(analytics_store, ReportName.COHORTS, query)
    assert [(row["period"], row["monthsLater"], row["share"]) for row in found] == [
        (date(2026, 1, 1), 0, 1.0), (date(2026, 1, 1), 1, 0.0), (date(2026, 1, 1), 2, 0.5),
    ]  # fmt: skip


@pytest.mark.parametrize("name", list(ReportName))
async def test_nothing_happened_is_an_empty_report(analytics_store: AnalyticsStore, name: ReportName) -> None:
    assert await rows(analytics_store, name) == []
    assert await rows(analytics_store, name, month(scope=Scope(()))) == []
    assert await rows(analytics_store, name, month(scope=Scope((uuid4(),)))) == []


async def test_any_order_any_number_of_times_and_a_rebuild_give_the_same(analytics_store: AnalyticsStore) -> None:
    inn = Inn("Pousada", rooms=4)
    moved = Stay(inn, date(2026, 3, 10), 3, 300_00)
    events = [*inn.all_told(), inn.inventory_told(date(2026, 3, 1), date(2026, 3, 9), total=2)]
    events += [inn.inventory_told(date(2026, 3, 5), date(2026, 3, 9), total=3)]
    events += [*moved.sold(), moved.moved(date(2026, 3, 20), 2, 260_00), moved.step("cancelled", "CANCELLED")]
    events += [*Stay(inn, date(2026, 3, 3), 2, 99_99).stayed(), visit(uuid4(), "search", "view", hotel_id=inn.id)]
    await write_events(analytics_store, events)
    once = {table: await contents(analytics_store, table) for table, _, _ in await projections(analytics_store)}
    assert all(once.values()), "every projection has something"

    shuffled = events * 3
    random.Random(5).shuffle(shuffled)
    for start in range(0, len(shuffled), 7):
        await write_events(analytics_store, shuffled[start : start + 7])
    assert {table: await contents(analytics_store, table) for table in once} == once

    counts = await rebuild(analytics_store)
    assert counts == {table: len(found) for table, found in once.items()}
    assert {table: await contents(analytics_store, table) for table in once} == once

    await write_events(analytics_store, Stay(inn, date(2026, 3, 25), 1, 50_00).sold())
    [revenue] = await rows(analytics_store, ReportName.REVENUE)
    assert revenue["revenue"] == Decimal("149.99"), "the views go on into the rebuilt tables"


@pytest.mark.parametrize(
    ("first", "last", "key"),
    [
        (date(2026, 2, 2), date(2026, 2, 1), "end_before_start"),
        (date(2000, 1, 1), date(2099, 12, 31), "range_too_long"),
        (date(1999, 12, 31), date(2000, 1, 2), "outside_this_century"),
        (date(2099, 12, 31), date(2100, 1, 1), "outside_this_century"),
    ],
)
def test_ranges_that_make_no_sense_are_refused(first: date, last: date, key: str) -> None:
    with pytest.raises(Refused) as refused:
        DateRange(first, last)
    assert refused.value.key == key
    assert refused.value.says("en") != refused.value.says("pt-BR")


async def test_too_many_periods_and_unknown_groups_are_refused(analytics_store: AnalyticsStore) -> None:
    ten_years = DateRange(date(2020, 1, 1), date(2029, 12, 31))
    with pytest.raises(Refused, match="too_many_periods"):
        await run_report(analytics_store, ReportName.REVENUE, ReportQuery(ten_years, Scope()))
    assert await rows(analytics_store, ReportName.REVENUE, ReportQuery(ten_years, Scope(), Interval.WEEK)) == []
    with pytest.raises(Refused, match="unknown_group"):
        await run_report(analytics_store, ReportName.OCCUPANCY, month(group_by=GroupBy.GUEST_COUNTRY))


@pytest.mark.parametrize(
    ("day", "interval", "first"),
    [
        (date(2026, 3, 15), Interval.DAY, date(2026, 3, 15)),
        (date(2026, 3, 15), Interval.WEEK, date(2026, 3, 9)),
        (date(2026, 3, 15), Interval.QUARTER, date(2026, 1, 1)),
        (date(2026, 3, 15), Interval.YEAR, date(2026, 1, 1)),
    ],
)
async def test_the_store_cuts_periods_as_we_do(
    analytics_store: AnalyticsStore, day: date, interval: Interval, first: date
) -> None:
    await write_events(analytics_store, Stay(Inn(), day, 1, 10_00).sold())
    query = ReportQuery(DateRange(day, day), Scope(), interval)
    [row] = await rows(analytics_store, ReportName.REVENUE, query)
    assert (row["period"], row["revenue"]) == (first, Decimal("10.00"))
