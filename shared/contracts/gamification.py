"""What gamification tells the others: rewards, levels, and coupons that bookings then honours."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec


class CouponGranted(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler got a coupon: one discount, for themselves. Exactly one of ``percent`` and ``amount_minor`` is set."""

    type: ClassVar[str] = "coupon.granted"

    coupon_id: UUID
    code: str
    """Upper-case letters and digits; unique."""
    user_id: UUID
    percent: int | None
    """1 to 100."""
    amount_minor: int | None
    currency: str
    """Of ``amount_minor`` and ``minimum_minor``."""
    minimum_minor: int
    """The price of the rooms from which it counts."""
    valid_until: datetime


class MissionCompleted(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler completed a mission; its rewards are theirs."""

    type: ClassVar[str] = "mission.completed"

    user_id: UUID
    mission_id: UUID
    title_pt: str
    title_en: str
    points: int
    """The reward; 0 for none."""
    badge: str | None
    coupon_code: str | None
    at: datetime


class LevelReached(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler reached a higher level."""

    type: ClassVar[str] = "level.reached"

    user_id: UUID
    level: str
    """Its code, such as ``gold``."""
    name_pt: str
    name_en: str
    at: datetime
