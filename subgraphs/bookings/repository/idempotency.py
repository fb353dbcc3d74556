"""The table of idempotency keys."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.models import IdempotencyKey


async def first_use(session: ReadSession, user_id: UUID, key: str) -> IdempotencyKey | None:
    """What the user's key was used for, if it was."""
    return await session.get(IdempotencyKey, (user_id, key))


async def claim(
    session: WriteSession,
    *,
    user_id: UUID,
    key: str,
    fingerprint: str,
    booking_id: UUID,
    change_id: UUID | None = None,
) -> bool:
    """Take ``key`` for a new booking, or for a change of one's stay; ``False`` when it is taken.

    A rival with the same key waits here until our transaction ends, and then sees what we did.
    """
    statement = (
        insert(IdempotencyKey)
        .values(user_id=user_id, key=key, fingerprint=fingerprint, booking_id=booking_id, change_id=change_id)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.booking_id)
    )
    return await session.scalar(statement) is not None
