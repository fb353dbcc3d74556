"""Changing a booking: its new events, the row that lists show, and what other domains learn, in one transaction.

``booking_list`` is written here, with the events, and not by the projector that follows them: who books and then looks
at their bookings must find it. The projector and a rebuild write the same rows by the same function.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import WriteSession
from subgraphs.bookings.booking.aggregate import Booking, evolve
from subgraphs.bookings.booking.events import Event
from subgraphs.bookings.events import publish
from subgraphs.bookings.repository import bookings, listing

SNAPSHOT_EVERY: Final = 50
"""Events after which a booking's state is kept."""


async def record(
    session: WriteSession,
    booking_id: UUID,
    booking: Booking | None,
    *events: Event,
    now: datetime,
    actor: UUID | None = None,
    snapshot_every: int = SNAPSHOT_EVERY,
) -> Booking:
    """Append ``events`` to ``booking`` (``None`` for a new one) and return it as it then is.

    Raises:
        Conflict: the booking has changed since it was loaded.
    """
    version = 0 if booking is None else booking.version
    for recorded in await bookings.append(session, booking_id, version, events, now=now, actor=actor):
        booking = evolve(booking, recorded)
        await publish(session, booking, recorded)
    assert booking is not None
    await listing.show(session, [booking])
    if booking.version // snapshot_every > version // snapshot_every:
        await bookings.keep_snapshot(session, booking)
    return booking
