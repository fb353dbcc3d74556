"""Removing what nobody needs any more, in small batches that wait for nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession

BATCH: Final = 1000

_NOTIFICATIONS = text(
    """
    DELETE FROM notifications WHERE id IN (
        SELECT id FROM notifications n WHERE id < :oldest AND NOT EXISTS (
            SELECT FROM deliveries d WHERE d.notification_id = n.id AND d.state IN ('PENDING', 'HELD'))
        ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING id
    """
)
_SCHEDULES = text(
    """
    DELETE FROM schedules WHERE (user_id, kind, cause_id) IN (
        SELECT user_id, kind, cause_id FROM schedules WHERE state <> 'WAITING' AND due_at < :before
        LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING user_id
    """
)
_REPORTS = text(
    """
    DELETE FROM provider_reports WHERE (provider, event_id) IN (
        SELECT provider, event_id FROM provider_reports WHERE received_at < :before
        LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING provider
    """
)


async def delete_notifications(session: WriteSession, before: datetime) -> int:
    """Delete a batch of notifications made before a moment, with their deliveries; return how many."""
    # Ids are UUIDv7: they begin with the milliseconds, so the primary key finds the old ones.
    oldest = UUID(int=int(before.timestamp() * 1000) << 80)
    return len((await session.execute(_NOTIFICATIONS, {"oldest": oldest, "batch": BATCH})).all())


async def delete_schedules(session: WriteSession, before: datetime) -> int:
    """Delete a batch of schedules that are over and were due before a moment; return how many."""
    return len((await session.execute(_SCHEDULES, {"before": before, "batch": BATCH})).all())


async def delete_reports(session: WriteSession, before: datetime) -> int:
    """Forget a batch of providers' reports received before a moment; return how many."""
    return len((await session.execute(_REPORTS, {"before": before, "batch": BATCH})).all())
