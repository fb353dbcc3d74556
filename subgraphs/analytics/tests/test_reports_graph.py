"""Reports over GraphQL: who may see what, and what a wrong question is told."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Principal, Role
from shared.testing.identity import make_principal
from shared.testing.plugin import SubgraphClients
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.tests.world import Inn, Stay

ADMIN, SUPPORT = make_principal(Role.ADMIN), make_principal(Role.SUPPORT)
MANAGER, RIVAL = make_principal(Role.HOTEL_MANAGER), make_principal(Role.HOTEL_MANAGER)
TRAVELER = make_principal(Role.TRAVELER)
MARCH = {"startDate": "2026-03-01", "endDate": "2026-03-31"}
REVENUE = """
query($range: DateRangeInput!, $hotelId: ID, $interval: ReportInterval = MONTH, $groupBy: ReportGroup,
    $currency: CurrencyCode = "BRL") {
  revenue(range: $range, hotelId: $hotelId, interval: $interval, groupBy: $groupBy, currency: $currency) {
    points { period group revenue { amount currency } roomNights }
  }
}
"""
EVERY_REPORT = """
query($range: DateRangeInput!, $hotelId: ID) {
  revenue(range: $range, interval: MONTH, hotelId: $hotelId) { points { roomNights } chart }
  occupancy(range: $range, interval: MONTH, hotelId: $hotelId) { points { occupancy availableRoomNights } chart }
  averageDailyRate(range: $range, interval: MONTH, hotelId: $hotelId) {
    points { averageDailyRate { amount } } chart }
  revPar(range: $range, interval: MONTH, hotelId: $hotelId) { points { revPar { amount } } chart }
  bookingWindow(range: $range, interval: MONTH, hotelId: $hotelId) { points { meanDays medianDays bookings } chart }
  cancellationRate(range: $range, interval: MONTH, hotelId: $hotelId) { points { cancellationRate noShows } chart }
  funnel(range: $range, hotelId: $hotelId) { points { step people shareOfPrevious } chart }
  cohorts(range: $range, hotelId: $hotelId) { points { firstBookedMonth monthsLater people share } chart }
  topDestinations(range: $range, hotelId: $hotelId) { points { destination countryCode revenue { amount } } chart }
}
"""
STATS = """
query($r: [_Any!]!, $range: DateRangeInput!) {
  _entities(representations: $r) { ... on Hotel {
    id stats(range: $range) { revenue { amount } roomNights occupancy averageDailyRate { amount } revPar { amount }
      bookings cancellationRate } } }
}
"""


async def two_inns(store: AnalyticsStore) -> tuple[Inn, Inn]:
    own = Inn("Own", manager_id=MANAGER.user_id, rooms=1)
    other = Inn("Other", manager_id=RIVAL.user_id, rooms=1)
    events = [*own.all_told(), *other.all_told()]
    events += Stay(own, date(2026, 3, 5), 1, 100_00).sold()
    events += Stay(other, date(2026, 3, 5), 1, 300_00).sold()
    await write_events(store, events)
    return own, other


def amounts(response: Any) -> list[str]:
    assert "errors" not in response, response
    return [point["revenue"]["amount"] for point in response["data"]["revenue"]["points"]]


async def test_managers_see_their_own_hotels_and_staff_see_all(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    own, other = await two_inns(analytics_store)
    client = await subgraph_client("analytics")

    async def seen(by: Principal, hotel: Inn | None = None) -> list[str]:
        hotel_id = None if hotel is None else str(hotel.id)
        return amounts(await client.execute(REVENUE, {"range": MARCH, "hotelId": hotel_id}, as_=by))

    assert await seen(MANAGER) == ["100.00"]
    assert await seen(RIVAL) == ["300.00"]
    assert await seen(make_principal(Role.HOTEL_MANAGER)) == [], "who manages nothing sees nothing"
    for staff in (ADMIN, SUPPORT):
        assert await seen(staff) == ["400.00"]
        assert await seen(staff, own) == ["100.00"]
    assert await seen(MANAGER, own) == ["100.00"]

    for hotel_id in (str(other.id), str(uuid4())):
        refused = await client.execute(REVENUE, {"range": MARCH, "hotelId": hotel_id}, as_=MANAGER)
        assert refused["data"] == {"revenue": None}
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_manager_who_loses_a_hotel_loses_its_numbers(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    own, _ = await two_inns(analytics_store)
    await write_events(analytics_store, [own.told(manager_id=RIVAL.user_id)])
    client = await subgraph_client("analytics")
    assert amounts(await client.execute(REVENUE, {"range": MARCH}, as_=MANAGER)) == []
    assert amounts(await client.execute(REVENUE, {"range": MARCH}, as_=RIVAL)) == ["400.00"]


@pytest.mark.parametrize(("caller", "code"), [(None, "UNAUTHENTICATED"), (TRAVELER, "FORBIDDEN")])
async def test_nobody_else_sees_any_report(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients, caller: Principal | None, code: str
) -> None:
    own, _ = await two_inns(analytics_store)
    client = await subgraph_client("analytics")
    for hotel_id in (None, str(own.id)):
        response = await client.execute(EVERY_REPORT, {"range": MARCH, "hotelId": hotel_id}, as_=caller)
        assert set(response["data"].values()) == {None}
        assert [error["extensions"]["code"] for error in response["errors"]] == [code] * 9
    stats = await client.execute(STATS, _entities(own), as_=caller)
    assert stats["data"]["_entities"] == [{"id": str(own.id), "stats": None}]
    assert stats["errors"][0]["extensions"]["code"] == code


async def test_every_report_answers_with_its_chart(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    await two_inns(analytics_store)
    client = await subgraph_client("analytics")
    data = await client.data(EVERY_REPORT, {"range": MARCH}, as_=ADMIN)
    assert all(report["chart"]["$schema"].startswith("https://vega.github.io/") for report in data.values())
    assert data["occupancy"]["points"] == [{"occupancy": 2 / 62, "availableRoomNights": 62}]
    assert data["revPar"]["points"] == [{"revPar": {"amount": "6.45"}}]
    assert data["topDestinations"]["points"] == [
        {"destination": "Paraty, RJ", "countryCode": "BR", "revenue": {"amount": "400.00"}}
    ]
    empty = await client.data(EVERY_REPORT, {"range": {"startDate": "2030-01-01", "endDate": "2030-01-31"}}, as_=RIVAL)
    for name in ("revenue", "averageDailyRate", "bookingWindow", "cancellationRate", "funnel", "cohorts"):
        assert empty[name]["points"] == []


def _entities(*inns: Inn) -> dict[str, Any]:
    return {"range": MARCH, "r": [{"__typename": "Hotel", "id": str(inn.id)} for inn in inns]}


async def test_stats_of_many_hotels_are_two_queries(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    inns = await two_inns(analytics_store)
    client = await subgraph_client("analytics")
    asked: list[str] = []
    query = AnalyticsStore.query

    async def counted(self: AnalyticsStore, sql: str, parameters: Any = None) -> Any:
        asked.append(sql)
        return await query(self, sql, parameters)

    monkeypatch.setattr(AnalyticsStore, "query", counted)
    response = await client.execute(STATS, _entities(*inns, *[Inn() for _ in range(20)]), as_=ADMIN)
    assert "errors" not in response
    assert len(asked) == 2
    first, second, *others = (entity["stats"] for entity in response["data"]["_entities"])
    assert first == {
        "revenue": {"amount": "100.00"}, "roomNights": 1, "occupancy": 1 / 31, "averageDailyRate": {"amount": "100.00"},
        "revPar": {"amount": "3.23"}, "bookings": 1, "cancellationRate": 0.0,
    }  # fmt: skip
    assert second["revenue"] == {"amount": "300.00"}
    assert {(other["roomNights"], other["occupancy"], other["averageDailyRate"]) for other in others} == {
        (0, None, None)
    }


async def test_a_manager_gets_the_stats_of_own_hotels_only(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    client = await subgraph_client("analytics")
    response = await client.execute(STATS, _entities(*await two_inns(analytics_store)), as_=MANAGER)
    own, other = response["data"]["_entities"]
    assert own["stats"]["roomNights"] == 1
    assert other["stats"] is None
    assert [error["extensions"]["code"] for error in response["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"range": {"startDate": "2026-03-31", "endDate": "2026-03-01"}}, "endDate"),
        ({"range": {"startDate": "2000-01-01", "endDate": "2099-12-31"}}, "endDate"),
        ({"range": {"startDate": "1900-01-01", "endDate": "1900-12-31"}}, "startDate"),
        ({"range": {"startDate": "2020-01-01", "endDate": "2026-12-31"}, "interval": "DAY"}, "interval"),
        ({"range": MARCH, "currency": "XAU"}, "currency"),
        ({"range": MARCH, "hotelId": "1; DROP TABLE events"}, "hotelId"),
    ],
)
async def test_wrong_questions_are_told_what_to_do(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients, variables: dict[str, Any], field: str
) -> None:
    await two_inns(analytics_store)
    client = await subgraph_client("analytics")
    response = await client.execute(REVENUE, variables, as_=ADMIN)
    [error] = response["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_USER_INPUT", field)
    assert amounts(await client.execute(REVENUE, {"range": MARCH}, as_=ADMIN)) == ["400.00"]


async def test_an_unknown_group_is_told_which_there_are(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    client = await subgraph_client("analytics")
    query = "query($r: DateRangeInput!) { occupancy(range: $r, groupBy: GUEST_COUNTRY) { points { roomNights } } }"
    response = await client.execute(query, {"r": MARCH}, as_=ADMIN, headers={"accept-language": "en"})
    assert "HOTEL, ROOM_TYPE" in response["errors"][0]["message"]
    unknown = await client.execute(REVENUE, {"range": MARCH, "groupBy": "'; --"}, as_=ADMIN)
    assert "ReportGroup" in unknown["errors"][0]["message"]


async def test_sql_in_what_a_hotel_is_called_is_a_name(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    name = "'); DROP TABLE events; --`\\'\" {x:String}"
    inn = Inn(name, manager_id=MANAGER.user_id)
    stay = Stay(inn, date(2026, 3, 5), 1, 100_00, city=name, region="")
    await write_events(analytics_store, [*inn.all_told(), *stay.sold()])
    client = await subgraph_client("analytics")
    for group in ("HOTEL", "DESTINATION"):
        data = await client.data(REVENUE, {"range": MARCH, "groupBy": group}, as_=MANAGER)
        assert [point["group"] for point in data["revenue"]["points"]] == [name]
