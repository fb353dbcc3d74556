"""The demo market's coupon: what a new user can try in a quote."""

from __future__ import annotations

from typing import Final

from shared.db import Database, new_id, utc_now
from subgraphs.bookings.coupons import repository

DEMO_COUPON: Final = "BEMVINDO10"
"""10 percent off, once for each traveler, for everybody."""


async def seed_coupon(bookings: Database) -> bool:
    """Add the coupon unless it is there, and say whether it was new."""
    values = {"id": new_id(), "code": DEMO_COUPON, "percent": 10, "valid_from": utc_now()}
    async with bookings.transaction() as session:
        return await repository.add_if_new(session, values) is not None
