"""A stay is changed: a new hold takes the place of an old one, and its rooms count as free for it alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio

from shared.contracts.inventory import InventoryConfirmed, InventoryHeld, InventoryRefused, InventoryReleased
from shared.db import Database, new_id
from shared.testing import SubgraphClient
from subgraphs.hotels.tests.builders import SOON, Market, stay
from subgraphs.hotels.tests.front_desk import FrontDesk, counts


@pytest_asyncio.fixture(loop_scope="session")
async def desk(market: Market, database: Database) -> FrontDesk:
    """Books rooms of a type that has two, of which another booking has one for ten nights."""
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))
    await desk.another_booking().sold(0, 10)
    return desk


async def own_counts(market: Market, desk: FrontDesk) -> list[tuple[int, int]]:
    """Rooms held and sold on each of the ten nights, without the other booking's."""
    found = await counts(market, desk.room_type_id)
    assert len(found) == 10
    return [(held, sold - 1) for held, sold in found]


async def test_a_full_hotel_offers_a_stay_the_rooms_that_it_has(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    desk = FrontDesk(market.database, await market.room_type(hotel_id, rooms=2))
    await desk.another_booking().sold(0, 10)
    own = await desk.sold(2, 5)
    other_type = FrontDesk(market.database, await market.room_type(hotel_id, code="OTHER", rooms=1))
    elsewhere = await other_type.sold(0, 10)
    query = """query($id: ID!, $stay: StayInput!, $hold: ID) {
      hotel(id: $id) { availability(stay: $stay, replacesHoldId: $hold) { roomsLeft } } }"""

    async def rooms_left(first: int, until: int, hold_id: object, *, rooms: int = 1) -> list[int]:
        asked = stay(until - first, first=SOON + timedelta(days=first), guests=rooms, rooms=rooms)
        hold = None if hold_id is None else str(hold_id)
        data = await hotels.data(query, {"id": str(hotel_id), "stay": asked, "hold": hold})
        return [offer["roomsLeft"] for offer in data["hotel"]["availability"]]

    assert await rooms_left(3, 6, None) == []
    assert await rooms_left(3, 6, own) == [1]  # two of its own nights, and one that is free
    assert await rooms_left(3, 5, own, rooms=2) == []  # it has one room
    assert await rooms_left(3, 6, elsewhere) == [1]  # rooms of another type count for that type only
    await desk.release(own)
    assert await rooms_left(3, 6, own) == [1]  # what is given back does not count twice


async def test_dates_move_by_a_night_in_a_full_hotel(market: Market, desk: FrontDesk) -> None:
    old = await desk.sold(2, 5)
    plain = await desk.hold(3, 6)
    assert isinstance(plain, InventoryRefused)
    assert plain.sold_out_nights == [SOON + timedelta(days=3), SOON + timedelta(days=4)]

    new = await desk.held(3, 6, replaces_hold_id=old)
    assert (await own_counts(market, desk))[2:6] == [(0, 1), (0, 1), (0, 1), (1, 0)]
    assert isinstance(await desk.confirm(new), InventoryConfirmed)
    assert (await own_counts(market, desk))[2:6] == [(0, 0), (0, 1), (0, 1), (0, 1)]

    assert isinstance(await desk.confirm(new), InventoryConfirmed)
    assert isinstance(await desk.release(old), InventoryReleased)  # the saga may say so as well
    assert (await own_counts(market, desk))[2:6] == [(0, 0), (0, 1), (0, 1), (0, 1)]
    refused = await desk.confirm(old)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "released"


@pytest.mark.parametrize("how", ["release", "expire", "confirm too late"])
async def test_a_change_that_comes_to_nothing_leaves_the_stay_as_it_was(
    market: Market, desk: FrontDesk, how: str
) -> None:
    old = await desk.sold(2, 5)
    before = await own_counts(market, desk)
    new = await desk.held(1, 6, replaces_hold_id=old)
    assert await own_counts(market, desk) != before
    if how == "release":
        await desk.release(new)
    else:
        desk.later()
        assert await (desk.expire() if how == "expire" else desk.confirm(new))
    assert await own_counts(market, desk) == before
    assert isinstance(await desk.confirm(old), InventoryConfirmed)
    # The rooms may be shared again.
    again = await desk.hold(3, 6, replaces_hold_id=old)
    assert isinstance(again, InventoryHeld)


async def test_fewer_nights_and_rooms_need_nothing_that_is_free(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))
    old = await desk.sold(0, 4, rooms=2)
    await market.set_nights(desk.room_type_id, SOON, nights=4, is_closed=True)
    new = await desk.held(1, 3, rooms=1, replaces_hold_id=old)
    assert await counts(market, desk.room_type_id) == [(0, 2)] * 4
    await desk.confirm(new)
    assert await counts(market, desk.room_type_id) == [(0, 0), (0, 1), (0, 1)]


