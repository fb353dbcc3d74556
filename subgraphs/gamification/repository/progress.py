"""Progress in missions, and badges. Whoever writes holds the traveler's row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select

from shared.db import ReadSession, WriteSession
from subgraphs.gamification.models import Badge, Progress, ProgressUpdate


async def of_users(session: ReadSession, user_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Progress]]:
    """The progress of travelers in all missions that they have begun."""
    found: defaultdict[UUID, list[Progress]] = defaultdict(list)
    for row in await session.scalars(select(Progress).where(Progress.user_id.in_(user_ids))):
        found[row.user_id].append(row)
    return found


async def badges_of_users(session: ReadSession, user_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Badge]]:
    """The badges of travelers."""
    found: defaultdict[UUID, list[Badge]] = defaultdict(list)
    for row in await session.scalars(select(Badge).where(Badge.user_id.in_(user_ids))):
        found[row.user_id].append(row)
    return found


def note(session: WriteSession, progress: Progress, at: datetime) -> None:
    """Append a change of progress to what subscriptions read."""
    session.add(
        ProgressUpdate(
            user_id=progress.user_id,
            sequence=progress.sequence,
            mission_id=progress.mission_id,
            version=progress.version,
            value=progress.value,
            target=progress.target,
            completions=progress.completions,
            completed_at=progress.completed_at,
            at=at,
        )
    )


async def newer(session: ReadSession, user_id: UUID, after: int) -> Sequence[ProgressUpdate]:
    """A traveler's updates behind a sequence, in order."""
    return (
        await session.scalars(
            select(ProgressUpdate)
            .where(ProgressUpdate.user_id == user_id, ProgressUpdate.sequence > after)
            .order_by(ProgressUpdate.sequence)
            .limit(200)
        )
    ).all()


async def prune_updates(session: WriteSession, before: datetime) -> int:
    """Delete the updates of before a moment."""
    result: Any = await session.execute(delete(ProgressUpdate).where(ProgressUpdate.at < before))
    return int(result.rowcount)


async def forget(session: WriteSession, user_id: UUID) -> None:
    """Delete all progress and badges of a traveler."""
    for table in (Progress, ProgressUpdate, Badge):
        await session.execute(delete(table).where(table.user_id == user_id))
