"""The events of bookings once more, as they were published: for a read model elsewhere that begins late, or anew.

Histories that were imported were never published at all; this is how analytics and learning come to know them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import func, select

from shared.db import Database
from shared.messaging import EventEnvelope
from subgraphs.bookings.booking.aggregate import evolve
from subgraphs.bookings.booking.events import ChangePaymentActionRequired, PaymentActionRequired, RecordedEvent
from subgraphs.bookings.events import action_without_codes, payload_of
from subgraphs.bookings.models import BookingCode
from subgraphs.bookings.repository import bookings
from subgraphs.bookings.repository.projections import booking_ids

BATCH: Final = 500
"""Bookings that are read at a time: some two thousand events."""
_ACTIONS: Final = (PaymentActionRequired, ChangePaymentActionRequired)


async def published_history(
    database: Database, *, after: UUID | None = None, batch: int = BATCH
) -> AsyncIterator[list[EventEnvelope]]:
    """Every event of every booking, in the order of the bookings' ids and, of each booking, in its own order.

    An envelope says what the published one said, with two differences. Its id follows from the booking and the
    sequence, because the id that it was published under is not kept: who may have had the event already tells so by
    ``aggregate_id`` and ``aggregate_sequence``. And the codes to pay by are left out: they were of use on that day.

    No transaction stays open between two batches, and no more than one is in memory. Bookings that begin meanwhile may
    or may not be among them; they are published in the ordinary way.

    Args:
        database: Of bookings.
        after: Go on behind this booking; from the beginning when ``None``.
        batch: Bookings of one batch.
    """
    last = after
    while True:
        async with database.read() as session:
            ids = await booking_ids(session, last, batch)
            histories = await bookings.histories(session, ids)
        if not ids:
            return
        yield [envelope for booking_id in ids for envelope in _envelopes(histories[booking_id])]
        last = ids[-1]


async def booking_count(database: Database) -> int:
    """How many bookings there are, for showing how far a reading is."""
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(BookingCode)) or 0


def envelope_id_of(booking_id: UUID, sequence: int) -> UUID:
    """The id under which an event is told once more, the same every time."""
    return uuid5(booking_id, f"event {sequence}")


def _envelopes(history: Sequence[RecordedEvent]) -> Iterator[EventEnvelope]:
    booking = None
    for recorded in history:
        booking = evolve(booking, recorded)
        event = recorded.payload
        action = action_without_codes(booking, event) if isinstance(event, _ACTIONS) else None
        yield EventEnvelope(
            id=envelope_id_of(booking.id, recorded.sequence),
            type=event.type,
            version=1,
            occurred_at=recorded.occurred_at,
            aggregate_id=booking.id,
            aggregate_sequence=recorded.sequence,
            correlation_id=booking.id,
            causation_id=None,
            trace_context={},
            payload=msgspec.Raw(msgspec.json.encode(payload_of(booking, recorded, action))),
        )
