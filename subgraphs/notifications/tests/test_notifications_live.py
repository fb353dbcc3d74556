"""Live updates: what is unread, then every new notification once and in order, also for who comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID

from shared.testing import SubgraphClient, make_principal
from subgraphs.notifications.app import subgraph
from subgraphs.notifications.events import live_channel
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.tests.world import World

WATCH = "subscription($after: Int) { notificationReceived(after: $after) { sequence path } }"


async def _book(world: World, user_id: UUID, *codes: str) -> None:
    for code in codes:
        await world.booking("booking.confirmed", user_id, code=code)


async def _book_and_announce(world: World, user_id: UUID, code: str) -> None:
    await _book(world, user_id, code)
    await _announce(user_id)


async def _announce(user_id: UUID) -> None:
    """As the relay does once the event is published."""
    await subgraph.resources.live.announce(live_channel(user_id))


async def _next(updates: Any) -> str:
    response = await anext(updates)
    assert "errors" not in response, response
    return str(response["data"]["notificationReceived"]["path"]).removeprefix("/bookings/")


async def test_first_what_is_unread_and_then_what_comes(client: SubgraphClient, world: World) -> None:
    me, other = make_principal(user_id=await world.traveler()), make_principal(user_id=await world.traveler())
    await _book(world, me.user_id, "A", "B")
    async with aclosing(client.subscribe(WATCH, as_=me)) as updates, asyncio.timeout(90):
        assert [await _next(updates), await _next(updates)] == ["A", "B"]
        await _book(world, other.user_id, "X")
        await _book(world, me.user_id, "C", "D", "E")  # three, announced as one, and announced again
        await _announce(me.user_id)
        await _announce(me.user_id)
        assert [await _next(updates) for _ in range(3)] == ["C", "D", "E"]


async def test_who_comes_back_sees_what_it_missed(client: SubgraphClient, world: World) -> None:
    me = make_principal(user_id=await world.traveler())
    await _book(world, me.user_id, "A", "B", "C")
    first = (await world.notifications(me.user_id))[0].sequence
    async with aclosing(client.subscribe(WATCH, {"after": first}, as_=me)) as updates, asyncio.timeout(90):
        assert [await _next(updates), await _next(updates)] == ["B", "C"]
    async with aclosing(client.subscribe(WATCH, {"after": 0}, as_=me)) as updates, asyncio.timeout(90):
        assert await _next(updates) == "A"


async def test_what_comes_while_many_write_arrives_once_and_in_order(client: SubgraphClient, world: World) -> None:
    me = make_principal(user_id=await world.traveler())
    codes = [f"N{number}" for number in range(8)]  # each waits for the one before it, and for 5 s at most
    async with aclosing(client.subscribe(WATCH, as_=me)) as updates, asyncio.timeout(90):
        writing = asyncio.gather(*(_book_and_announce(world, me.user_id, code) for code in codes))
        seen = []
        for _ in codes:
            response = await anext(updates)
            seen.append(response["data"]["notificationReceived"])
        await writing
    assert sorted(each["path"] for each in seen) == sorted(f"/bookings/{code}" for code in codes)
    assert [each["sequence"] for each in seen] == sorted(each["sequence"] for each in seen)


async def test_what_is_not_for_the_app_is_not_shown(client: SubgraphClient, world: World) -> None:
    user_id = await world.traveler(choices={(Kind.BOOKING_CONFIRMED, Channel.IN_APP): False})
    me = make_principal(user_id=user_id)
    await _book(world, user_id, "A")
    async with aclosing(client.subscribe(WATCH, as_=me)) as updates, asyncio.timeout(90):
        waiting = asyncio.create_task(_next(updates))
        await world.booking("booking.cancelled", user_id, code="B")
        await _announce(user_id)
        assert await waiting == "B"


async def test_strangers_watch_nothing(client: SubgraphClient) -> None:
    async with aclosing(client.subscribe(WATCH)) as updates, asyncio.timeout(90):
        response = await anext(updates)
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
