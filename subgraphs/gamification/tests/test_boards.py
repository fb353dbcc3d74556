"""Leaderboards: Redis shows what PostgreSQL knows, can be made again, and hides who does not want to be seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal, Role
from shared.db import utc_now
from shared.testing import SubgraphClient, make_principal
from subgraphs.gamification.app import subgraph
from subgraphs.gamification.service import boards
from subgraphs.gamification.tests.world import World, booking_event

BOARD = """query($period: LeaderboardPeriod!, $city: String, $first: Int, $after: String) {
  leaderboard(period: $period, city: $city, first: $first, after: $after) { totalCount
    edges { node { rank points displayName isMe user { id } } } pageInfo { hasNextPage endCursor } } }"""
AROUND = """query($radius: Int!) { leaderboardAroundMe(period: ALL_TIME, radius: $radius) { rank points isMe } }"""
HIDE = """mutation($visible: Boolean!) { setLeaderboardVisibility(isVisible: $visible) {
  ... on LeaderboardVisibility { isOnLeaderboards } } }"""


async def earn(world: World, reais: int, *, city: str = "Paraty", days_ago: float = 0, name: str = "Ana Souza") -> UUID:
    """Somebody whose stay of so many points has ended; with the first trip's 500."""
    user = uuid4()
    await world.register(user, name)
    await world.deliver(
        booking_event(
            "checked_out", user_id=user, at=utc_now() - timedelta(days=days_ago), nights=0,
            total_minor=reais * 100, city=city,
        )
    )  # fmt: skip
    return user


async def write(world: World) -> None:
    redis = subgraph.resources.redis
    while await boards.write_changes(world.database, redis):
        pass


@pytest.fixture
async def board(client: SubgraphClient, world: World) -> Any:
    """Reads a board; the boards of other tests are gone."""
    await boards.rebuild(world.database, subgraph.resources.redis)

    async def read(period: str = "ALL_TIME", caller: Principal | None = None, **more: Any) -> Any:
        return (await client.data(BOARD, {"period": period, **more}, as_=caller))["leaderboard"]

    return read


def places(page: Any) -> list[tuple[int, int]]:
    return [(edge["node"]["rank"], edge["node"]["points"]) for edge in page["edges"]]


async def test_the_boards_show_who_earned_what_where_and_when(board: Any, world: World) -> None:
    first, second, third = (
        await earn(world, 300),
        await earn(world, 100, city="Ouro Preto"),
        await earn(world, 900, days_ago=40),
    )
    await write(world)
    everything = await board(caller=make_principal(user_id=second))
    assert places(everything) == [(1, 1400), (2, 800), (3, 600)]
    shown = [edge["node"] for edge in everything["edges"]]
    # Who they are is not for other travelers to know, only for themselves and our staff.
    assert [each["user"] for each in shown] == [None, None, {"id": str(second)}]
    assert {edge["node"]["user"] for edge in (await board())["edges"]} == {None}
    for_staff = (await board(caller=make_principal(Role.SUPPORT)))["edges"]
    assert [edge["node"]["user"]["id"] for edge in for_staff] == [str(third), str(first), str(second)]
    assert [each["isMe"] for each in shown] == [False, False, True]
    assert {each["displayName"] for each in shown} == {"Ana S."}
    assert places(await board("WEEK")) == [(1, 800), (2, 600)]
    assert places(await board("MONTH")) == [(1, 800), (2, 600)]
    assert places(await board("WEEK", city="paraty")) == [(1, 300)]
    assert places(await board("WEEK", city="Nowhere")) == []


