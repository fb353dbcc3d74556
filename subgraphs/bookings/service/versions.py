"""Every version of bookings, in order: what live updates show.

Versions are read from the events themselves whenever something is announced, so none is lost when announcements are
merged or missed; and there is no queue, so a slow reader costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from shared.db import Database
from shared.pubsub import LiveUpdates
from subgraphs.bookings.booking.aggregate import Booking, evolve
from subgraphs.bookings.repository import bookings, listing

log = structlog.get_logger(__name__)

LATEST: Final = 20
"""How many of a user's newest bookings are shown as they are, unless the reader asks for more or fewer."""
FOLLOWED: Final = 500
"""How many of a user's bookings are looked at for changes: the newest. Few people ever make more."""
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


async def follow_user(
    database: Database,
    live: LiveUpdates,
    user_id: UUID,
    *,
    first: int = LATEST,
    after: Mapping[UUID, int] | None = None,
) -> AsyncGenerator[Booking, None]:
    """The user's newest bookings as they are now, the oldest first; then each later version of any of their bookings.

    Of each booking every version comes once and in order. Of the bookings that only a change brings into view, the
    first that comes is that change. Followed are the :data:`FOLLOWED` newest bookings.

    Args:
        database: Of bookings.
        live: Says when to look again.
        user_id: Whose bookings.
        first: How many of the newest are shown as they are now.
        after: The last version that the reader has seen, by booking: of these every version behind it comes, and no
            snapshot. Bookings of other users are passed over.
    """
    seen_before = after or {}
    known: dict[UUID, int] = {}
    is_snapshot = True
    async with AsyncExitStack() as stack:
        watch = await _Watch.open(stack, live, channel_of_user(user_id))
        while True:
            async with database.read() as session:
                versions = await listing.versions_of_user(session, user_id, newest=FOLLOWED, also=seen_before)
            newest = {booking_id for booking_id, _ in versions[:first]}
            behind: list[UUID] = []
            for booking_id, version in reversed(versions):
                if booking_id not in known:
                    if booking_id in seen_before:
                        known[booking_id] = seen_before[booking_id]
                    elif is_snapshot and booking_id not in newest:
                        known[booking_id] = version
                if known.get(booking_id, 0) < version:
                    behind.append(booking_id)
            # What changes between our look and our watch would be missed: so after a new watch comes another look.
            is_watching_more = False
            for booking_id in (*newest, *behind, *(seen_before.keys() & known.keys())):
                is_watching_more |= await watch.add(f"bookings:{booking_id}")
            for booking_id in behind:
                async with database.read() as session:
                    recorded = await bookings.history(session, booking_id)
                is_shown_as_it_is = is_snapshot and booking_id not in seen_before
                booking: Booking | None = None
                for event in recorded:
                    booking = evolve(booking, event)
                    if booking.version > known.get(booking_id, 0) and not is_shown_as_it_is:
                        known[booking_id] = booking.version
                        yield booking
                if is_shown_as_it_is and booking is not None:
                    known[booking_id] = booking.version
                    yield booking
            is_snapshot = False
            if not is_watching_more:
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

    async def add(self, channel: str) -> bool:
        """Watch one more channel, from now on; ``False`` when it is watched already."""
        if channel in self._changes:
            return False
        self._changes[channel] = await self._stack.enter_async_context(self._live.changes(channel))
        self._stack.callback(self._stop, channel)
        self._expect(channel)
        return True

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
