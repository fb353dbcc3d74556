"""The events that this domain publishes: one for each event of a booking, so their sequence has no gaps."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from shared.contracts.bookings import BookingEvent, PaymentAction
from shared.db import ReadSession, WriteSession
from shared.messaging import record_event
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import EVENT_TYPES, PaymentActionRequired, RecordedEvent
from subgraphs.bookings.models import OutboxMessage
from subgraphs.bookings.payments import repository as payments
from subgraphs.bookings.payments.methods import BoletoSlip, PixCode, ThreeDSecure, action_from_json

PUBLISHED: Final = tuple(EVENT_TYPES)
"""The types of the events."""


def _payload(booking: Booking, actor: UUID | None, action: PaymentAction | None) -> BookingEvent:
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
        city=terms.city,
        region=terms.region,
        country_code=terms.country_code,
        payment_method=terms.payment_method,
        discount_minor=terms.discount_minor,
        points=terms.points,
        coupon_code=terms.coupon_code,
        payment_action=action,
    )


async def _action(session: ReadSession, booking: Booking, required: PaymentActionRequired) -> PaymentAction:
    """What the traveler has to do. It is read from the payment, because a booking's own history has no codes to pay by:

    the hotel's manager sees that history. Of a payment that was paid in the meantime the codes are gone.
    """
    due_at = booking.terms.expires_at
    payment = await payments.get(session, required.payment_id)
    if payment is None or payment.action is None:
        return PaymentAction(kind=required.kind, due_at=due_at)
    match action_from_json(payment.action):
        case ThreeDSecure(url=url):
            return PaymentAction(kind=required.kind, due_at=due_at, url=url)
        case PixCode(payload=code):
            return PaymentAction(kind=required.kind, due_at=due_at, pix_code=code)
        case BoletoSlip(digitable_line=line):
            return PaymentAction(kind=required.kind, due_at=due_at, digitable_line=line)


async def publish(session: WriteSession, booking: Booking, recorded: RecordedEvent) -> None:
    """Record what ``recorded`` made of ``booking`` in the outbox of the current transaction."""
    event = recorded.payload
    action = await _action(session, booking, event) if isinstance(event, PaymentActionRequired) else None
    record_event(
        session,
        OutboxMessage,
        type=event.type,
        aggregate_id=booking.id,
        aggregate_sequence=recorded.sequence,
        payload=_payload(booking, recorded.actor, action),
        correlation_id=booking.id,
    )