async def test_one_room_more_is_taken_from_what_is_free(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))
    old = await desk.sold(1, 3)
    new = await desk.held(0, 3, rooms=2, replaces_hold_id=old)
    assert await counts(market, desk.room_type_id) == [(2, 0), (1, 1), (1, 1)]
    assert isinstance(await desk.another_booking().hold(1, 2), InventoryRefused)
    await desk.confirm(new)
    assert await counts(market, desk.room_type_id) == [(0, 2)] * 3


async def test_to_another_room_type_and_back(market: Market, desk: FrontDesk) -> None:
    better = await market.room_type(await market.hotel(), rooms=1)
    old = await desk.sold(2, 4)
    new = await desk.held(2, 4, room_type_id=better, replaces_hold_id=old)
    assert (await own_counts(market, desk))[2:4] == [(0, 1)] * 2
    await desk.confirm(new)
    assert (await own_counts(market, desk))[2:4] == [(0, 0)] * 2
    assert await counts(market, better) == [(0, 0), (0, 0), (0, 1), (0, 1)]


async def test_the_stay_is_cancelled_while_it_is_changed(market: Market, desk: FrontDesk) -> None:
    """The new hold takes over the rooms that it counted on: nobody else can get between."""
    old = await desk.sold(2, 5)
    new = await desk.held(3, 6, replaces_hold_id=old)
    await desk.release(old)
    assert (await own_counts(market, desk))[2:6] == [(0, 0), (1, 0), (1, 0), (1, 0)]
    await desk.release(old)
    assert isinstance(await desk.another_booking().hold(3, 5), InventoryRefused)
    assert isinstance(await desk.confirm(new), InventoryConfirmed)
    assert (await own_counts(market, desk))[2:6] == [(0, 0), (0, 1), (0, 1), (0, 1)]
    await desk.release(new)
    assert await own_counts(market, desk) == [(0, 0)] * 10


async def test_rooms_count_as_free_for_one_change_only(market: Market, desk: FrontDesk) -> None:
    old = await desk.sold(2, 5)
    new = await desk.held(3, 6, replaces_hold_id=old)
    refused = await desk.hold(2, 5, replaces_hold_id=old)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "sold_out"
    assert isinstance(await desk.hold(3, 6, hold_id=new, replaces_hold_id=old), InventoryHeld)  # the command again
    await desk.release(new)
    assert isinstance(await desk.hold(2, 5, replaces_hold_id=old), InventoryHeld)


async def test_two_changes_at_once_of_one_stay(market: Market, desk: FrontDesk) -> None:
    old = await desk.sold(2, 5)
    replies = await asyncio.gather(*(desk.hold(3, 5, replaces_hold_id=old) for _ in range(8)))
    assert sorted(type(reply).__name__ for reply in replies) == ["InventoryHeld"] + ["InventoryRefused"] * 7
    assert (await own_counts(market, desk))[2:5] == [(0, 1)] * 3


async def test_a_hold_that_is_not_sold_yet_shares_nothing_but_is_released(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))
    old = await desk.held(0, 3)
    new = await desk.held(1, 4, replaces_hold_id=old)
    assert await counts(market, desk.room_type_id) == [(1, 0), (2, 0), (2, 0), (1, 0)]
    await desk.confirm(new)
    assert await counts(market, desk.room_type_id) == [(0, 0), (0, 1), (0, 1), (0, 1)]


async def test_a_hold_in_the_place_of_none_is_a_plain_hold(market: Market, desk: FrontDesk) -> None:
    assert isinstance(await desk.hold(0, 2, replaces_hold_id=new_id()), InventoryHeld)
    assert (await own_counts(market, desk))[:3] == [(1, 0), (1, 0), (0, 0)]


async def test_changes_one_after_the_other(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.sold(0, 3)
    for first in range(1, 7):
        hold_id = await desk.sold(first, first + 3, replaces_hold_id=hold_id)
        sold = [night for night, taken in enumerate(await own_counts(market, desk)) if taken == (0, 1)]
        assert sold == [first, first + 1, first + 2]
