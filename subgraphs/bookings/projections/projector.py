"""Follows ``booking_events`` and keeps the read models in step with it.

**No event is missed.** Numbers from a sequence become visible out of order: who follows by such a number alone passes
over the event of a transaction that is still open. So events also carry the id of the transaction that wrote them, and
the projector reads in the order (transaction, position) only up to the oldest transaction that is still running
(``pg_snapshot_xmin``): nothing can appear before that point any more.

**An order of all events is not needed.** Events only tell which bookings have changed. Those are loaded, and their rows
written as they now are; the same event twice, or two of a booking in either order, make the same rows. For the same
reason a rebuild is a walk over all bookings, beside which the service and the projector go on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, TypeAlias

import structlog

from shared.db import Database, WriteSession
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.repository import bookings, listing
from subgraphs.bookings.repository import projections as positions

log = structlog.get_logger(__name__)

Show: TypeAlias = Callable[[WriteSession, Collection[Booking]], Awaitable[None]]

PROJECTIONS: Final[Mapping[str, Show]] = {
    "booking_list": listing.show,
    "hotel_arrivals": positions.show_arrivals,
    "hotel_calendar": positions.show_calendar,
}
"""What is kept, by name of its table."""

BATCH: Final = 500
"""Events, or bookings in a rebuild, of one transaction."""


class Projector:
    """Keeps the projections in step. Any number may run; a lock lets one at a time move a projection."""

    def __init__(self, database: Database, *, poll_seconds: float = 0.5) -> None:
        self._database = database
        self._poll_seconds = poll_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until ``stop`` is set. A database that is away is waited for."""
        while not stop.is_set():
            try:
                seen = await self.run_once()
            except Exception:  # the loop must outlive whatever the database or a bug throws at it
                log.exception("projector failed, will try again")
                seen = 0
            if seen == 0:
                try:
                    await asyncio.wait_for(stop.wait(), self._poll_seconds)
                except TimeoutError:
                    continue

    async def run_once(self) -> int:
        """Move every projection one batch on; how many bookings were shown anew in all."""
        return sum([await self._advance(name, show) for name, show in PROJECTIONS.items()])

    async def _advance(self, name: str, show: Show) -> int:
        async with self._database.transaction() as session:
            if not await positions.take_turn(session, name, wait=False):
                return 0
            changed, position = await positions.follow(session, name, BATCH)
            if position is None:
                return 0
            await show(session, list((await bookings.load_many(session, changed)).values()))
            await positions.move_to(session, name, position)
            return len(changed)


async def rebuild(
    database: Database, name: str, *, batch: int = BATCH, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write a projection's rows anew from the events of all bookings, while everything else goes on.

    Rows stay readable: each is replaced, none is missing in between unless it was before. New bookings are the
    projector's business as always.

    Args:
        database: Of bookings.
        name: One of :data:`PROJECTIONS`.
        batch: Bookings of one transaction.
        progress: Told how many bookings are done.

    Returns:
        How many bookings there were.
    """
    show = PROJECTIONS[name]
    done = 0
    last = None
    while True:
        async with database.transaction() as session:
            await positions.take_turn(session, name, wait=True)
            ids = await positions.booking_ids(session, last, batch)
            if not ids:
                return done
            await show(session, list((await bookings.load_many(session, ids)).values()))
        last = ids[-1]
        done += len(ids)
        progress(done)
