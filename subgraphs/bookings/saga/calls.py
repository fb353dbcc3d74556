"""The steps that call the payment provider, and what its answers mean to the saga."""

from __future__ import annotations

from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.ids import payment_id_of, refund_id_of
from subgraphs.bookings.payments import outcomes as o
from subgraphs.bookings.saga import signals as s
from subgraphs.bookings.saga.payments_port import PaymentCalls
from subgraphs.bookings.saga.table import Step


class NotReturned(Exception):
    """The provider refuses to give money back that is due: a person has to look."""


async def call(step: Step, booking: Booking, payments: PaymentCalls) -> s.Signal:
    """Do what ``step`` does at the provider. Safe to repeat: every call carries ids that follow from the booking's.

    Raises:
        NotReturned: a refund was refused.
        Exception: whatever a provider that does not answer causes.
    """
    match step:
        case Step.AUTHORIZE_PAYMENT:
            return _authorized(await payments.authorize(payment_id_of(booking.id)))
        case Step.CAPTURE_PAYMENT:
            return _captured(await payments.capture(payment_id_of(booking.id)))
        case Step.RETURN_PAYMENT:
            return await _return(booking, payments)
        case _:
            raise ValueError(f"{step} calls nobody")


def _authorized(outcome: o.AuthorizeOutcome) -> s.Signal:
    match outcome:
        case o.Authorized() | o.Captured():
            return s.PaymentAuthorized()
        case o.ActionRequired():
            return s.PaymentNeedsAction(outcome.kind)
        case o.Pending():
            return s.PaymentUndecided()
        case o.Declined(reason=reason):
            return s.PaymentRefused(reason, is_declined=True)
        case o.Failed(reason=reason):
            return s.PaymentRefused(reason, is_declined=False)


def _captured(outcome: o.CaptureOutcome) -> s.Signal:
    match outcome:
        case o.Captured():
            return s.PaymentCaptured()
        case o.Failed(reason=reason):
            return s.PaymentRefused(reason, is_declined=False)


async def _return(booking: Booking, payments: PaymentCalls) -> s.Signal:
    """Give back what is due: part of what was captured, or all of what was ever on its way."""
    payment_id = payment_id_of(booking.id)
    if booking.is_captured and booking.refund_due_minor == 0:
        return s.PaymentReturned(0)
    outcome: o.RefundOutcome | o.VoidOutcome
    if booking.is_captured:
        outcome = await payments.refund(
            payment_id, refund_id=refund_id_of(booking.id), amount_minor=booking.refund_due_minor
        )
    else:
        outcome = await payments.void(payment_id)
    match outcome:
        case o.Refunded(amount_minor=amount):
            return s.PaymentReturned(amount)
        case o.Voided():
            return s.PaymentReturned(0)
        case o.Pending():
            return s.PaymentUndecided()
        case o.Failed(reason=reason):
            raise NotReturned(reason)
