"""The present state of hotels, told as events."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from shared.messaging import EventEnvelope
from subgraphs.hotels.events import HotelCreated, InventoryChanged, RoomTypeChanged
from subgraphs.hotels.history import present_state
from subgraphs.hotels.tests.builders import SOON, Market


async def told(market: Market, *, batch: int = 200) -> list[list[EventEnvelope]]:
    return [batch async for batch in present_state(market.database, batch=batch)]


async def test_hotels_rooms_and_the_nights_that_are_unlike_others(market: Market) -> None:
    hotel = await market.hotel("Pousada do Ouro")
    room = await market.room_type(hotel, rooms=5, nights=20)
    other = await market.room_type(hotel, rooms=2)
    await market.set_nights(room, SOON + timedelta(2), nights=3, total=4)
    await market.set_nights(room, SOON + timedelta(3), nights=1, is_closed=True)
    await market.set_nights(room, SOON + timedelta(9), nights=1, total=4)

    [envelopes] = await told(market)

    assert {each.aggregate_id for each in envelopes} == {hotel}
    assert {each.aggregate_sequence for each in envelopes} == {await market.value("SELECT version FROM hotels")}
    first, *rooms = [each for each in envelopes if each.type != "inventory.changed"]
    assert first.type == HotelCreated.type
    assert msgspec.json.decode(first.payload, type=HotelCreated).name == "Pousada do Ouro"
    changed = [msgspec.json.decode(each.payload, type=RoomTypeChanged) for each in rooms]
    assert {(each.room_type_id, each.total_rooms, each.currency) for each in changed} == {
        (room, 5, "BRL"), (other, 2, "BRL"),
    }  # fmt: skip
    nights = [
        msgspec.json.decode(each.payload, type=InventoryChanged)
        for each in envelopes
        if each.type == InventoryChanged.type
    ]
    assert [
        (each.room_type_id, (each.first_night - SOON).days, (each.last_night - SOON).days, each.total, each.is_closed)
        for each in nights
    ] == [(room, 2, 2, 4, False), (room, 3, 3, 4, True), (room, 4, 4, 4, False), (room, 9, 9, 4, False)]
    assert {tuple(each.weekdays) for each in nights} == {(1, 2, 3, 4, 5, 6, 7)}


async def test_ids_are_the_same_until_something_changes(market: Market) -> None:
    place = await market.destination()
    ids = await market.hotels(place, [{"name": f"Pousada {number}", "price": 300_00} for number in range(5)])
    batches = await told(market, batch=2)
    assert [len({each.aggregate_id for each in batch}) for batch in batches] == [2, 2, 1]
    flat = [each for batch in batches for each in batch]
    assert {each.aggregate_id for each in flat} == set(ids)
    assert flat == [each for batch in await told(market) for each in batch]
    assert len({each.id for each in flat}) == len(flat) == 10
    await market.execute("UPDATE hotels SET version = version + 1 WHERE id = :id", id=ids[0])
    again = {each.id for batch in await told(market) for each in batch}
    assert len(again & {each.id for each in flat}) == 8


async def test_no_hotels_are_no_batches(market: Market) -> None:
    assert await told(market) == []
