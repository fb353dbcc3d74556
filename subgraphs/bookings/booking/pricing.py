"""What a traveler pays: the price of the rooms, less a coupon, less points. Whole minor units, rounded down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

POINTS_CURRENCY: Final = "BRL"
"""Points are worth reais, and pay for nothing that is priced otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountRules:
    """How far a price can go down."""

    point_minor: int
    """What one point is worth, in centavos."""
    max_points_percent: int
    """Of the price after the coupon, how much points can pay."""
    minimum_charge_minor: int
    """What is left to pay in money however large the discounts: a sale always has a payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price and what makes it up, in minor units."""

    rooms_minor: int
    """For all rooms and nights, before discounts."""
    currency: str
    coupon_code: str | None = None
    coupon_minor: int = 0
    points: int = 0
    points_minor: int = 0

    @property
    def total_minor(self) -> int:
        """What the traveler pays."""
        return self.rooms_minor - self.coupon_minor - self.points_minor


def coupon_discount(rooms_minor: int, *, percent: int | None, amount_minor: int | None, rules: DiscountRules) -> int:
    """What a coupon takes off the price of the rooms. Exactly one of ``percent`` and ``amount_minor`` is given."""
    wanted = rooms_minor * percent // 100 if percent is not None else amount_minor or 0
    return max(0, min(wanted, rooms_minor - rules.minimum_charge_minor))


def most_points(after_coupon_minor: int, currency: str, rules: DiscountRules) -> int:
    """How many points can pay part of a price."""
    if currency != POINTS_CURRENCY:
        return 0
    share = after_coupon_minor * rules.max_points_percent // 100
    return max(0, min(share, after_coupon_minor - rules.minimum_charge_minor)) // rules.point_minor
