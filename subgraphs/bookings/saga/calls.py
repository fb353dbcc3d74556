"""The steps that call the payment provider, and what its answers mean to the saga."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.changing import refund_shares
from subgraphs.bookings.booking.events import PaymentShare
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
            return authorized(await payments.authorize(payment_id_of(booking.id)))
        case Step.CAPTURE_PAYMENT:
            return captured(await payments.capture(payment_id_of(booking.id)))
        case Step.RETURN_PAYMENT:
            return await _return(booking, payments)
        case _:
            raise ValueError(f"{step} calls nobody")


def authorized(outcome: o.AuthorizeOutcome) -> s.Signal:
    """What the provider's answer means to the saga."""
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


def captured(outcome: o.CaptureOutcome) -> s.Signal:
    """What the provider's answer means to the saga."""
    match outcome:
        case o.Captured():
            return s.PaymentCaptured()
        case o.Failed(reason=reason):
            return s.PaymentRefused(reason, is_declined=False)


async def _return(booking: Booking, payments: PaymentCalls) -> s.Signal:
    """Give back what is due: part of what was captured, or all of what was ever on its way."""
    if not booking.is_captured:
        return returned(await payments.void(payment_id_of(booking.id)))
    # A booking whose stay was changed has several payments.
    shares = refund_shares(booking.paid, booking.refund_due_minor)
    return await refund_all(payments, [(share, _refund_id(booking, share.payment_id)) for share in shares])


def _refund_id(booking: Booking, payment_id: UUID) -> UUID:
    is_first = payment_id == payment_id_of(booking.id)
    return refund_id_of(booking.id if is_first else payment_id)


async def refund_all(payments: PaymentCalls, refunds: Sequence[tuple[PaymentShare, UUID]]) -> s.PaymentReturned:
    """Give back parts of payments, each once per refund id.

    Raises:
        NotReturned: one was refused. The others are made all the same.
    """
    refusals: list[str] = []
    amount = 0
    for share, refund_id in refunds:
        outcome = await payments.refund(share.payment_id, refund_id=refund_id, amount_minor=share.amount_minor)
        match outcome:
            case o.Refunded(amount_minor=part):
                amount += part
            case o.Failed(reason=reason):
                refusals.append(reason)
    if refusals:
        raise NotReturned(", ".join(refusals))
    return s.PaymentReturned(amount)


def returned(outcome: o.VoidOutcome) -> s.Signal:
    """What giving a payment up means to the saga. Raises :class:`NotReturned`."""
    match outcome:
        case o.Refunded(amount_minor=amount):
            return s.PaymentReturned(amount)
        case o.Voided():
            return s.PaymentReturned(0)
        case o.Pending():
            return s.PaymentUndecided()
        case o.Failed(reason=reason):
            raise NotReturned(reason)
