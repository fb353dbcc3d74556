"""The table ``travelers``: the lock of each traveler, and what is shown of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.gamification.models import BoardChange, Traveler


async def lock(session: WriteSession, user_id: UUID) -> Traveler:
    """The traveler's row, made when there is none, and theirs alone until the transaction ends."""
    found: Traveler | None = await session.scalar(_locked(user_id))
    if found is None:
        await session.execute(insert(Traveler).values(user_id=user_id).on_conflict_do_nothing())
        found = await session.scalar(_locked(user_id))
        assert found is not None  # travelers are never deleted
    return found


def _locked(user_id: UUID) -> Any:
    return (
        select(Traveler).where(Traveler.user_id == user_id).with_for_update().execution_options(populate_existing=True)
    )


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> Mapping[UUID, Traveler]:
    """The travelers that we know of these."""
    rows = await session.scalars(select(Traveler).where(Traveler.user_id.in_(ids)))
    return {row.user_id: row for row in rows}


async def due(session: WriteSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Travelers for whom time alone changes something, locked, without those that somebody else is changing."""
    rows = await session.scalars(
        select(Traveler.user_id)
        .where(Traveler.due_at <= now)
        .order_by(Traveler.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return rows.all()


async def make_all_due(session: WriteSession, now: datetime) -> None:
    """Have every traveler looked at again, because the rules have changed."""
    await session.execute(update(Traveler).where(Traveler.deleted_at.is_(None)).values(due_at=now))


async def after(session: ReadSession, last: UUID | None, limit: int) -> Sequence[UUID]:
    """Travelers in the order of their ids, behind ``last``."""
    statement = select(Traveler.user_id).order_by(Traveler.user_id).limit(limit)
    if last is not None:
        statement = statement.where(Traveler.user_id > last)
    return (await session.scalars(statement)).all()


async def note_board_change(session: WriteSession, user_id: UUID) -> None:
    """Have the traveler's leaderboard scores written anew after the commit."""
    await session.execute(insert(BoardChange).values(user_id=user_id))
