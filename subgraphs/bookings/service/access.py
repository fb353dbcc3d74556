"""Who may see and do what with bookings."""

from __future__ import annotations

from uuid import UUID

from shared.auth import Principal, Role

STAFF = (Role.SUPPORT, Role.ADMIN)


def is_staff(principal: Principal) -> bool:
    """Whether the caller works for the platform, and so sees every booking."""
    return principal.has_any(*STAFF)


def may_change_stay(principal: Principal, owner_id: UUID) -> bool:
    """Whether the caller may change the stay of a booking of ``owner_id``: the owner, and the platform for them."""
    return may_cancel(principal, owner_id)


def may_cancel(principal: Principal, owner_id: UUID) -> bool:
    """Whether the caller may call a booking of ``owner_id`` off: the owner, and the platform on their behalf."""
    return principal.user_id == owner_id or is_staff(principal)
