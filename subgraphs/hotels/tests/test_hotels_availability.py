"""Availability and prices of stays, against a model in plain Python that a person can check."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from shared.db import Database, new_id
from shared.testing import SubgraphClient
from subgraphs.hotels.models import InventoryNight, RoomType
from subgraphs.hotels.repository import availability
from subgraphs.hotels.repository.search import HotelOrder, HotelSearch, PriceRange, search
from subgraphs.hotels.stays import Stay
from subgraphs.hotels.tests.builders import SOON, Market, stay

AVAILABILITY = """
query($id: ID!, $stay: StayInput!) {
  hotel(id: $id) {
    lowestPrice(stay: $stay) { amount currency }
    availability(stay: $stay) {
      roomType { code }
      nights { nightDate price { amount } }
      total { amount currency }
      roomsLeft
      maxGuests
      cancellation { isRefundable freeUntilDays firstNightUntilDays }
      freeCancellationUntilAt
    }
  }
}
"""


@dataclass(frozen=True)
class Night:
    """What the model knows of a night; ``None`` in its place means that the calendar has no such night."""

    price: int
    total: int
    taken: int
    min_stay: int
    is_closed: bool


@dataclass(frozen=True)
class Room:
    max_guests: int
    is_active: bool
    nights: tuple[Night | None, ...]


def offered_total(room: Room, first: int, nights: int, guests: int, rooms: int) -> int | None:
    """The price of the stay in this room type, night by night as the rule is told to people."""
    if not room.is_active or guests > room.max_guests * rooms:
        return None
    total = 0
    for index in range(first, first + nights):
        night = room.nights[index] if index < len(room.nights) else None
        if night is None or night.is_closed or night.total - night.taken < rooms:
            return None
        if index == first and night.min_stay > nights:
            return None
        total += night.price * rooms
    return total


CALENDAR_NIGHTS = 6
BLEMISHES: dict[str, dict[str, Any]] = {
    "closed": {"is_closed": True},
    "full": {"taken": 3},
    "one room left": {"taken": 2},
    "no rooms": {"total": 0},
}


@st.composite
def room(draw: st.DrawFn) -> Room:
    """A room that can be sold on every night, but for a few blemishes.

    Were every rule broken with some chance on every night, hardly a stay would ever be free.
    """
    prices = draw(st.lists(st.integers(1, 50_000), min_size=CALENDAR_NIGHTS, max_size=CALENDAR_NIGHTS))
    # By index and not each drawn alone, so that every stay of one night meets all of them.
    offset = draw(st.integers(0, 3))
    nights: list[Night | None] = [
        Night(price, 3, 0, (1, 2, 1, 3)[(index + offset) % 4], is_closed=False) for index, price in enumerate(prices)
    ]
    for index, blemish in draw(
        st.lists(st.tuples(st.integers(0, CALENDAR_NIGHTS - 1), st.sampled_from(["missing", *BLEMISHES])), max_size=3)
    ):
        night = nights[index]
        nights[index] = None if night is None or blemish == "missing" else replace(night, **BLEMISHES[blemish])
    nights = [night and replace(night, taken=min(night.taken, night.total)) for night in nights]
    return Room(draw(st.integers(1, 4)), draw(st.sampled_from([True, True, True, False])), tuple(nights))


async def write(market: Market, hotel_id: UUID, rooms: list[Room]) -> list[UUID]:
    """Make ``rooms`` all that the hotel has."""
    ids = [new_id() for _ in rooms]
    async with market.database.transaction() as session:
        await session.execute(delete(RoomType))
        session.add_all(
            RoomType(
                id=room_type_id, hotel_id=hotel_id, code=str(index), max_guests=model.max_guests, total_rooms=3,
                base_price_minor=1, is_active=model.is_active,
            )
            for index, (room_type_id, model) in enumerate(zip(ids, rooms, strict=True))
        )  # fmt: skip
        await session.flush()
        session.add_all(
            InventoryNight(
                room_type_id=room_type_id, night=SOON + timedelta(days=index), price_minor=night.price,
                total=night.total, held=night.taken // 2, sold=night.taken - night.taken // 2,
                min_stay=night.min_stay, is_closed=night.is_closed,
            )
            for room_type_id, model in zip(ids, rooms, strict=True)
            for index, night in enumerate(model.nights)
            if night is not None
        )  # fmt: skip
    return ids


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rooms=st.lists(room(), min_size=1, max_size=3),
    first=st.integers(0, CALENDAR_NIGHTS - 2),
    nights=st.integers(1, 3),
    guests=st.integers(1, 4),
    count=st.sampled_from([1, 1, 2]),
)
async def test_offers_and_search_agree_with_the_model(
    market: Market, database: Database, rooms: list[Room], first: int, nights: int, guests: int, count: int
) -> None:
    known = await market.rows("SELECT id FROM hotels")
    hotel_id = known[0].id if known else await market.hotel()
    ids = await write(market, hotel_id, rooms)
    check_in = SOON + timedelta(days=first)
    asked = Stay(check_in, check_in + timedelta(days=nights), guests, count)
    totals = [offered_total(model, first, nights, guests, count) for model in rooms]
    expected = {room_id: total for room_id, total in zip(ids, totals, strict=True) if total is not None}

    async with database.read() as session:
        offers = (await availability.offers(session, [(hotel_id, asked)]))[(hotel_id, asked)]
        found = await search(
            session, HotelSearch(stay=asked), HotelOrder.STAY_PRICE, now=datetime.now(UTC), after=None, limit=5
        )
    assert {offer.room_type_id: offer.total_minor for offer in offers} == expected
    assert [offer.total_minor for offer in offers] == sorted(expected.values())
    assert all(sum(offer.nightly_minor) * count == offer.total_minor for offer in offers)
    assert [result.stay_total_minor for result in found] == ([min(expected.values())] if expected else [])


async def test_one_query_prices_different_stays_at_different_hotels(market: Market, database: Database) -> None:
    cheap, dear = await market.hotel(price=10_000), await market.hotel(price=50_000)
    short = Stay(SOON, SOON + timedelta(days=1), 2)
    long = Stay(SOON + timedelta(days=2), SOON + timedelta(days=5), 4, 2)
    asked = [(cheap, short), (cheap, long), (dear, short), (dear, long)]
    async with database.read() as session:
        offers = await availability.offers(session, asked)
    assert {key: [offer.total_minor for offer in value] for key, value in offers.items()} == {
        (cheap, short): [10_000],
        (cheap, long): [60_000],
        (dear, short): [50_000],
        (dear, long): [300_000],
    }


async def test_an_offer_says_all_that_a_guest_needs(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    room_type_id = await market.room_type(
        hotel_id, code="DLX", price=20_000, rooms=30, max_guests=3, free_cancel_days=5, first_night_days=1
    )
    await market.room_type(hotel_id, code="SAVER", price=15_000, rooms=4, free_cancel_days=None, first_night_days=None)
    await market.set_nights(room_type_id, SOON + timedelta(days=1), price_minor=25_050)
    data = await hotels.data(AVAILABILITY, {"id": str(hotel_id), "stay": stay(2)})
    saver, deluxe = data["hotel"]["availability"]
    assert data["hotel"]["lowestPrice"] == {"amount": "300.00", "currency": "BRL"}
    assert deluxe == {
        "roomType": {"code": "DLX"},
        "nights": [
            {"nightDate": SOON.isoformat(), "price": {"amount": "200.00"}},
            {"nightDate": (SOON + timedelta(days=1)).isoformat(), "price": {"amount": "250.50"}},
        ],
        "total": {"amount": "450.50", "currency": "BRL"},
        "roomsLeft": 9,
        "maxGuests": 3,
        "cancellation": {"isRefundable": True, "freeUntilDays": 5, "firstNightUntilDays": 1},
        # 14:00 in São Paulo.
        "freeCancellationUntilAt": f"{SOON - timedelta(days=5)}T17:00:00Z",
    }
    assert saver["roomsLeft"] == 4
    assert saver["cancellation"] == {"isRefundable": False, "freeUntilDays": None, "firstNightUntilDays": None}
    assert saver["freeCancellationUntilAt"] is None


async def test_the_price_that_search_sorts_by_is_the_one_it_shows(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination()
    await market.hotel("B", destination=place, price=30_000)
    weekend = await market.hotel("A", destination=place, price=20_000)
    (row,) = await market.rows("SELECT id FROM room_types WHERE hotel_id = :id", id=weekend)
    await market.set_nights(row.id, SOON, price_minor=99_900)
    query = """query($stay: StayInput!) {
      hotels(filter: {stay: $stay}, sort: PRICE) { edges { node { name fromPrice { amount }
        lowestPrice(stay: $stay) { amount } availability(stay: $stay) { total { amount } } } } } }"""
    data = await hotels.data(query, {"stay": stay(2)})
    first, second = (edge["node"] for edge in data["hotels"]["edges"])
    assert first["lowestPrice"] == first["availability"][0]["total"] == {"amount": "600.00"}
    assert second["lowestPrice"] == second["availability"][0]["total"] == {"amount": "1199.00"}
    assert second["fromPrice"] == {"amount": "200.00"}


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        (stay(0), "stay.checkOutDate", "after check-in"),
        (stay(-2), "stay.checkOutDate", "after check-in"),
        (stay(31), "stay.checkOutDate", "30 nights"),
        (stay(2, first=SOON - timedelta(days=33)), "stay.checkInDate", "in the past"),
        (stay(2, first=date(1, 1, 1)), "stay.checkInDate", "in the past"),
        (stay(2, first=SOON + timedelta(days=549)), "stay.checkInDate", "ahead"),
        (stay(2, guests=0), "stay.guests", "at least one guest"),
        (stay(2, guests=1, rooms=2), "stay.guests", "at least one guest"),
        (stay(2, guests=31), "stay.guests", "at most 30"),
        (stay(2, guests=20, rooms=10), "stay.rooms", "1 to 9"),
        (stay(2, rooms=-1), "stay.rooms", "1 to 9"),
    ],
)
async def test_a_stay_that_cannot_be_is_refused_by_name(
    market: Market, hotels: SubgraphClient, asked: dict[str, Any], field: str, words: str
) -> None:
    hotel_id = await market.hotel(price=10_000)
    response = await hotels.execute(
        AVAILABILITY, {"id": str(hotel_id), "stay": asked}, headers={"accept-language": "en"}
    )
    assert {error["extensions"]["code"] for error in response["errors"]} == {"BAD_USER_INPUT"}
    assert {error["extensions"]["field"] for error in response["errors"]} == {field}
    assert all(words in error["message"] for error in response["errors"])


async def test_refusals_speak_portuguese_to_those_who_read_it(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    response = await hotels.execute(
        AVAILABILITY, {"id": str(hotel_id), "stay": stay(0)}, headers={"accept-language": "pt-BR"}
    )
    assert response["errors"][0]["message"] == "A saída deve ser depois da entrada."


@pytest.mark.parametrize("value", ["2026-02-30", "tomorrow", "2026-1-1", 20260101, None])
async def test_a_date_that_is_none_is_refused_by_the_scalar(hotels: SubgraphClient, value: object) -> None:
    response = await hotels.execute(
        AVAILABILITY, {"id": "0", "stay": {"checkInDate": value, "checkOutDate": "2030-01-01", "guests": 1}}
    )
    assert response["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_price_filter_is_per_room_and_night_of_the_stay(market: Market, database: Database) -> None:
    await market.hotel(price=20_000)
    asked = Stay(SOON, SOON + timedelta(days=3), 4, 2)
    for maximum, expected in ((20_000, [120_000]), (19_999, [])):
        async with database.read() as session:
            found = await search(
                session,
                HotelSearch(stay=asked, price=PriceRange("BRL", maximum=maximum)),
                HotelOrder.STAY_PRICE,
                now=datetime.now(UTC),
                after=None,
                limit=5,
            )
        assert [result.stay_total_minor for result in found] == expected
