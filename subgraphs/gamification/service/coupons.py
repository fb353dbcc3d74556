"""Coupons: made here, honoured by bookings."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final

from shared.contracts.gamification import CouponGranted
from shared.db import WriteSession, new_id
from subgraphs.gamification.events import Cause, publish
from subgraphs.gamification.models import Coupon, Traveler
from subgraphs.gamification.repository import coupons
from subgraphs.gamification.rules.definitions import CouponReward

CURRENCY: Final = "BRL"
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, O, 1 and I, which people confuse."""
_LENGTH: Final = 10
"""50 bits: nobody guesses one."""


async def grant(
    session: WriteSession,
    traveler: Traveler,
    source: str,
    reward: CouponReward,
    now: datetime,
    cause: Cause,
    *,
    points: int = 0,
) -> Coupon:
    """Give the traveler, whose row the caller holds, a coupon; the one they have from this source, if they do.

    Args:
        session: The transaction of what it is given for.
        traveler: Who gets it.
        source: What it is given for: it gives one coupon.
        reward: The terms.
        now: The present moment.
        cause: What led to it.
        points: What it cost.
    """
    known = await coupons.by_source(session, traveler.user_id, source)
    if known is not None:
        return known
    while True:
        coupon = Coupon(
            id=new_id(),
            user_id=traveler.user_id,
            source=source,
            code="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
            points=points,
            percent=reward.percent,
            amount_minor=reward.amount_minor,
            currency=CURRENCY,
            minimum_minor=reward.minimum_minor,
            valid_until=now + timedelta(days=reward.valid_days),
        )
        if await coupons.add(session, coupon):
            break
    publish(
        session,
        traveler,
        CouponGranted(
            coupon_id=coupon.id,
            code=coupon.code,
            user_id=coupon.user_id,
            percent=coupon.percent,
            amount_minor=coupon.amount_minor,
            currency=coupon.currency,
            minimum_minor=coupon.minimum_minor,
            valid_until=coupon.valid_until,
        ),
        cause,
    )
    return coupon
