"""One's own bookings live: how many are shown, which are followed, and where a reader goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import PATIENCE_SECONDS
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.tests.world import World

MINE = """subscription($first: Int, $after: [SeenBooking!]) {
  myBookings(first: $first, after: $after) { id version state }
}"""


async def _book(world: World, traveler: Principal, count: int) -> list[UUID]:
    return [await world.book(user_id=traveler.user_id) for _ in range(count)]


async def _announce(booking_id: UUID) -> None:
    await subgraph.resources.live.announce(f"bookings:{booking_id}")


async def _next(updates: Any) -> tuple[UUID, int]:
    response = await anext(updates)
    assert "errors" not in response, response
    shown = response["data"]["myBookings"]
    return UUID(shown["id"]), shown["version"]


def _seen(*bookings: tuple[UUID, int]) -> list[dict[str, Any]]:
    return [{"bookingId": str(booking_id), "version": version} for booking_id, version in bookings]


async def test_the_reader_says_how_many_are_shown_at_first(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    made = await _book(world, traveler, 25)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for variables, shown in (({}, made[-20:]), ({"first": 3}, made[-3:]), ({"first": 100}, made)):
            async with aclosing(client.subscribe(MINE, variables, as_=traveler)) as updates:
                assert [await _next(updates) for _ in shown] == [(booking_id, 1) for booking_id in shown]


async def test_an_old_booking_that_changes_comes_with_each_new_version(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    old = await world.sell(user_id=traveler.user_id)
    new = await world.book(user_id=traveler.user_id)
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(client.subscribe(MINE, {"first": 1}, as_=traveler)) as updates,
    ):
        assert await _next(updates) == (new, 1)
        await world.cancel(old)  # nobody announces it on a channel that is watched
        assert await _next(updates) == (old, 5)


async def test_who_comes_back_gets_what_it_missed_and_no_more(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    sold = [await world.sell(user_id=traveler.user_id) for _ in range(2)]
    unseen = await world.sell(user_id=traveler.user_id)
    after = _seen((sold[0], 1), (sold[1], 4))
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(client.subscribe(MINE, {"after": after}, as_=traveler)) as updates,
    ):
        # Of the first every version behind, of the second nothing, and the one that was not seen as it is now.
        assert [await _next(updates) for _ in range(4)] == [(sold[0], 2), (sold[0], 3), (sold[0], 4), (unseen, 4)]
        await world.cancel(sold[1])
        await _announce(sold[1])
        assert await _next(updates) == (sold[1], 5)


async def test_a_reader_that_loses_its_connection_again_and_again_sees_every_version_once(
    client: SubgraphClient, world: World
) -> None:
    traveler = make_principal()
    made = await _book(world, traveler, 3)
    seen: dict[UUID, int] = {}
    received: Counter[tuple[UUID, int]] = Counter()

    async def read(count: int) -> None:
        after = _seen(*seen.items())
        async with aclosing(client.subscribe(MINE, {"after": after}, as_=traveler)) as updates:
            for _ in range(count):
                booking_id, version = await _next(updates)
                assert version == seen.get(booking_id, version - 1) + 1
                seen[booking_id] = version
                received[booking_id, version] += 1

    async with asyncio.timeout(PATIENCE_SECONDS):
        await read(3)
        await world.run()  # three more versions of each
        for _ in range(9):
            await read(1)
    assert seen == dict.fromkeys(made, 4)
    assert received == Counter({(booking_id, version): 1 for booking_id in made for version in (1, 2, 3, 4)})


async def test_naming_the_bookings_of_others_shows_nothing_of_them(client: SubgraphClient, world: World) -> None:
    traveler, other = make_principal(), make_principal()
    theirs = await world.sell(user_id=other.user_id)
    own = await world.sell(user_id=traveler.user_id)
    after = _seen((theirs, 0), (uuid4(), 0), (own, 3))
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(client.subscribe(MINE, {"after": after}, as_=traveler)) as updates,
    ):
        assert await _next(updates) == (own, 4)
        await world.cancel(theirs)
        await _announce(theirs)
        await world.cancel(own)
        await _announce(own)
        assert await _next(updates) == (own, 5)


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"after": _seen((uuid4(), -1))}, "after.version"),
        ({"after": [{"bookingId": "nonsense", "version": 1}]}, "after.bookingId"),
        ({"after": _seen(*((uuid4(), 1) for _ in range(501)))}, "after"),
    ],
)
async def test_nonsense_is_refused_by_name(client: SubgraphClient, variables: dict[str, Any], field: str) -> None:
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        aclosing(client.subscribe(MINE, variables, as_=make_principal())) as updates,
    ):
        [error] = (await anext(updates))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_USER_INPUT", field)


async def test_nobody_watches_without_signing_in(client: SubgraphClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(client.subscribe(MINE)) as updates:
        [error] = (await anext(updates))["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
