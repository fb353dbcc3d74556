"""Who is calling, as a verified access token says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a user may do on the platform."""

    TRAVELER = "TRAVELER"
    HOTEL_MANAGER = "HOTEL_MANAGER"
    SUPPORT = "SUPPORT"
    ADMIN = "ADMIN"


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. Only :class:`shared.auth.tokens.TokenVerifier` makes one from outside input."""

    user_id: UUID
    roles: frozenset[Role]
    session_id: UUID | None
    """The sign-in this token belongs to (claim ``sid``)."""
    expires_at: float
    """Unix time at which the token stops being valid, in seconds."""

    def has_any(self, *roles: Role) -> bool:
        """Whether the caller has at least one of ``roles``."""
        return not self.roles.isdisjoint(roles)
