"""Accounts: what users tells the others.

The events carry personal data (address, name) for the domains that write to people; consumers store no more of it than
they use, and forget it on :class:`UserDeleted`.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

DEFAULT_TIME_ZONE = "America/Sao_Paulo"
"""Where a user is taken to live who has not said otherwise."""


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
    time_zone: str = DEFAULT_TIME_ZONE
    """By its IANA name."""


class UserEmailVerified(UserEvent, frozen=True, kw_only=True):
    """The user has shown that the mailbox is theirs."""

    type: ClassVar[str] = "user.email_verified"

    email: str
    verified_at: datetime


class UserProfileUpdated(UserEvent, frozen=True, kw_only=True):
    """Name, picture, language or time zone changed; the fields hold the values after the change."""

    type: ClassVar[str] = "user.profile_updated"

    display_name: str
    avatar_url: str | None
    locale: str
    time_zone: str = DEFAULT_TIME_ZONE
    """By its IANA name."""


class UserRolesChanged(UserEvent, frozen=True, kw_only=True):
    """An administrator changed what the user may do."""

    type: ClassVar[str] = "user.roles_changed"

    roles: list[str]
    previous_roles: list[str]
    changed_by: UUID


class UserSignedIn(UserEvent, frozen=True, kw_only=True):
    """Somebody signed in with the password."""

    type: ClassVar[str] = "user.signed_in"

    at: datetime
    is_new_device: bool
    """No earlier session of the account came from a browser or program that names itself so."""
    user_agent: str | None
    ip_address: str | None


class UserPasswordChanged(UserEvent, frozen=True, kw_only=True):
    """The password was changed, by its owner or by a reset link."""

    type: ClassVar[str] = "user.password_changed"

    at: datetime
    by_reset: bool


class UserDeleted(UserEvent, frozen=True, kw_only=True):
    """The account is gone: whoever keeps personal data of it forgets them."""

    type: ClassVar[str] = "user.deleted"

    at: datetime
