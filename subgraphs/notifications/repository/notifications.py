"""The table ``notifications``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, delete, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from shared.db import ReadSession, WriteSession
from subgraphs.notifications.models import (
    Contact,
    Delivery,
    Notification,
    Preference,
    PushSubscription,
    RecipientSettings,
    Schedule,
)

_UNREAD = (Notification.is_in_app.is_(True), Notification.read_at.is_(None))


async def add_new(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> Sequence[Notification]:
    """Insert notifications, and return those whose cause had not been told before."""
    statement = insert(Notification).values([dict(row) for row in rows])
    statement = statement.on_conflict_do_nothing(index_elements=["user_id", "kind", "cause_id"])
    return (await session.scalars(statement.returning(Notification))).all()


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Notification]:
    """The notifications with these ids."""
    return {row.id: row for row in await session.scalars(select(Notification).where(Notification.id.in_(ids)))}


@dataclass(frozen=True, slots=True)
class NotificationPage:
    """A page of a user's notifications, the newest first."""

    user_id: UUID
    is_unread_only: bool
    before: int | None
    """Sequence of the last one of the page before."""
    limit: int


async def pages(
    session: ReadSession, asked: Collection[NotificationPage]
) -> dict[NotificationPage, Sequence[Notification]]:
    """Pages of several users in one query."""
    every = list(asked)
    parts = []
    for ordinal, page in enumerate(every):
        statement = select(Notification, literal(ordinal, Integer).label("ordinal")).where(
            Notification.user_id == page.user_id, Notification.is_in_app
        )
        if page.is_unread_only:
            statement = statement.where(Notification.read_at.is_(None))
        if page.before is not None:
            statement = statement.where(Notification.sequence < page.before)
        parts.append(statement.order_by(Notification.sequence.desc()).limit(page.limit).subquery())
    union = union_all(*(part.select() for part in parts)).subquery()
    row = aliased(Notification, union)
    found: dict[NotificationPage, list[Notification]] = {page: [] for page in every}
    ordered = select(union.c.ordinal, row).order_by(union.c.ordinal, union.c.sequence.desc())
    for ordinal, notification in await session.execute(ordered):
        found[every[ordinal]].append(notification)
    return dict(found)


async def unread_counts(session: ReadSession, user_ids: Collection[UUID]) -> dict[UUID, int]:
    """How many notifications each user has not read."""
    statement = (
        select(Notification.user_id, func.count())
        .where(Notification.user_id.in_(user_ids), *_UNREAD)
        .group_by(Notification.user_id)
    )
    found = dict.fromkeys(user_ids, 0)
    counted = {user_id: count for user_id, count in await session.execute(statement)}  # noqa: C416  # rows, not pairs
    return found | counted


async def after(session: ReadSession, user_id: UUID, sequence: int, limit: int) -> Sequence[Notification]:
    """The user's notifications behind ``sequence``, the oldest first."""
    statement = (
        select(Notification)
        .where(Notification.user_id == user_id, Notification.is_in_app, Notification.sequence > sequence)
        .order_by(Notification.sequence)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def newest_unread(session: ReadSession, user_id: UUID, limit: int) -> Sequence[Notification]:
    """The user's newest unread notifications, the newest first."""
    statement = (
        select(Notification)
        .where(Notification.user_id == user_id, *_UNREAD)
        .order_by(Notification.sequence.desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def mark_read(
    session: WriteSession, user_id: UUID, now: datetime, *, ids: Collection[UUID] | None, up_to: int | None
) -> int:
    """Mark unread notifications of a user as read, and say how many those were.

    Args:
        session: Under the lock of the user's feed.
        user_id: Whose.
        now: When.
        ids: Which; all of them when ``None``.
        up_to: None later than this sequence.
    """
    statement = update(Notification).where(Notification.user_id == user_id, *_UNREAD).values(read_at=now)
    if ids is not None:
        statement = statement.where(Notification.id.in_(ids))
    if up_to is not None:
        statement = statement.where(Notification.sequence <= up_to)
    return len((await session.execute(statement.returning(Notification.id))).all())


async def owned(session: ReadSession, user_id: UUID, ids: Collection[UUID]) -> dict[UUID, Notification]:
    """Those of ``ids`` that are shown to the user."""
    statement = select(Notification).where(
        Notification.user_id == user_id, Notification.is_in_app, Notification.id.in_(ids)
    )
    rows = await session.scalars(statement, execution_options={"populate_existing": True})
    return {row.id: row for row in rows}


async def delete_everything(session: WriteSession, user_id: UUID) -> None:
    """Remove all that is kept of a user, apart from the feed that says that they are gone. Under its lock."""
    # Attempts and deliveries go with their notifications.
    for model in (Delivery, Notification, Schedule, PushSubscription, Preference, RecipientSettings, Contact):
        await session.execute(delete(model).where(model.user_id == user_id))
