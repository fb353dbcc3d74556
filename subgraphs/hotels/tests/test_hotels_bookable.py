"""What bookings asks before it sells: one room type's offer, and who manages its hotel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.hotels.tests.builders import SOON, Market, stay

OFFER = """query($r: [_Any!]!, $stay: StayInput!) { _entities(representations: $r) { ... on RoomType {
  id hotelId
  offer(stay: $stay) {
    total { amount currency } nights { nightDate price { amount currency } } roomsLeft maxGuests
    cancellation { isRefundable freeUntilDays firstNightUntilDays } roomType { code }
  }
  hotel { id name timeZone }
} } }"""
MANAGED = "query($id: ID!, $user: ID!) { hotel(id: $id) { isManagedBy(userId: $user) } }"


def references(*room_type_ids: UUID) -> list[dict[str, Any]]:
    return [{"__typename": "RoomType", "id": str(room_type_id)} for room_type_id in room_type_ids]


async def test_an_offer_of_one_room_type_says_all_that_a_booking_needs(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel("Pousada do Ouro")
    room_type_id = await market.room_type(
        hotel_id, code="DLX", price=20_000, rooms=4, max_guests=3, free_cancel_days=5, first_night_days=1
    )
    await market.room_type(hotel_id, price=10_000)
    await market.set_nights(room_type_id, SOON + timedelta(days=1), price_minor=25_050, held=1, sold=1)
    data = await hotels.data(OFFER, {"r": references(room_type_id), "stay": stay(2, rooms=2)})
    brl = {"currency": "BRL"}
    assert data["_entities"] == [
        {
            "id": str(room_type_id),
            "hotelId": str(hotel_id),
            "offer": {
                "total": {"amount": "901.00", **brl},
                "nights": [
                    {"nightDate": SOON.isoformat(), "price": {"amount": "200.00", **brl}},
                    {"nightDate": (SOON + timedelta(days=1)).isoformat(), "price": {"amount": "250.50", **brl}},
                ],
                "roomsLeft": 2,
                "maxGuests": 3,
                "cancellation": {"isRefundable": True, "freeUntilDays": 5, "firstNightUntilDays": 1},
                "roomType": {"code": "DLX"},
            },
            "hotel": {"id": str(hotel_id), "name": "Pousada do Ouro", "timeZone": "America/Sao_Paulo"},
        }
    ]


@pytest.mark.parametrize(
    ("asked", "columns"),
    [
        (stay(2), {"held": 3, "sold": 2}),
        (stay(2), {"is_closed": True}),
        (stay(2, rooms=2), {"held": 4}),
        (stay(2, guests=3), {}),
        (stay(30), {}),
    ],
)
async def test_there_is_no_offer_when_the_rooms_are_not_free_or_too_small(
    market: Market, hotels: SubgraphClient, asked: dict[str, Any], columns: dict[str, Any]
) -> None:
    room_type_id = await market.room_type(await market.hotel(), rooms=5)
    if columns:
        await market.set_nights(room_type_id, SOON + timedelta(days=1), **columns)
    data = await hotels.data(OFFER, {"r": references(room_type_id), "stay": asked})
    assert data["_entities"][0]["offer"] is None


async def test_a_room_type_that_is_not_sold_any_more_has_no_offer(market: Market, hotels: SubgraphClient) -> None:
    room_type_id = await market.room_type(await market.hotel())
    await market.execute("UPDATE room_types SET is_active = false")
    data = await hotels.data(OFFER, {"r": references(room_type_id), "stay": stay()})
    assert data["_entities"][0]["offer"] is None


async def test_a_stay_that_cannot_be_is_an_error_by_name(market: Market, hotels: SubgraphClient) -> None:
    room_type_id = await market.room_type(await market.hotel())
    response = await hotels.execute(OFFER, {"r": references(room_type_id), "stay": stay(0)})
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "stay.checkOutDate"}
    assert response["data"]["_entities"][0]["offer"] is None


async def test_offers_of_20_room_types_cost_three_queries(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination()
    hotel_ids = await market.hotels(place, [{"name": f"H{number}"} for number in range(10)])
    ids = [await market.room_type(hotel_id, nights=3) for hotel_id in hotel_ids * 2]
    with count_queries(hotels.subgraph.resources.database) as statements:
        data = await hotels.data(OFFER, {"r": references(*ids), "stay": stay(2)})
    assert [entity["offer"]["total"]["amount"] for entity in data["_entities"]] == ["600.00"] * 20
    assert len(statements) == 3  # room types, hotels, offers


async def test_who_manages_a_hotel(market: Market, hotels: SubgraphClient) -> None:
    manager, stranger = make_principal(Role.HOTEL_MANAGER), make_principal(Role.HOTEL_MANAGER)
    own, nobodys = await market.hotel("A"), await market.hotel("B")
    await market.managed_by(manager, own)

    async def is_managed(hotel_id: UUID, user_id: UUID) -> bool:
        data = await hotels.data(MANAGED, {"id": str(hotel_id), "user": str(user_id)})
        return bool(data["hotel"]["isManagedBy"])

    assert await is_managed(own, manager.user_id)
    assert not await is_managed(own, stranger.user_id)
    assert not await is_managed(nobodys, manager.user_id)
    response = await hotels.execute(MANAGED, {"id": str(nobodys), "user": "me"})
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "userId"}
