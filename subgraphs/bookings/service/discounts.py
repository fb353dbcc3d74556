"""What an offer costs with a coupon and points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import ReadSession
from subgraphs.bookings.booking.pricing import DiscountRules, Price, coupon_discount, most_points
from subgraphs.bookings.coupons import desk as coupons
from subgraphs.bookings.coupons.models import Coupon
from subgraphs.bookings.gateways import Offer
from subgraphs.bookings.service.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Discounts:
    """What a traveler wants to pay less by."""

    coupon_code: str | None = None
    points: int = 0


@dataclass(frozen=True, slots=True)
class PricedOffer:
    """An offer with its discounts."""

    offer: Offer
    price: Price
    coupon: Coupon | None = None


async def priced(
    session: ReadSession,
    offer: Offer,
    discounts: Discounts,
    *,
    user_id: UUID | None,
    rules: DiscountRules,
    now: datetime,
) -> PricedOffer:
    """An offer with the discounts that are asked for. Nothing is used up, and nobody asks how many points there are.

    Args:
        session: Where coupons are.
        offer: Of hotels.
        discounts: What is asked for.
        user_id: Who asks; ``None`` for somebody who is not signed in.
        rules: How far a price can go down.
        now: The moment.

    Raises:
        CouponRefused: the coupon does not count for this offer and traveler.
        InvalidValue: the points are fewer than none or more than can be used here.
    """
    coupon: Coupon | None = None
    coupon_minor = 0
    rooms_minor, currency = offer.total_minor, offer.currency
    if discounts.coupon_code is not None:
        coupon = await coupons.usable(session, discounts.coupon_code, user_id, rooms_minor, currency, now)
        coupon_minor = coupon_discount(
            rooms_minor, percent=coupon.percent, amount_minor=coupon.amount_minor, rules=rules
        )
    limit = most_points(rooms_minor - coupon_minor, currency, rules)
    if discounts.points < 0:
        raise InvalidValue("points", "points_negative")
    if discounts.points > limit:
        raise InvalidValue("points", "points_too_many", limit=limit)
    price = Price(
        rooms_minor=rooms_minor,
        currency=currency,
        coupon_code=None if coupon is None else coupon.code,
        coupon_minor=coupon_minor,
        points=discounts.points,
        points_minor=discounts.points * rules.point_minor,
    )
    return PricedOffer(offer, price, coupon)
