"""The events that this domain publishes: one for each event of a booking, so their sequence has no gaps."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

import msgspec

from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import EVENT_TYPES, RecordedEvent
from subgraphs.bookings.models import OutboxMessage

PUBLISHED: Final = tuple(EVENT_TYPES)
"""The types of the events."""


class BookingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What other domains learn: the booking after the event. The event's type is the envelope's."""

    booking_id: UUID
    code: str
    state: str
    user_id: UUID
    hotel_id: UUID
    room_type_id: UUID
    check_in: date
    check_out: date
    guests: int
    rooms: int
    total_minor: int
    currency: str
    actor_id: UUID | None
    """Who caused it; ``None`` for the platform itself."""
    failure_reason: str | None
    fee_minor: int
    refund_due_minor: int
    refunded_minor: int

    @classmethod
    def of(cls, booking: Booking, actor: UUID | None) -> BookingEvent:
        """The event's data for ``booking`` as it is now."""
        terms = booking.terms
        return cls(
            booking_id=booking.id,
            code=terms.code,
            state=booking.state,
            user_id=terms.user_id,
            hotel_id=terms.hotel_id,
            room_type_id=terms.room_type_id,
            check_in=terms.check_in,
            check_out=terms.check_out,
            guests=terms.guests,
            rooms=terms.rooms,
            total_minor=terms.total_minor,
            currency=terms.currency,
            actor_id=actor,
            failure_reason=booking.failure_reason,
            fee_minor=booking.fee_minor,
            refund_due_minor=booking.refund_due_minor,
            refunded_minor=booking.refunded_minor,
        )


def publish(session: WriteSession, booking: Booking, recorded: RecordedEvent) -> None:
    """Record what ``recorded`` made of ``booking`` in the outbox of the current transaction."""
    record_event(
        session,
        OutboxMessage,
        type=recorded.payload.type,
        aggregate_id=booking.id,
        aggregate_sequence=recorded.sequence,
        payload=BookingEvent.of(booking, recorded.actor),
        correlation_id=booking.id,
    )
