"""Leaderboard scores, as PostgreSQL knows them, and the queue of those to be written to Redis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, text

from shared.db import ReadSession, WriteSession
from subgraphs.gamification.models import BoardChange

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtext('gamification:boards'))")

# Scores are what stays and missions gave, whatever became of the points. Weeks and months begin in São Paulo.
_SCORES: Final = """
SELECT t.user_id, to_char(l.earned_at AT TIME ZONE 'America/Sao_Paulo', 'IYYY-"W"IW') AS week,
       to_char(l.earned_at AT TIME ZONE 'America/Sao_Paulo', 'YYYY-MM') AS month, l.city, sum(l.points)::bigint
FROM travelers t JOIN lots l ON l.user_id = t.user_id
WHERE t.user_id = ANY(:users) AND t.is_on_leaderboards AND t.deleted_at IS NULL
  AND l.state = 'AVAILABLE' AND l.points > 0 AND l.earned_at IS NOT NULL
GROUP BY 1, 2, 3, 4
"""

Score = tuple[UUID, str, str, str | None, int]
"""User, week, month, city and points."""


async def may_work(session: WriteSession) -> bool:
    """Whether nobody else writes scores at the time; then nobody does until our transaction ends."""
    return bool(await session.scalar(_LOCK))


async def changed(session: WriteSession, limit: int) -> Sequence[BoardChange]:
    """The oldest of the queue."""
    return (await session.scalars(select(BoardChange).order_by(BoardChange.id).limit(limit))).all()


async def done(session: WriteSession, ids: Collection[int]) -> None:
    """Take these off the queue."""
    await session.execute(delete(BoardChange).where(BoardChange.id.in_(ids)))


async def scores(session: ReadSession, user_ids: Collection[UUID]) -> Sequence[Score]:
    """What these travelers have in which week, month and city; nothing of those who do not want to be seen."""
    rows = await session.execute(text(_SCORES), {"users": list(user_ids)})
    return [(user, week, month, city, points) for user, week, month, city, points in rows]
