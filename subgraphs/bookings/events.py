"""The events that this domain publishes: one for each event of a booking, so their sequence has no gaps."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.contracts.bookings import BookingEvent, PaymentAction, StayChange
from shared.db import ReadSession, WriteSession
from shared.messaging import record_event
from subgraphs.bookings.booking.aggregate import Booking, ChangeState
from subgraphs.bookings.booking.events import (
    EVENT_TYPES,
    Changed,
    ChangePaymentActionRequired,
    Event,
    PaymentActionRequired,
    RecordedEvent,
)
from subgraphs.bookings.models import OutboxMessage
from subgraphs.bookings.payments import repository as payments
from subgraphs.bookings.payments.methods import BoletoSlip, PixCode, ThreeDSecure, action_from_json

PUBLISHED: Final = tuple(EVENT_TYPES)
"""The types of the events."""
_ACTIONS: Final = (PaymentActionRequired, ChangePaymentActionRequired)


def payload_of(booking: Booking, recorded: RecordedEvent, action: PaymentAction | None) -> BookingEvent:
    """What others learn of ``recorded``, given the booking as it is after it."""
    terms, event = booking.terms, recorded.payload
    done = [each for each in booking.changes if each.state is ChangeState.DONE]
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
        actor_id=recorded.actor,
        failure_reason=booking.failure_reason,
        fee_minor=booking.fee_minor,
        # What flows back may be for changes of the stay as well as for a cancellation: others know one sum of both.
        refund_due_minor=booking.refund_due_minor + sum(each.refund_minor for each in done),
        refunded_minor=booking.refunded_minor + sum(each.refunded_minor for each in done),
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
        change=_change(event),
        guest_country=terms.guest_country,
    )


def _change(event: Event) -> StayChange | None:
    if not isinstance(event, Changed):
        return None
    return StayChange(
        previous_check_in=event.previous_check_in,
        previous_check_out=event.previous_check_out,
        previous_total_minor=event.previous_total_minor,
    )


async def _action(
    session: ReadSession, booking: Booking, required: PaymentActionRequired | ChangePaymentActionRequired
) -> PaymentAction:
    """What the traveler has to do. It is read from the payment, because a booking's own history has no codes to pay by:

    the hotel's manager sees that history. Of a payment that was paid in the meantime the codes are gone.
    """
    action = action_without_codes(booking, required)
    payment = await payments.get(session, required.payment_id)
    if payment is None or payment.action is None:
        return action
    action = msgspec.structs.replace(action, amount_minor=payment.amount_minor)
    match action_from_json(payment.action):
        case ThreeDSecure(url=url):
            return msgspec.structs.replace(action, url=url)
        case PixCode(payload=code, url=page):
            return msgspec.structs.replace(action, pix_code=code, url=page)
        case BoletoSlip(digitable_line=line, url=page):
            return msgspec.structs.replace(action, digitable_line=line, url=page)


def action_without_codes(
    booking: Booking, required: PaymentActionRequired | ChangePaymentActionRequired
) -> PaymentAction:
    """What the traveler had to do, as far as the booking's own history tells."""
    due_at = booking.terms.expires_at if booking.change is None else booking.change.expires_at
    return PaymentAction(kind=required.kind, due_at=due_at)


async def publish(session: WriteSession, booking: Booking, recorded: RecordedEvent) -> None:
    """Record what ``recorded`` made of ``booking`` in the outbox of the current transaction."""
    event = recorded.payload
    action = await _action(session, booking, event) if isinstance(event, _ACTIONS) else None
    record_event(
        session,
        OutboxMessage,
        type=event.type,
        aggregate_id=booking.id,
        aggregate_sequence=recorded.sequence,
        payload=payload_of(booking, recorded, action),
        correlation_id=booking.id,
    )
