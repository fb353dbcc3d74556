"""The event that this domain publishes. Its delivery also wakes the user's open subscriptions."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec

from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.notifications.models import Notification, OutboxMessage


class NotificationCreated(msgspec.Struct, frozen=True, kw_only=True):
    """A user was told something in the app. What exactly stays here: it may be personal."""

    type: ClassVar[str] = "notification.created"

    notification_id: UUID
    user_id: UUID
    kind: str


def publish(session: WriteSession, notification: Notification) -> None:
    """Tell of a new notification; the aggregate is the user."""
    record_event(
        session,
        OutboxMessage,
        type=NotificationCreated.type,
        aggregate_id=notification.user_id,
        aggregate_sequence=notification.sequence,
        payload=NotificationCreated(
            notification_id=notification.id, user_id=notification.user_id, kind=notification.kind
        ),
    )


def live_channel(user_id: UUID) -> str:
    """Where the outbox relay announces that a user has a new notification."""
    return f"notifications:{user_id}"
