"""Waiting a moment for the outcome of a booking, so that its maker need not ask again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from shared.db import Database
from shared.pubsub import LiveUpdates
from subgraphs.bookings.booking.aggregate import IN_PROGRESS
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.repository import listing

log = structlog.get_logger(__name__)

LOOK_ANYWAY_SECONDS: Final = 0.5
"""An announcement may get lost."""


def is_decided(row: BookingRow) -> bool:
    """Whether its maker has something to know or to do: it has come about or not, or they must act to pay."""
    return row.state not in IN_PROGRESS or row.payment_action is not None


async def outcome(
    database: Database,
    live: LiveUpdates,
    booking_id: UUID,
    wait_seconds: float,
    is_decided: Callable[[BookingRow], bool] = is_decided,
) -> BookingRow:
    """The booking as soon as ``is_decided`` says so, or as it is after ``wait_seconds``."""
    row = await _read(database, booking_id)
    if wait_seconds <= 0 or is_decided(row):
        return row
    try:
        async with asyncio.timeout(wait_seconds), live.changes(f"bookings:{booking_id}") as changes:
            change = asyncio.ensure_future(anext(changes))
            try:
                while not is_decided(row := await _read(database, booking_id)):
                    await asyncio.wait({change}, timeout=LOOK_ANYWAY_SECONDS)
                    if change.done():
                        change = asyncio.ensure_future(anext(changes))
            finally:
                change.cancel()
    except TimeoutError:
        return await _read(database, booking_id)  # also when it was the subscription that took so long
    except (RedisError, OSError) as error:
        log.warning("the outcome of a booking is not waited for", error=repr(error))
    return row


async def _read(database: Database, booking_id: UUID) -> BookingRow:
    async with database.read() as session:
        return (await listing.by_ids(session, [booking_id]))[booking_id]
