"""Statements on sessions and their refresh tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, delete, exists, func, or_, select, update

from shared.db import ReadSession, WriteSession
from subgraphs.users.models import RefreshToken, User, UserSession


@dataclass(frozen=True, slots=True)
class TokenState:
    """What is known of a refresh token that could not be used."""

    session_id: UUID
    user_id: UUID
    used_at: datetime | None
    session_ended: bool


async def use_refresh_token(session: WriteSession, digest: bytes, now: datetime) -> UUID | None:
    """Use up a refresh token, and return its session.

    One conditional UPDATE decides: of two that bring the same token at once, the second waits for the first and
    then finds it used. ``None`` when the token is unknown or used, or its session is over.
    """
    return await session.scalar(
        update(RefreshToken)
        .where(
            RefreshToken.digest == digest,
            RefreshToken.used_at.is_(None),
            RefreshToken.session_id == UserSession.id,
            _alive(now),
        )
        .values(used_at=now)
        .returning(RefreshToken.session_id)
        .execution_options(synchronize_session=False)
    )


async def prolong(
    session: WriteSession, session_id: UUID, *, now: datetime, idle: timedelta, longest: timedelta
) -> tuple[UserSession, User] | None:
    """Note that a session was used, unless it has ended meanwhile; return it with its user.

    It now ends ``idle`` from ``now``, but no later than ``longest`` after its beginning.
    """
    row = (
        await session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, _alive(now), User.id == UserSession.user_id)
            .values(last_used_at=now, expires_at=func.least(now + idle, UserSession.created_at + longest))
            .returning(UserSession, User)
            .execution_options(synchronize_session=False, populate_existing=True)
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


async def refresh_token_state(session: ReadSession, digest: bytes) -> TokenState | None:
    """Why a refresh token could not be used; ``None`` for one that we never issued, or forgot."""
    row = (
        await session.execute(
            select(RefreshToken.session_id, UserSession.user_id, RefreshToken.used_at, UserSession.ended_at)
            .join(UserSession, UserSession.id == RefreshToken.session_id)
            .where(RefreshToken.digest == digest)
        )
    ).one_or_none()
    if row is None:
        return None
    return TokenState(session_id=row[0], user_id=row[1], used_at=row[2], session_ended=row[3] is not None)


async def active(session: ReadSession, user_id: UUID, now: datetime, limit: int) -> Sequence[UserSession]:
    """The living sessions of a user, the last used first."""
    statement = (
        select(UserSession)
        .where(UserSession.user_id == user_id, _alive(now))
        .order_by(UserSession.last_used_at.desc(), UserSession.id.desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def end(session: WriteSession, session_id: UUID, user_id: UUID, reason: str, now: datetime) -> bool:
    """End one session of ``user_id``; ``False`` when it had ended already, or is not theirs."""
    ended = await session.scalar(
        update(UserSession)
        .where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return ended is not None


async def end_all(
    session: WriteSession, user_id: UUID, reason: str, now: datetime, *, except_id: UUID | None = None
) -> int:
    """End every living session of a user but ``except_id``, and return how many those were."""
    condition = and_(UserSession.user_id == user_id, _alive(now))
    if except_id is not None:
        condition = and_(condition, UserSession.id != except_id)
    # Locked in the order of their ids, so that two of these at once cannot wait for each other.
    locked = select(UserSession.id).where(condition).order_by(UserSession.id).with_for_update(key_share=True)
    ended = await session.scalars(
        update(UserSession)
        .where(UserSession.id.in_(locked))
        .values(ended_at=now, end_reason=reason)
        .returning(UserSession.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


async def is_known_device(session: ReadSession, user_id: UUID, user_agent: str | None) -> bool:
    """Whether an earlier session of the user, living or not yet purged, named its browser or program like this."""
    known = exists().where(UserSession.user_id == user_id, UserSession.user_agent.is_not_distinct_from(user_agent))
    return bool(await session.scalar(select(known)))


async def forget_devices(session: WriteSession, user_id: UUID) -> None:
    """Erase where and with what the sessions of a user were used. The rows go when they would have gone anyway."""
    condition = and_(
        UserSession.user_id == user_id, or_(UserSession.user_agent.is_not(None), UserSession.address.is_not(None))
    )
    locked = select(UserSession.id).where(condition).order_by(UserSession.id).with_for_update(key_share=True)
    await session.execute(
        update(UserSession)
        .where(UserSession.id.in_(locked))
        .values(user_agent=None, address=None)
        .execution_options(synchronize_session=False)
    )


async def purge(session: WriteSession, *, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` sessions that expired or ended before ``before``, with their tokens."""
    stale = (
        select(UserSession.id)
        .where((UserSession.expires_at < before) | (UserSession.ended_at < before))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    result = await session.execute(delete(UserSession).where(UserSession.id.in_(stale)))
    assert isinstance(result, CursorResult)
    return result.rowcount


async def purge_refresh_tokens(session: WriteSession, *, before: datetime, limit: int) -> int:
    """Delete up to ``limit`` refresh tokens that were used before ``before``."""
    stale = (
        select(RefreshToken.digest).where(RefreshToken.used_at < before).limit(limit).with_for_update(skip_locked=True)
    )
    result = await session.execute(delete(RefreshToken).where(RefreshToken.digest.in_(stale)))
    assert isinstance(result, CursorResult)
    return result.rowcount


def _alive(now: datetime) -> ColumnElement[bool]:
    return and_(UserSession.ended_at.is_(None), UserSession.expires_at > now)
