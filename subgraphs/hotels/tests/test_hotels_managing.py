"""What managers do: who may, what is refused, what is repeated, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from shared.auth import Principal, Role
from shared.messaging import EventEnvelope
from shared.testing import SubgraphClient, make_principal
from subgraphs.hotels.tests.builders import Market
from subgraphs.hotels.tests.managing import (
    ADMIN,
    CREATE_HOTEL,
    CREATE_ROOM_TYPE,
    MANAGER,
    SET_PHOTOS,
    UPDATE_HOTEL,
    UPDATE_INVENTORY,
    UPDATE_RATES,
    UPDATE_ROOM_TYPE,
    hotel_input,
    nights_input,
    room_input,
)


async def events(market: Market) -> list[EventEnvelope]:
    rows = await market.rows("SELECT payload FROM outbox ORDER BY id")
    return [msgspec.json.decode(row.payload, type=EventEnvelope) for row in rows]


async def test_a_manager_creates_a_hotel_once_however_often_the_request_arrives(
    market: Market, hotels: SubgraphClient
) -> None:
    variables = {"input": hotel_input(await market.destination(), amenities=["wifi", "pool", "wifi"]), "key": "k1"}
    first = (await hotels.data(CREATE_HOTEL, variables, as_=MANAGER))["createHotel"]
    again = (await hotels.data(CREATE_HOTEL, variables, as_=MANAGER))["createHotel"]
    assert first == again
    assert first["slug"] == "pousada-sao-joao-paraty"
    assert (first["timeZone"], first["currency"]) == ("America/Sao_Paulo", "BRL")
    assert [amenity["code"] for amenity in first["amenities"]] == ["pool", "wifi"]
    (row,) = await market.rows("SELECT manager_id, place, version FROM hotels")
    assert row.manager_id == MANAGER.user_id
    assert row.place == "Paraty Rio de Janeiro"
    assert await market.value("SELECT hotel_count FROM destinations") == 1
    (event,) = await events(market)
    assert (event.type, event.aggregate_sequence) == ("hotel.created", row.version)


async def test_the_same_key_with_another_input_is_a_clear_problem(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination()
    await hotels.data(CREATE_HOTEL, {"input": hotel_input(place), "key": "k"}, as_=MANAGER)
    before = await market.snapshot()
    other = {"input": hotel_input(place, name="Outra"), "key": "k"}
    answer = (await hotels.data(CREATE_HOTEL, other, as_=MANAGER))["createHotel"]
    assert answer["__typename"] == "IdempotencyKeyReused"
    assert await market.snapshot() == before
    somebody_else = make_principal(Role.HOTEL_MANAGER)
    assert (await hotels.data(CREATE_HOTEL, other, as_=somebody_else))["createHotel"]["__typename"] == "Hotel"


async def test_two_hotels_of_one_name_get_two_slugs(market: Market, hotels: SubgraphClient) -> None:
    place = await market.destination()
    slugs = [
        (await hotels.data(CREATE_HOTEL, {"input": hotel_input(place), "key": key}, as_=MANAGER))["createHotel"]["slug"]
        for key in ("one", "two")
    ]
    assert slugs[0] == "pousada-sao-joao-paraty"
    assert slugs[1].startswith("pousada-sao-joao-paraty-")


async def test_an_administrator_may_name_the_manager_and_a_manager_may_not(
    market: Market, hotels: SubgraphClient
) -> None:
    place = await market.destination()
    variables = {"input": hotel_input(place, managerId=str(MANAGER.user_id)), "key": "k"}
    refused = (await hotels.data(CREATE_HOTEL, variables, as_=MANAGER))["createHotel"]
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", "managerId")
    assert (await hotels.data(CREATE_HOTEL, variables, as_=ADMIN))["createHotel"]["__typename"] == "Hotel"
    assert await market.value("SELECT manager_id FROM hotels") == MANAGER.user_id


HOSTILE = ["'; DROP TABLE hotels; --", "<script>alert('x')</script>", "🏨 Ñandú 日本", "فندق البحر", "\\ % _ \" ' `"]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_kept_as_typed(market: Market, hotels: SubgraphClient, text: str) -> None:
    values = hotel_input(await market.destination(), name=text, address=text, descriptionPt=text)
    answer = (await hotels.data(CREATE_HOTEL, {"input": values, "key": text}, as_=MANAGER))["createHotel"]
    assert answer["name"] == text
    row = (await market.rows("SELECT name, address, description_pt FROM hotels"))[0]
    assert tuple(row) == (text, text, text)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "Hotel \u202eairetsop"}, "name"),
        ({"address": "Rua \u2066A\u2069"}, "address"),
        ({"latitude": 90.5}, "latitude"),
        ({"longitude": -181}, "longitude"),
        ({"stars": 0}, "stars"),
        ({"amenities": ["helipad"]}, "amenities"),
        ({"checkInTime": "14:00+02:00"}, "checkInTime"),
        ({"destinationId": str(uuid4())}, "destinationId"),
        ({"currency": "XYZ"}, "currency"),
    ],
)
async def test_a_hotel_that_cannot_be_is_refused_by_name(
    market: Market, hotels: SubgraphClient, values: dict[str, Any], field: str
) -> None:
    variables = {"input": {**hotel_input(await market.destination()), **values}, "key": "k"}
    before = await market.snapshot()
    answer = (await hotels.data(CREATE_HOTEL, variables, as_=MANAGER))["createHotel"]
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert await market.snapshot() == before


async def test_update_hotel_changes_what_is_given_and_nothing_else(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel("Antes", description_pt="Velha", stars=3)
    await market.managed_by(MANAGER, hotel_id)
    change = {"hotelId": str(hotel_id), "name": "Depois", "stars": None, "isListed": False}
    for _ in range(2):
        answer = (await hotels.data(UPDATE_HOTEL, {"input": change}, as_=MANAGER))["updateHotel"]
        assert answer == {
            "__typename": "Hotel", "name": "Depois", "description": "Velha", "stars": None, "isListed": False,
        }  # fmt: skip
    assert await market.value("SELECT hotel_count FROM destinations") == 0
    assert [event.type for event in await events(market)] == ["hotel.created", "hotel.updated"]
    assert [event.aggregate_sequence for event in await events(market)] == [1, 2]


async def test_what_cannot_be_null_is_said_by_name_and_changes_nothing(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel("Antes")
    await market.managed_by(MANAGER, hotel_id)
    before = await market.snapshot()
    literal = f'mutation {{ updateHotel(input: {{hotelId: "{hotel_id}", name: null}}) {{ __typename }} }}'
    by_literal = await hotels.execute(literal, as_=MANAGER)
    change = {"hotelId": str(hotel_id), "name": None}
    by_variable = await hotels.execute(UPDATE_HOTEL, {"input": change}, as_=MANAGER)
    for response in (by_literal, by_variable):
        [error] = response["errors"]
        assert error["message"] == "name cannot be null. Leave it out to keep what is there."
        assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": "name"}
    # With two of them null, of which one may be, both are named.
    both = await hotels.execute(UPDATE_HOTEL, {"input": {**change, "stars": None}}, as_=MANAGER)
    assert both["errors"][0]["message"].startswith("name or stars cannot be null.")
    assert await market.snapshot() == before


async def test_photos_are_replaced_as_a_list(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    room_type_id = await market.room_type(hotel_id)
    await market.managed_by(MANAGER, hotel_id)
    photos = [
        {"url": "https://img.example/2.jpg", "captionPt": "Vista"},
        {"url": "https://img.example/1.jpg", "roomTypeId": str(room_type_id)},
    ]
    for _ in range(2):
        variables = {"input": {"hotelId": str(hotel_id), "photos": photos}}
        answer = (await hotels.data(SET_PHOTOS, variables, as_=MANAGER))["setHotelPhotos"]
    assert [photo["url"][-5] for photo in answer["photos"]] == ["2", "1"]
    assert answer["roomTypes"] == [{"photos": [{"url": "https://img.example/1.jpg"}]}]
    other = await market.room_type(await market.hotel("Outro"))
    for bad in ([photos[0], photos[0]], [{**photos[0], "roomTypeId": str(other)}], photos * 31):
        variables = {"input": {"hotelId": str(hotel_id), "photos": bad}}
        assert (await hotels.data(SET_PHOTOS, variables, as_=MANAGER))["setHotelPhotos"]["__typename"] == "InvalidInput"
    assert len(await market.rows("SELECT 1 FROM photos")) == 2


async def test_a_new_room_type_can_be_booked_at_once_and_is_made_once(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    variables = {"input": room_input(hotel_id), "key": "k"}
    first = (await hotels.data(CREATE_ROOM_TYPE, variables, as_=MANAGER))["createRoomType"]
    again = (await hotels.data(CREATE_ROOM_TYPE, variables, as_=MANAGER))["createRoomType"]
    assert first == again
    assert first["hotel"] == {"fromPrice": {"amount": "250.00"}}
    (row,) = await market.rows(
        "SELECT count(*) AS nights, min(price_minor) AS price, max(total) AS rooms FROM inventory_nights"
    )
    assert (row.nights, row.price, row.rooms) == (578, 25_000, 4)
    taken = (await hotels.data(CREATE_ROOM_TYPE, {**variables, "key": "k2"}, as_=MANAGER))["createRoomType"]
    assert taken["__typename"] == "RoomTypeCodeTaken"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"code": "a b"}, "code"),
        ({"code": ""}, "code"),
        ({"namePt": None}, "namePt"),
        ({"maxGuests": 0}, "maxGuests"),
        ({"totalRooms": -1}, "totalRooms"),
        ({"basePrice": {"amount": "-1"}}, "basePrice.amount"),
        ({"basePrice": {"amount": "10", "currency": "EUR"}}, "basePrice.currency"),
        ({"cancellation": {"freeUntilDays": 1, "firstNightUntilDays": 2}}, "cancellation.firstNightUntilDays"),
        ({"cancellation": {"freeUntilDays": -1}}, "cancellation.freeUntilDays"),
        ({"sizeSquareMetres": 0}, "sizeSquareMetres"),
    ],
)
async def test_a_room_type_that_cannot_be_is_refused_by_name(
    market: Market, hotels: SubgraphClient, values: dict[str, Any], field: str
) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    before = await market.snapshot()
    variables = {"input": room_input(hotel_id, **values), "key": "k"}
    answer = (await hotels.data(CREATE_ROOM_TYPE, variables, as_=MANAGER))["createRoomType"]
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert await market.snapshot() == before


async def test_a_room_type_that_is_not_offered_any_more_sets_no_from_price(
    market: Market, hotels: SubgraphClient
) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    cheap = await market.room_type(hotel_id, price=10_000)
    await market.room_type(hotel_id, price=20_000)
    change = {"roomTypeId": str(cheap), "isActive": False, "maxGuests": 3, "nameEn": None}
    answer = (await hotels.data(UPDATE_ROOM_TYPE, {"input": change}, as_=MANAGER))["updateRoomType"]
    assert answer == {"__typename": "RoomType", "name": "Quarto", "maxGuests": 3, "isActive": False}
    assert await market.value("SELECT from_price_minor FROM hotels") == 20_000


CALLERS: list[tuple[str, Principal | None, str]] = [
    ("anonymous", None, "UNAUTHENTICATED"),
    ("traveler", make_principal(Role.TRAVELER), "FORBIDDEN"),
    ("support", make_principal(Role.SUPPORT), "FORBIDDEN"),
    ("another manager", make_principal(Role.HOTEL_MANAGER), "FORBIDDEN"),
    ("the manager without the role", make_principal(Role.TRAVELER, user_id=MANAGER.user_id), "FORBIDDEN"),
]


@pytest.mark.parametrize(("who", "caller", "code"), CALLERS, ids=[who for who, _, _ in CALLERS])
@pytest.mark.parametrize(
    "name", ["updateHotel", "setHotelPhotos", "createRoomType", "updateRoomType", "updateRates", "updateInventory"]
)
async def test_nobody_but_its_manager_and_administrators_changes_a_hotel(
    market: Market, hotels: SubgraphClient, name: str, who: str, caller: Principal | None, code: str
) -> None:
    hotel_id = await market.hotel()
    await market.managed_by(MANAGER, hotel_id)
    room_type_id = await market.room_type(hotel_id)
    query, variables = {
        "updateHotel": (UPDATE_HOTEL, {"input": {"hotelId": str(hotel_id), "name": "Meu agora"}}),
        "setHotelPhotos": (SET_PHOTOS, {"input": {"hotelId": str(hotel_id), "photos": []}}),
        "createRoomType": (CREATE_ROOM_TYPE, {"input": room_input(hotel_id), "key": "k"}),
        "updateRoomType": (UPDATE_ROOM_TYPE, {"input": {"roomTypeId": str(room_type_id), "maxGuests": 9}}),
        "updateRates": (UPDATE_RATES, {"input": nights_input(room_type_id, price={"amount": "1"})}),
        "updateInventory": (UPDATE_INVENTORY, {"input": nights_input(room_type_id, totalRooms=0)}),
    }[name]
    before = await market.snapshot()
    response = await hotels.execute(query, variables, as_=caller)
    assert response["errors"][0]["extensions"]["code"] == code
    assert await market.snapshot() == before
    (answer,) = (await hotels.data(query, variables, as_=ADMIN)).values()
    assert answer["__typename"] in {"Hotel", "RoomType", "CalendarUpdated"}


@pytest.mark.parametrize("caller", [None, make_principal(), make_principal(Role.SUPPORT)])
async def test_only_managers_and_administrators_open_hotels(
    market: Market, hotels: SubgraphClient, caller: Principal | None
) -> None:
    place = await market.destination()
    before = await market.snapshot()
    response = await hotels.execute(CREATE_HOTEL, {"input": hotel_input(place), "key": "k"}, as_=caller)
    assert response["errors"][0]["extensions"]["code"] in {"UNAUTHENTICATED", "FORBIDDEN"}
    assert await market.snapshot() == before


async def test_what_does_not_exist_is_a_problem_and_not_an_error(market: Market, hotels: SubgraphClient) -> None:
    nothing = str(uuid4())
    data = await hotels.data(UPDATE_HOTEL, {"input": {"hotelId": nothing}}, as_=MANAGER)
    assert data["updateHotel"]["__typename"] == "HotelNotFound"
    data = await hotels.data(CREATE_ROOM_TYPE, {"input": room_input(nothing), "key": "k"}, as_=MANAGER)
    assert data["createRoomType"]["__typename"] == "HotelNotFound"
    change = nights_input(nothing, minimumStay=2)
    data = await hotels.data(UPDATE_RATES, {"input": change}, as_=MANAGER)
    assert data["updateRates"]["__typename"] == "RoomTypeNotFound"
    response = await hotels.execute(UPDATE_HOTEL, {"input": {"hotelId": "7"}}, as_=MANAGER)
    assert response["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "field": "hotelId"}


async def test_each_change_is_told_once_in_the_order_of_the_hotels_versions(
    market: Market, hotels: SubgraphClient
) -> None:
    place = await market.destination()
    created = await hotels.data(CREATE_HOTEL, {"input": hotel_input(place), "key": "h"}, as_=MANAGER)
    hotel_id = created["createHotel"]["id"]
    made = await hotels.data(CREATE_ROOM_TYPE, {"input": room_input(hotel_id), "key": "r"}, as_=MANAGER)
    room_type_id = made["createRoomType"]["id"]
    await hotels.data(UPDATE_RATES, {"input": nights_input(room_type_id, price={"amount": "99"})}, as_=MANAGER)
    await hotels.data(UPDATE_INVENTORY, {"input": nights_input(room_type_id, totalRooms=2)}, as_=MANAGER)
    told = await events(market)
    assert [event.type for event in told] == [
        "hotel.created", "room_type.changed", "rates.changed", "inventory.changed",
    ]  # fmt: skip
    assert [event.aggregate_sequence for event in told] == [1, 2, 3, 4]
    assert {str(event.aggregate_id) for event in told} == {hotel_id}
    assert msgspec.json.decode(told[2].payload)["price_minor"] == 9_900
