"""The events that this domain publishes.

They carry personal data (address, name) for the domains that write to people; consumers store no more of it than
they show.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.users.models import OutboxMessage, User


class UserEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event about a user says."""

    type: ClassVar[str]

    user_id: UUID


class UserRegistered(UserEvent, frozen=True, kw_only=True):
    """An account exists. The address is not proven yet."""

    type: ClassVar[str] = "user.registered"

    email: str
    display_name: str
    locale: str
    roles: list[str]
    member_since: datetime


class UserEmailVerified(UserEvent, frozen=True, kw_only=True):
    """The user has shown that the mailbox is theirs."""

    type: ClassVar[str] = "user.email_verified"

    email: str
    verified_at: datetime


class UserProfileUpdated(UserEvent, frozen=True, kw_only=True):
    """Name, picture or language changed; the fields hold the values after the change."""

    type: ClassVar[str] = "user.profile_updated"

    display_name: str
    avatar_url: str | None
    locale: str


class UserRolesChanged(UserEvent, frozen=True, kw_only=True):
    """An administrator changed what the user may do."""

    type: ClassVar[str] = "user.roles_changed"

    roles: list[str]
    previous_roles: list[str]
    changed_by: UUID


def registered(user: User) -> UserRegistered:
    """The event for a new account."""
    return UserRegistered(
        user_id=user.id,
        email=user.email,
        display_name=user.display_name,
        locale=user.locale,
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
