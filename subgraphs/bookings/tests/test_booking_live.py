"""Live updates: a snapshot, then every later version once and in order, also for who comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import PATIENCE_SECONDS
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.tests.world import World, hotel_of

WATCH = "subscription($id: ID!, $after: Int) { bookingUpdated(id: $id, after: $after) { version state } }"
MINE = "subscription { myBookings { id version state } }"
STATES = [(1, "PENDING"), (2, "HELD"), (3, "AUTHORIZED"), (4, "CONFIRMED")]


async def _announce(booking_id: UUID) -> None:
    """As the relay does once an event is published."""
    await subgraph.resources.live.announce(f"bookings:{booking_id}")


async def _next(updates: Any, field: str = "bookingUpdated") -> tuple[int, str]:
    response = await anext(updates)
    assert "errors" not in response, response
    return response["data"][field]["version"], response["data"][field]["state"]


async def test_a_watcher_sees_every_version_once_and_in_order(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.book(user_id=traveler.user_id)
    async with (
        aclosing(client.subscribe(WATCH, {"id": str(booking_id)}, as_=traveler)) as updates,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        assert await _next(updates) == STATES[0]
        await world.run()  # three versions, announced as one, and announced again
        await _announce(booking_id)
        await _announce(booking_id)
        assert [await _next(updates) for _ in range(3)] == STATES[1:]
        await world.cancel(booking_id)
        await _announce(booking_id)
        assert await _next(updates) == (5, "CANCELLED")


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_who_comes_back_sees_what_it_missed(client: SubgraphClient, world: World, after: int) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    variables = {"id": str(booking_id), "after": after}
    async with aclosing(client.subscribe(WATCH, variables, as_=traveler)) as updates, asyncio.timeout(PATIENCE_SECONDS):
        assert [await _next(updates) for _ in range(4 - after)] == STATES[after:]


async def test_who_has_seen_all_sees_the_next_only(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    async with (
        aclosing(client.subscribe(WATCH, {"id": str(booking_id), "after": 4}, as_=traveler)) as updates,
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        waiting = asyncio.create_task(_next(updates))
        await world.cancel(booking_id)
        await _announce(booking_id)
        assert await waiting == (5, "CANCELLED")


async def test_only_owner_hotel_and_staff_may_watch(client: SubgraphClient, world: World) -> None:
    owner, manager, room_type = make_principal(), make_principal(Role.HOTEL_MANAGER), uuid4()
    world.hotels.managers[str(hotel_of(room_type))] = str(manager.user_id)
    booking_id = await world.book(user_id=owner.user_id, room_type_id=room_type)

    async def first(caller: Any) -> Any:
        async with aclosing(client.subscribe(WATCH, {"id": str(booking_id)}, as_=caller)) as updates:
            return await anext(updates)

    async with asyncio.timeout(PATIENCE_SECONDS):
        for caller in (owner, manager, make_principal(Role.SUPPORT), make_principal(Role.ADMIN)):
            assert (await first(caller))["data"]["bookingUpdated"]["version"] == 1
        for caller, code in (
            (make_principal(), "NOT_FOUND"), (make_principal(Role.HOTEL_MANAGER), "NOT_FOUND"),
            (None, "UNAUTHENTICATED"),
        ):  # fmt: skip
            assert (await first(caller))["errors"][0]["extensions"]["code"] == code


async def test_my_bookings_shows_what_there_is_and_then_what_comes(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    first = await world.sell(user_id=traveler.user_id)
    await world.sell()  # somebody else's
    async with aclosing(client.subscribe(MINE, as_=traveler)) as updates, asyncio.timeout(PATIENCE_SECONDS):
        assert await _next(updates, "myBookings") == (4, "CONFIRMED")
        second = await world.book(user_id=traveler.user_id)
        await subgraph.resources.live.announce(f"bookings-of:{traveler.user_id}")
        assert await _next(updates, "myBookings") == (1, "PENDING")
        await world.run()
        await _announce(second)
        assert [await _next(updates, "myBookings") for _ in range(3)] == STATES[1:]
        await world.cancel(first)
        await _announce(first)
        assert await _next(updates, "myBookings") == (5, "CANCELLED")
