"""Where a notification leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from subgraphs.notifications.kinds import Kind


def link_of(kind: Kind, data: Mapping[str, Any]) -> str:
    """A path on the platform's site."""
    match kind:
        case Kind.BOOKING_FAILED:
            return "/"
        case Kind.REVIEW_REQUEST:
            return f"/bookings/{data['code']}/review"
        case Kind.MISSION_COMPLETED:
            return "/missions"
        case Kind.LEVEL_UP:
            return "/account/level"
        case Kind.COUPON_GRANTED:
            return "/account/coupons"
        case Kind.NEW_SIGN_IN:
            return "/account/security"
        case Kind.PASSWORD_CHANGED:
            return "/reset-password"
        case Kind.CAMPAIGN:
            return str(data["path"])
        case Kind.DIGEST:
            return "/notifications"
    return f"/bookings/{data['code']}"
