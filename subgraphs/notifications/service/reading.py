"""Marking notifications as read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import WriteSession
from subgraphs.notifications.models import Notification
from subgraphs.notifications.repository import feeds, notifications
from subgraphs.notifications.service.errors import AccountDeleted, InvalidValue

MOST_IDS: Final = 100


async def mark_read(session: WriteSession, user_id: UUID, ids: Collection[UUID], now: datetime) -> list[Notification]:
    """Mark a user's notifications as read, and return them, the newest first; ids that are not theirs are passed over.

    Raises:
        InvalidValue: too many at once.
        AccountDeleted: the user is gone.
    """
    if len(ids) > MOST_IDS:
        raise InvalidValue("ids", "too_many_ids", limit=MOST_IDS)
    if not await feeds.lock(session, user_id):
        raise AccountDeleted
    await notifications.mark_read(session, user_id, now, ids=ids, up_to=None)
    found = await notifications.owned(session, user_id, ids)
    return sorted(found.values(), key=lambda row: row.sequence, reverse=True)


async def mark_all_read(session: WriteSession, user_id: UUID, now: datetime, *, up_to: int | None) -> int:
    """Mark all of a user's notifications as read, none later than ``up_to``; return how many were not yet.

    Raises :class:`AccountDeleted`.
    """
    if not await feeds.lock(session, user_id):
        raise AccountDeleted
    return await notifications.mark_read(session, user_id, now, ids=None, up_to=up_to)
