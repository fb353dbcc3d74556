"""What time itself changes, once a day: calendars get another night, and the cheapest night may have passed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from shared.db import Database
from subgraphs.hotels.repository import calendar_roll, derived
from subgraphs.hotels.settings import HotelsSettings

BATCH = 100
"""Hotels per transaction: their rows are locked for its length, about a tenth of a second."""


async def roll_calendars(database: Database, settings: HotelsSettings, now: datetime) -> int:
    """Extend every calendar to the farthest night that can be booked, and look up the from-prices again.

    Run it daily, before the first calendar is short. Several at once, or one again after a crash, do no harm: nights
    that exist stay as they are.

    Args:
        database: The hotels database; each batch of hotels is a transaction of its own.
        settings: The domain's.
        now: The current moment.

    Returns:
        How many nights were added.
    """
    days = settings.max_days_ahead + settings.max_stay_nights
    added = 0
    after: UUID | None = None
    while True:
        async with database.transaction() as session:
            batch = await calendar_roll.hotel_ids(session, after=after, limit=BATCH)
            if not batch:
                return added
            await derived.lock_hotels(session, batch)
            added += await calendar_roll.extend(session, batch, now=now, days=days)
            await derived.refresh_from_prices(session, batch, now=now)
        after = batch[-1]
