"""Rates and inventory by ranges of nights: what a change does, and what it is refused for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from subgraphs.hotels.tests.builders import SOON, Market
from subgraphs.hotels.tests.managing import (
    ADMIN,
    CALENDAR,
    MANAGER,
    UPDATE_INVENTORY,
    UPDATE_RATES,
    nights_input,
)


async def test_rates_of_weekends_only(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id, price=30_000)
    change = nights_input(room_type_id, 14, weekdays=["FRIDAY", "SATURDAY"], price={"amount": "199.90"}, minimumStay=2)
    for _ in range(2):
        answer = (await hotels.data(UPDATE_RATES, {"input": change}, as_=MANAGER))["updateRates"]
        assert answer["nightCount"] == 4
        assert answer["roomType"]["hotel"]["fromPrice"] == {"amount": "199.90"}
    rows = await market.rows("SELECT night, price_minor, min_stay FROM inventory_nights ORDER BY night LIMIT 14")
    for row in rows:
        is_weekend = row.night.isoweekday() in {5, 6}
        assert (row.price_minor, row.min_stay) == ((19_990, 2) if is_weekend else (30_000, 1))


async def test_nights_beyond_the_calendar_begin_with_the_room_types_values(
    market: Market, hotels: SubgraphClient
) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id, price=30_000, rooms=6, nights=2)
    await hotels.data(UPDATE_INVENTORY, {"input": nights_input(room_type_id, 3, isClosed=True)}, as_=MANAGER)
    rows = await market.rows("SELECT price_minor, total, is_closed FROM inventory_nights ORDER BY night")
    assert [tuple(row) for row in rows] == [(30_000, 6, True)] * 3
    assert await market.value("SELECT from_price_minor FROM hotels") is None


async def test_rooms_cannot_fall_below_what_is_taken(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id, rooms=5)
    await market.set_nights(room_type_id, SOON + timedelta(days=2), held=1, sold=3)
    before = await market.snapshot()
    change = nights_input(room_type_id, totalRooms=3)
    answer = (await hotels.data(UPDATE_INVENTORY, {"input": change}, as_=MANAGER))["updateInventory"]
    assert answer["__typename"] == "RoomsAlreadyTaken"
    assert answer["nights"] == [{"nightDate": (SOON + timedelta(days=2)).isoformat(), "takenRooms": 4}]
    assert await market.snapshot() == before
    change = nights_input(room_type_id, totalRooms=4, isClosed=True)
    answer = (await hotels.data(UPDATE_INVENTORY, {"input": change}, as_=MANAGER))["updateInventory"]
    assert answer == {"__typename": "CalendarUpdated", "nightCount": 7}


@pytest.mark.parametrize(
    ("mutation", "values", "field"),
    [
        (UPDATE_RATES, {}, "price"),
        (UPDATE_RATES, {"price": {"amount": "0"}}, "price.amount"),
        (UPDATE_RATES, {"price": {"amount": "99999999"}}, "price.amount"),
        (UPDATE_RATES, {"price": {"amount": "1", "currency": "USD"}}, "price.currency"),
        (UPDATE_RATES, {"minimumStay": 31}, "minimumStay"),
        (UPDATE_RATES, {"minimumStay": 2, "weekdays": []}, "weekdays"),
        (UPDATE_RATES, {"minimumStay": 2, "firstNightDate": "2020-01-01"}, "firstNightDate"),
        (UPDATE_RATES, {"minimumStay": 2, "lastNightDate": "2020-01-01"}, "lastNightDate"),
        (UPDATE_RATES, {"minimumStay": 2, "lastNightDate": "9999-12-31"}, "lastNightDate"),
        (UPDATE_INVENTORY, {}, "totalRooms"),
        (UPDATE_INVENTORY, {"totalRooms": -1}, "totalRooms"),
        (UPDATE_INVENTORY, {"totalRooms": 5001}, "totalRooms"),
    ],
)
async def test_a_calendar_change_that_cannot_be_is_refused_by_name(
    market: Market, hotels: SubgraphClient, mutation: str, values: dict[str, Any], field: str
) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id)
    before = await market.snapshot()
    data = await hotels.data(mutation, {"input": nights_input(room_type_id, **values)}, as_=MANAGER)
    (answer,) = data.values()
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert await market.snapshot() == before


async def test_the_manager_sees_the_calendar_and_nobody_else_does(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id, price=30_000, rooms=5)
    await market.set_nights(room_type_id, SOON, sold=2)
    variables = {"id": str(room_type_id), "first": SOON.isoformat(), "last": SOON.isoformat()}
    for allowed in (MANAGER, ADMIN):
        data = await hotels.data(CALENDAR, variables, as_=allowed)
        assert data["_entities"][0]["calendar"] == [
            {
                "nightDate": SOON.isoformat(), "price": {"amount": "300.00"}, "minimumStay": 1, "totalRooms": 5,
                "heldRooms": 0, "soldRooms": 2, "isClosed": False,
            }
        ]  # fmt: skip
    for refused in (None, make_principal(), make_principal(Role.HOTEL_MANAGER), make_principal(Role.SUPPORT)):
        response = await hotels.execute(CALENDAR, variables, as_=refused)
        assert response["data"]["_entities"][0] == {"calendar": None}
        assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for bad in ({"last": "2020-01-01"}, {"last": (SOON + timedelta(days=92)).isoformat()}):
        response = await hotels.execute(CALENDAR, {**variables, **bad}, as_=MANAGER)
        assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
