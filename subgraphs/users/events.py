"""The events that this domain publishes; their payloads are in ``shared.contracts.users``."""

from __future__ import annotations

from shared.contracts.users import (
    UserDeleted,
    UserEmailVerified,
    UserEvent,
    UserPasswordChanged,
    UserProfileUpdated,
    UserRegistered,
    UserRolesChanged,
    UserSignedIn,
)
from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.users.models import OutboxMessage, User

__all__ = [
    "UserDeleted",
    "UserEmailVerified",
    "UserEvent",
    "UserPasswordChanged",
    "UserProfileUpdated",
    "UserRegistered",
    "UserRolesChanged",
    "UserSignedIn",
    "publish",
    "registered",
]


def registered(user: User) -> UserRegistered:
    """The event for a new account."""
    return UserRegistered(
        user_id=user.id,
        email=user.email,
        display_name=user.display_name,
        locale=user.locale,
        time_zone=user.time_zone,
        roles=sorted(user.roles),
        member_since=user.created_at,
    )


def publish(session: WriteSession, user: User, event: UserEvent) -> None:
    """Record ``event`` in the current transaction; ``user`` must carry the sequence number that belongs to it."""
    record_event(
        session,
        OutboxMessage,
        type=event.type,
        aggregate_id=user.id,
        aggregate_sequence=user.event_sequence,
        payload=event,
    )
