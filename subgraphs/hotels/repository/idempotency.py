"""The table of idempotency keys."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.db import WriteSession
from subgraphs.hotels.models import IdempotencyKey


async def claim(
    session: WriteSession, *, owner_id: UUID, key: str, operation: str, fingerprint: str, result_id: UUID
) -> IdempotencyKey | None:
    """Take ``key`` for a new result. Returns its first use when there was one, ``None`` when it is ours now.

    A rival with the same key waits here until our transaction ends, and then sees what we did.
    """
    statement = (
        insert(IdempotencyKey)
        .values(owner_id=owner_id, key=key, operation=operation, fingerprint=fingerprint, result_id=result_id)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.result_id)
    )
    if (await session.scalar(statement)) is not None:
        return None
    first_use = await session.scalars(
        select(IdempotencyKey).where(IdempotencyKey.owner_id == owner_id, IdempotencyKey.key == key)
    )
    return first_use.one()
