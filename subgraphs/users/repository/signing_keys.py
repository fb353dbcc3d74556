"""Statements on the keys that sign access tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CursorResult, delete, func, or_, select, text, update

from shared.db import ReadSession, WriteSession
from subgraphs.users.models import SigningKey


async def lock(session: WriteSession) -> None:
    """Be the only one who creates keys until the transaction ends. There may be no row yet that could be locked."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('reservei-users-signing-keys'))"))


async def published(session: ReadSession, now: datetime) -> Sequence[SigningKey]:
    """Every key a verifier must know: past ones whose tokens live, the present one, and the next. Oldest first."""
    return (
        await session.scalars(
            select(SigningKey)
            .where(or_(SigningKey.published_until.is_(None), SigningKey.published_until > now))
            .order_by(SigningKey.signs_from, SigningKey.kid)
        )
    ).all()


async def newest(session: ReadSession) -> SigningKey | None:
    """The key without a successor: the one that signs, or the one that will."""
    return await session.scalar(select(SigningKey).where(SigningKey.signs_until.is_(None)))


async def supersede(session: WriteSession, *, signs_until: datetime, published_until: datetime) -> None:
    """Give the newest key its end, so that another can follow it."""
    await session.execute(
        update(SigningKey)
        .where(SigningKey.signs_until.is_(None))
        .values(signs_until=signs_until, published_until=published_until)
        .execution_options(synchronize_session=False)
    )


async def withdraw_all(session: WriteSession, now: datetime) -> None:
    """Take every key out of the key set at once: all access tokens stop working."""
    await session.execute(
        update(SigningKey)
        .where(or_(SigningKey.published_until.is_(None), SigningKey.published_until > now))
        .values(signs_until=func.least(func.coalesce(SigningKey.signs_until, now), now), published_until=now)
        .execution_options(synchronize_session=False)
    )


async def purge(session: WriteSession, *, before: datetime) -> int:
    """Delete the keys that left the key set before ``before``."""
    result = await session.execute(delete(SigningKey).where(SigningKey.published_until < before))
    assert isinstance(result, CursorResult)
    return result.rowcount