async def test_places_are_shared_and_pages_go_on_behind_the_last(board: Any, world: World) -> None:
    for reais in (500, 300, 300, 300, 100):
        await earn(world, reais)
    await write(world)
    seen: list[tuple[int, int]] = []
    users: list[str] = []
    after = None
    while True:
        page = await board(first=2, after=after, caller=make_principal(Role.SUPPORT))
        seen += places(page)
        users += [edge["node"]["user"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [(1, 1000), (2, 800), (2, 800), (2, 800), (5, 600)]
    assert len(set(users)) == 5
    assert page["totalCount"] == 5


async def test_a_page_goes_on_where_it_was_when_somebody_has_moved(board: Any, world: World) -> None:
    users = [await earn(world, reais) for reais in (400, 300, 200, 100)]
    await write(world)
    page = await board(first=2)
    await world.deliver(
        booking_event("checked_out", user_id=users[1], at=utc_now(), nights=0, total_minor=900_00)
    )  # the last of the page is at the top now
    await write(world)
    assert places(await board(first=2, after=page["pageInfo"]["endCursor"])) == [(3, 700), (4, 600)]


async def test_the_places_around_me(client: SubgraphClient, board: Any, world: World) -> None:
    users = [await earn(world, reais) for reais in (500, 400, 300, 200, 100)]
    await write(world)

    async def around(user: UUID, radius: int) -> list[tuple[int, bool]]:
        data = await client.data(AROUND, {"radius": radius}, as_=make_principal(user_id=user))
        return [(each["rank"], each["isMe"]) for each in data["leaderboardAroundMe"]]

    assert await around(users[2], 1) == [(2, False), (3, True), (4, False)]
    assert await around(users[0], 1) == [(1, True), (2, False)]
    assert await around(uuid4(), 1) == []
    response = await client.execute(AROUND, {"radius": 1})
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_rank_of_a_user(client: SubgraphClient, board: Any, world: World) -> None:
    users = [await earn(world, reais) for reais in (500, 300, 300)]
    await write(world)
    selection = '... on User { rank(period: WEEK, city: "Paraty") { rank points participantCount } }'
    keys = [{"__typename": "User", "id": str(user)} for user in (*users, uuid4())]
    response = await client.entities(selection, keys, as_=make_principal(Role.SUPPORT))
    found = [each["rank"] for each in response["data"]["_entities"]]  # type: ignore[index]
    shared = {"rank": 2, "points": 300, "participantCount": 3}
    assert found == [{"rank": 1, "points": 500, "participantCount": 3}, shared, shared, None]


async def test_who_does_not_want_to_be_seen_is_not_and_deleted_accounts_are_not(
    client: SubgraphClient, board: Any, world: World
) -> None:
    hidden, deleted = await earn(world, 300), await earn(world, 200)
    await earn(world, 100)
    await write(world)
    assert len(places(await board())) == 3
    response = await client.execute(HIDE, {"visible": False})
    assert response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await world.traveler(hidden)).is_on_leaderboards
    await client.data(HIDE, {"visible": False}, as_=make_principal(user_id=hidden))
    await world.delete(deleted)
    await write(world)
    for city in (None, "Paraty"):
        assert len(places(await board(city=city))) == 1
    await client.data(HIDE, {"visible": True}, as_=make_principal(user_id=hidden))
    await write(world)
    assert places(await board()) == [(1, 800), (2, 600)]


async def test_points_that_are_taken_back_leave_the_boards(board: Any, world: World) -> None:
    user, booking = uuid4(), uuid4()
    ahead = {"user_id": user, "booking_id": booking, "check_in": (utc_now() + timedelta(days=60)).date()}
    await world.deliver(booking_event("confirmed", at=utc_now(), **ahead))
    await write(world)
    assert places(await board()) == [(1, 200)]
    await world.deliver(booking_event("cancelled", sequence=5, at=utc_now(), **ahead))
    await write(world)
    assert places(await board()) == []


async def test_boards_that_redis_has_lost_are_made_again(board: Any, world: World) -> None:
    for reais in (300, 200):
        await earn(world, reais)
    await write(world)
    before = await board()
    redis = subgraph.resources.redis
    await redis.delete(*[key async for key in redis.scan_iter(match=f"{boards.PREFIX}*")])
    assert places(await board()) == []
    await write(world)
    assert await board() == before
    await redis.zadd(f"{boards.PREFIX}all:", {str(uuid4()): 99_999})
    assert await boards.rebuild(world.database, redis) == 2
    assert await board() == before
