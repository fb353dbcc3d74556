"""Statements on the tokens that mails carry."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CursorResult, delete, select

from shared.db import ReadSession, WriteSession
from subgraphs.users.models import OneTimeToken, User


class Purpose(StrEnum):
    """What a token is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105


async def holder(session: ReadSession, digest: bytes, purpose: Purpose, now: datetime) -> User | None:
    """The user that a living token belongs to. The token stays good.

    A mail that was asked for while its account was being deleted may have left a token behind; it belongs to nobody.
    """
    return await session.scalar(
        select(User)
        .join(OneTimeToken, OneTimeToken.user_id == User.id)
        .where(OneTimeToken.digest == digest, OneTimeToken.purpose == purpose, OneTimeToken.expires_at > now)
        .where(User.deleted_at.is_(None))
    )


async def use(session: WriteSession, digest: bytes, purpose: Purpose, now: datetime) -> UUID | None:
    """Use up a token, and return its user. Of two that bring it at once, one gets ``None``."""
    return await session.scalar(
        delete(OneTimeToken)
        .where(OneTimeToken.digest == digest, OneTimeToken.purpose == purpose, OneTimeToken.expires_at > now)
        .returning(OneTimeToken.user_id)
        .execution_options(synchronize_session=False)
    )


async def withdraw(session: WriteSession, user_id: UUID, purpose: Purpose) -> None:
    """Make every token of a user for ``purpose`` useless."""
    await session.execute(
        delete(OneTimeToken)
        .where(OneTimeToken.user_id == user_id, OneTimeToken.purpose == purpose)
        .execution_options(synchronize_session=False)
    )


async def purge(session: WriteSession, *, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` tokens that expired before ``before``."""
    stale = (
        select(OneTimeToken.digest)
        .where(OneTimeToken.expires_at < before)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    result = await session.execute(delete(OneTimeToken).where(OneTimeToken.digest.in_(stale)))
    assert isinstance(result, CursorResult)
    return result.rowcount
