"""The events that this domain publishes: one for each event of a booking, so their sequence has no gaps."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from shared.contracts.bookings import BookingEvent
from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import EVENT_TYPES, RecordedEvent
from subgraphs.bookings.models import OutboxMessage

PUBLISHED: Final = tuple(EVENT_TYPES)
"""The types of the events."""


def _payload(booking: Booking, actor: UUID | None) -> BookingEvent:
    terms = booking.terms
    return BookingEvent(
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
        hotel_name=terms.hotel_name,
        time_zone=terms.time_zone,
        check_in_time=terms.check_in_time,
        payment_method=terms.payment_method,
    )


def publish(session: WriteSession, booking: Booking, recorded: RecordedEvent) -> None:
    """Record what ``recorded`` made of ``booking`` in the outbox of the current transaction."""
    record_event(
        session,
        OutboxMessage,
        type=recorded.payload.type,
        aggregate_id=booking.id,
        aggregate_sequence=recorded.sequence,
        payload=_payload(booking, recorded.actor),
        correlation_id=booking.id,
    )
