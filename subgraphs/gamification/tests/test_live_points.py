"""Live updates: a snapshot, then every later change once and in order, also for who comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any
from uuid import UUID

from shared.testing import SubgraphClient, make_principal
from subgraphs.gamification.app import subgraph
from subgraphs.gamification.tests.world import World, booking_event, stay

POINTS = "subscription($after: Int) { pointsChanged(after: $after) { sequence available pending reserved } }"
MISSIONS = "subscription($after: Int) { missionUpdated(after: $after) { sequence completionCount mission { code } } }"


async def announce(user_id: UUID) -> None:
    """As the relay does once an event is published."""
    await subgraph.resources.live.announce(f"gamification:{user_id}")


async def following(updates: Any) -> tuple[Any, ...]:
    response = await anext(updates)
    assert "errors" not in response, response
    (found,) = response["data"].values()
    return tuple(each["code"] if isinstance(each, dict) else each for each in found.values())


async def test_a_watcher_sees_points_now_and_after_each_entry(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    user, booking = traveler.user_id, traveler.user_id
    async with aclosing(client.subscribe(POINTS, as_=traveler)) as updates, asyncio.timeout(60):
        assert await following(updates) == (0, 0, 0, 0)
        await world.deliver(booking_event("confirmed", user_id=user, booking_id=booking))
        await announce(user)
        await announce(user)
        assert await following(updates) == (1, 0, 440, 0)
        await world.deliver(booking_event("cancelled", user_id=user, booking_id=booking, sequence=5))
        await world.give_points(user, 1000)
        await world.reserve(user, 300)
        await announce(user)
        seen = [await following(updates) for _ in range(4)]
        assert [each[0] for each in seen] == [2, 3, 4, 5]
        assert seen[0] == (2, 0, 0, 0)
        assert seen[-1] == (5, 1200, 0, 300)


async def test_who_comes_back_sees_what_it_missed(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    await world.deliver(*stay(traveler.user_id))
    async with aclosing(client.subscribe(POINTS, {"after": 1}, as_=traveler)) as updates, asyncio.timeout(60):
        assert [(await following(updates))[0] for _ in range(2)] == [2, 3]


async def test_a_watcher_sees_progress_now_and_after_each_change(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    first, second = stay(traveler.user_id), stay(traveler.user_id)
    await world.deliver(*first)
    begun = len(await world.progress(traveler.user_id))
    async with aclosing(client.subscribe(MISSIONS, as_=traveler)) as updates, asyncio.timeout(60):
        snapshot = [await following(updates) for _ in range(begun)]
        assert [each[0] for each in snapshot] == sorted(each[0] for each in snapshot)
        assert {each[2]: each[1] for each in snapshot}["first-trip"] == 1
        last = snapshot[-1][0]
        await world.deliver(*second)
        await announce(traveler.user_id)
        assert (await following(updates))[0] == last + 1
    async with aclosing(client.subscribe(MISSIONS, {"after": last}, as_=traveler)) as updates, asyncio.timeout(60):
        assert (await following(updates))[0] == last + 1


async def test_only_who_is_signed_in_may_watch_and_only_themselves(client: SubgraphClient, world: World) -> None:
    other = make_principal()
    await world.give_points(other.user_id, 1000)
    for operation in (POINTS, MISSIONS):
        async with aclosing(client.subscribe(operation)) as updates, asyncio.timeout(60):
            assert (await anext(updates))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        async with aclosing(client.subscribe(operation, {"after": -1}, as_=other)) as updates, asyncio.timeout(60):
            assert (await anext(updates))["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    async with aclosing(client.subscribe(POINTS, as_=make_principal())) as updates, asyncio.timeout(60):
        assert await following(updates) == (0, 0, 0, 0)
