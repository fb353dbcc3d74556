"""Whether a coupon counts for a booking, and how its code is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from subgraphs.bookings.coupons.models import Coupon

Rejection: TypeAlias = Literal[
    "unknown", "not_yours", "not_yet_valid", "expired", "used_up", "minimum_not_reached", "wrong_currency"
]

_CODE: Final = re.compile(r"[A-Z0-9]{4,40}")


@dataclass(frozen=True, slots=True)
class KnownCoupon:
    """A coupon, and how often the traveler who asks has used it."""

    coupon: Coupon
    used_by_traveler: int


def normalised_code(text: str) -> str | None:
    """``text`` as a code is written, or ``None`` when it can be none: ``" bem-vindo10"`` is ``"BEMVINDO10"``."""
    code = text.replace("-", "").replace(" ", "").upper()
    return code if _CODE.fullmatch(code) else None


def rejection(
    known: KnownCoupon, user_id: UUID | None, rooms_minor: int, currency: str, now: datetime
) -> Rejection | None:
    """Why the coupon does not count for rooms at this price; ``None`` when it does.

    Args:
        known: The coupon.
        user_id: Who books; ``None`` for somebody who is not signed in.
        rooms_minor: The price of the rooms, before discounts.
        currency: Of that price.
        now: The moment.
    """
    coupon = known.coupon
    if coupon.owner_id is not None and coupon.owner_id != user_id:
        return "not_yours"
    if not coupon.is_active or (coupon.valid_until is not None and now >= coupon.valid_until):
        return "expired"
    if now < coupon.valid_from:
        return "not_yet_valid"
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        return "used_up"
    if known.used_by_traveler >= coupon.max_uses_per_user:
        return "used_up"
    if coupon.currency is not None and coupon.currency != currency:
        return "wrong_currency"
    if rooms_minor < coupon.minimum_minor:
        return "minimum_not_reached"
    return None
