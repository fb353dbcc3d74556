"""What a use case can answer.

Problems are values and not exceptions, because the transaction that noticed some of them (a stolen refresh token)
must commit. Only unacceptable input raises (``identity.InvalidValue``), before anything was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from subgraphs.users.models import User


class EndReason(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "SIGNED_OUT"
    REUSED_TOKEN = "REUSED_TOKEN"  # noqa: S105
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105
    ACCOUNT_DELETED = "ACCOUNT_DELETED"


@dataclass(frozen=True, slots=True)
class Device:
    """Where a session is used, as far as the caller lets us know. Shown to the user, never trusted."""

    user_agent: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that may go on: what an access token is made of, and the refresh token for the next one."""

    user: User
    session_id: UUID
    refresh_token: str
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvalidCredentials:
    """Wrong address, wrong password, or an address that is not verified: we do not say which."""


@dataclass(frozen=True, slots=True)
class TooManyAttempts:
    """The caller, or everybody together for one account, tried too often."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The refresh token leads to no living session: sign in again."""


@dataclass(frozen=True, slots=True)
class AlreadyRefreshed:
    """The refresh token was used a moment ago, most likely by another tab of the same client."""


@dataclass(frozen=True, slots=True)
class ExpiredLink:
    """The token of a mail is unknown, used or too old."""


@dataclass(frozen=True, slots=True)
class UnknownUser:
    """There is no such user, or not any more."""


@dataclass(frozen=True, slots=True)
class AdministratorAccount:
    """The account has the role ``ADMIN``: it cannot be deleted, so that the platform never loses its last one."""
