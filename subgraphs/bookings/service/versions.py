"""Every version of bookings, in order: what live updates show.

Versions are read from the events themselves whenever something is announced, so none is lost when announcements are
merged or missed; and there is no queue, so a slow reader costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from shared.db import Database
from shared.pubsub import LiveUpdates
from subgraphs.bookings.booking.aggregate import Booking, evolve
from subgraphs.bookings.repository import bookings, listing
from subgraphs.bookings.repository.listing import BookingPage

log = structlog.get_logger(__name__)

LATEST: Final = 20
"""How many of a user's bookings are watched together: the newest."""
LOOK_ANYWAY_SECONDS: Final = 5.0
"""An announcement may get lost."""


async def follow(
    database: Database, live: LiveUpdates, booking_id: UUID, *, after: int | None = None
) -> AsyncGenerator[Booking, None]:
    """The booking as it is now and then in each later version, every one once and in order, without an end.

    Args:
        database: Of bookings.
        live: Says when to look again.
        booking_id: A booking that exists.
        after: The last version that the reader has seen: then every version behind it, and no snapshot.
    """
    shown = after
    booking: Booking | None = None
    async with AsyncExitStack() as stack:
        watch = await _Watch.open(stack, live, f"bookings:{booking_id}")
        while True:
            async with database.read() as session:
                newer = await bookings.history(session, booking_id, after=0 if booking is None else booking.version)
            for recorded in newer:
                booking = evolve(booking, recorded)
                if shown is not None and booking.version > shown:
                    shown = booking.version
                    yield booking
            if shown is None and booking is not None:
                shown = booking.version
                yield booking
            await watch.news()


async def follow_user(database: Database, live: LiveUpdates, user_id: UUID) -> AsyncGenerator[Booking, None]:
    """The user's newest bookings as they are now, the oldest first; then each later version of them and of new ones.

    Of each booking every version comes once and in order.
    """
    known: dict[UUID, Booking] = {}
    page = BookingPage(user_id, (), None, None, None, LATEST)
    async with AsyncExitStack() as stack:
        watch = await _Watch.open(stack, live, channel_of_user(user_id))
        is_snapshot = True
        while True:
            async with database.read() as session:
                rows = (await listing.of_users(session, [page]))[page]
            for row in reversed(rows):
                await watch.add(f"bookings:{row.id}")
                async with database.read() as session:
                    seen = known.get(row.id)
                    if seen is not None and seen.version >= row.version:
                        continue
                    newer = await bookings.history(session, row.id, after=0 if seen is None else seen.version)
                for recorded in newer:
                    known[row.id] = evolve(known.get(row.id), recorded)
                    if not is_snapshot:
                        yield known[row.id]
                if is_snapshot:
                    yield known[row.id]
            is_snapshot = False
            await watch.news()


def channel_of_user(user_id: UUID) -> str:
    """Where it is announced that a user has a new booking."""
    return f"bookings-of:{user_id}"


async def announce_new(live: LiveUpdates, user_id: UUID) -> None:
    """Tell the user's own screens of a new booking. They look anyway now and then, so a failure costs seconds only."""
    try:
        await live.announce(channel_of_user(user_id))
    except (RedisError, OSError) as error:
        log.warning("a new booking is not announced", error=repr(error))


class _Watch:
    """Waits for a change on any of several channels."""

    def __init__(self, stack: AsyncExitStack, live: LiveUpdates) -> None:
        self._stack = stack
        self._live = live
        self._changes: dict[str, AsyncIterator[None]] = {}
        self._next: dict[str, asyncio.Task[None]] = {}

    @classmethod
    async def open(cls, stack: AsyncExitStack, live: LiveUpdates, channel: str) -> _Watch:
        """A watch over one channel for as long as ``stack`` is open."""
        watch = cls(stack, live)
        await watch.add(channel)
        return watch

    async def add(self, channel: str) -> None:
        """Watch one more channel, from now on."""
        if channel in self._changes:
            return
        self._changes[channel] = await self._stack.enter_async_context(self._live.changes(channel))
        self._stack.callback(self._stop, channel)
        self._expect(channel)

    async def news(self) -> None:
        """Return when something was announced since the last call, or when it is time to look anyway."""
        await asyncio.wait(self._next.values(), timeout=LOOK_ANYWAY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for channel, change in list(self._next.items()):
            if change.done():
                self._expect(channel)

    def _expect(self, channel: str) -> None:
        changes = self._changes[channel]

        async def change() -> None:
            await anext(changes)

        self._next[channel] = asyncio.create_task(change())

    def _stop(self, channel: str) -> None:
        self._next[channel].cancel()
