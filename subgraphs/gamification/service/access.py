"""Who may see and do what with points and progress."""

from __future__ import annotations

from uuid import UUID

from shared.auth import Principal, Role

STAFF = (Role.SUPPORT, Role.ADMIN)


def may_see(principal: Principal, user_id: UUID) -> bool:
    """Whether the caller may see what is private to ``user_id``: themselves, and our staff."""
    return principal.user_id == user_id or principal.has_any(*STAFF)
