"""Leaderboards: sorted sets in Redis that can be made again from PostgreSQL at any time.

Scores are written as they are and never added to, so writing one twice does no harm. Every command has one key, so
a cluster may spread the boards as it likes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis

from shared.db import Database, ReadSession
from subgraphs.gamification.repository import boards, travelers
from subgraphs.gamification.repository.boards import Score
from subgraphs.gamification.rules.measures import ZONE

PREFIX: Final = "reservei:leaderboard:"
BUILT: Final = f"{PREFIX}built"
"""Is there while the boards are: when Redis has lost its memory, it is gone with them."""
_KEPT: Final = timedelta(days=100)
"""How long the board of a week or month is kept after its last change."""
_BATCH: Final = 500


class BoardsBusy(Exception):
    """Somebody else writes scores at the moment."""


class Period(Enum):
    """The time that a leaderboard is about."""

    WEEK = "WEEK"
    MONTH = "MONTH"
    ALL_TIME = "ALL_TIME"


@dataclass(frozen=True, slots=True)
class Board:
    """One leaderboard."""

    period: str
    """``all``, or a week ``2026-W48``, or a month ``2026-11``."""
    city: str | None

    @property
    def key(self) -> str:
        """Its sorted set."""
        return f"{PREFIX}{self.period}:{'' if self.city is None else self.city.casefold()}"


@dataclass(frozen=True, slots=True)
class Place:
    """A traveler on a board."""

    user_id: UUID
    points: int
    rank: int
    """1 for the first; who has as many points shares it."""


def board_at(period: Period, city: str | None, at: datetime) -> Board:
    """The board of the week or month that ``at`` is in."""
    day = at.astimezone(ZONE).date()
    match period:
        case Period.WEEK:
            year, week, _ = day.isocalendar()
            return Board(f"{year}-W{week:02}", city)
        case Period.MONTH:
            return Board(f"{day:%Y-%m}", city)
        case Period.ALL_TIME:
            return Board("all", city)


async def page(redis: Redis, board: Board, after: tuple[int, UUID] | None, limit: int) -> Sequence[Place]:
    """A board from its top, or behind a place of the page before, told by its points and traveler."""
    start = 0
    if after is not None:
        points, user_id = after
        found, better = await _where(redis, board, user_id, points)
        # Who has moved meanwhile left a gap at the points that they had.
        start = found[0] + 1 if found is not None and found[1] == points else better
    return await _places(redis, board, start, limit)


async def around(redis: Redis, board: Board, user_id: UUID, radius: int) -> Sequence[Place]:
    """The places around a traveler, theirs in the middle; empty when they are not on the board."""
    rank: Any = await redis.zrevrank(board.key, str(user_id))
    if rank is None:
        return ()
    start = max(0, int(rank) - radius)
    return await _places(redis, board, start, int(rank) + radius - start + 1)


async def places_of(redis: Redis, asked: Collection[tuple[Board, UUID]]) -> dict[tuple[Board, UUID], tuple[Place, int]]:
    """The places of travelers, each with the size of its board; without those that are not on it. Two round trips."""
    async with redis.pipeline(transaction=False) as pipeline:
        for board, user_id in asked:
            pipeline.zscore(board.key, str(user_id))
        scores = await pipeline.execute()
    known = {each: int(score) for each, score in zip(asked, scores, strict=True) if score is not None}
    async with redis.pipeline(transaction=False) as pipeline:
        for (board, _), points in known.items():
            pipeline.zcount(board.key, f"({points}", "+inf")
            pipeline.zcard(board.key)
        counts = iter(await pipeline.execute())
    return {
        each: (Place(each[1], points, int(better) + 1), int(count))
        for (each, points), better, count in zip(known.items(), counts, counts, strict=True)
    }


async def size(redis: Redis, board: Board) -> int:
    """How many travelers are on a board."""
    return int(await redis.zcard(board.key))


async def _where(redis: Redis, board: Board, user_id: UUID, points: int) -> tuple[tuple[int, int] | None, int]:
    """The traveler's position and points now, if they are on the board; and how many have more than ``points``."""
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.zrevrank(board.key, str(user_id))
        pipeline.zscore(board.key, str(user_id))
        pipeline.zcount(board.key, f"({points}", "+inf")
        rank, score, better = await pipeline.execute()
    return (None if rank is None else (int(rank), int(score))), int(better)


async def _places(redis: Redis, board: Board, start: int, limit: int) -> Sequence[Place]:
    rows: Any = await redis.zrevrange(board.key, start, start + limit - 1, withscores=True)
    if not rows:
        return ()
    rank = int(await redis.zcount(board.key, f"({int(rows[0][1])}", "+inf")) + 1
    places: list[Place] = []
    for offset, (member, score) in enumerate(rows):
        if places and places[-1].points != int(score):
            rank = start + offset + 1
        places.append(Place(UUID(member), int(score), rank))
    return places


async def write_changes(database: Database, redis: Redis, limit: int = _BATCH) -> int:
    """Write the scores that changed; how many changes were worked off. One process does so at a time.

    Redis is written before the queue is: a crash between the two writes the same scores again.
    """
    async with database.transaction() as session:
        if not await boards.may_work(session):
            return 0
        if not await redis.exists(BUILT):
            await _rebuild(session, redis)
        changes = await boards.changed(session, limit)
        if changes:
            users = {change.user_id for change in changes}
            await _write(redis, users, await boards.scores(session, users))
            await boards.done(session, [change.id for change in changes])
        return len(changes)


async def rebuild(database: Database, redis: Redis) -> int:
    """Make all boards again from PostgreSQL; how many travelers were looked at.

    Raises:
        BoardsBusy: somebody else writes scores at the moment.
    """
    async with database.transaction() as session:
        if not await boards.may_work(session):
            raise BoardsBusy
        async for key in redis.scan_iter(match=f"{PREFIX}*", count=1000):
            await redis.delete(key)
        return await _rebuild(session, redis)


async def _rebuild(session: ReadSession, redis: Redis) -> int:
    last: UUID | None = None
    count = 0
    while ids := await travelers.after(session, last, _BATCH):
        last = ids[-1]
        count += len(ids)
        await _write(redis, ids, await boards.scores(session, ids))
    await redis.set(BUILT, datetime.now(UTC).isoformat())
    return count


async def _write(redis: Redis, user_ids: Collection[UUID], scores: Sequence[Score]) -> None:
    totals: defaultdict[UUID, defaultdict[Board, int]] = defaultdict(lambda: defaultdict(int))
    for user_id, week, month, city, points in scores:
        for period in (week, month, "all"):
            totals[user_id][Board(period, None)] += points
            if city is not None:
                totals[user_id][Board(period, city.casefold())] += points
    async with redis.pipeline(transaction=False) as pipeline:
        for user_id in user_ids:
            await _write_one(redis, pipeline, user_id, totals[user_id])
        await pipeline.execute()


async def _write_one(redis: Redis, pipeline: Any, user_id: UUID, totals: dict[Board, int]) -> None:
    """Put a traveler on the boards that they belong on, and take them off those where they were and do not."""
    index = f"{PREFIX}of:{user_id}"
    keys = {board.key: points for board, points in totals.items()}
    known: Any = await redis.smembers(index)
    for key in known - keys.keys():
        pipeline.zrem(key, str(user_id))
    for key, points in keys.items():
        pipeline.zadd(key, {str(user_id): points})
        if not key.startswith(f"{PREFIX}all:"):
            pipeline.expire(key, _KEPT)
    pipeline.delete(index)
    if keys:
        pipeline.sadd(index, *keys)
