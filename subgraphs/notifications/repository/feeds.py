"""The table ``feeds``: the lock and the counter of each user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.notifications.models import Feed


async def lock(session: WriteSession, user_id: UUID) -> bool:
    """Lock a user's feed until the transaction ends; ``False`` when the user was deleted.

    Whoever writes anything of a user begins here, so nothing can come back after :func:`forget`.
    """
    statement = insert(Feed).values(user_id=user_id)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"last_sequence": Feed.last_sequence}, where=Feed.forgotten_at.is_(None)
    )
    return (await session.execute(statement.returning(Feed.user_id))).one_or_none() is not None


async def next_sequence(session: WriteSession, user_id: UUID) -> int | None:
    """The number of the user's next notification, under the feed's lock; ``None`` when the user was deleted."""
    statement = insert(Feed).values(user_id=user_id, last_sequence=1)
    statement = statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"last_sequence": Feed.last_sequence + 1}, where=Feed.forgotten_at.is_(None)
    )
    return (await session.execute(statement.returning(Feed.last_sequence))).scalar_one_or_none()


_NEXT_SEQUENCES = text(
    """
    INSERT INTO feeds (user_id, last_sequence)
    SELECT user_id, 1 FROM unnest(cast(:user_ids AS uuid[])) AS user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET last_sequence = feeds.last_sequence + 1 WHERE feeds.forgotten_at IS NULL
    RETURNING user_id, last_sequence
    """
).bindparams(bindparam("user_ids"))


async def next_sequences(session: WriteSession, user_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The same for many users, locked in the order of their ids; deleted ones are missing from the answer."""
    rows = await session.execute(_NEXT_SEQUENCES, {"user_ids": list(user_ids)})
    return {row.user_id: row.last_sequence for row in rows}


async def forget(session: WriteSession, user_id: UUID, now: datetime) -> None:
    """Lock the user's feed and keep it closed for ever."""
    await lock(session, user_id)
    await session.execute(update(Feed).where(Feed.user_id == user_id).values(forgotten_at=now))


async def last_sequence(session: ReadSession, user_id: UUID) -> int:
    """The number of the user's newest notification; 0 when there was none."""
    return await session.scalar(select(Feed.last_sequence).where(Feed.user_id == user_id)) or 0
