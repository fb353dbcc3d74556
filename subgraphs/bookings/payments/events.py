"""What payments tell: one ``payment.*`` event for every change of a payment, whoever caused it.

Events are about the booking (``aggregate_id``), so that all that happens to one booking arrives in order;
``aggregate_sequence`` counts the events of the one payment.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.bookings.models import OutboxMessage
from subgraphs.bookings.payments.models import Payment

AUTHORIZED: Final = "payment.authorized"
CAPTURED: Final = "payment.captured"
ACTION_REQUIRED: Final = "payment.action_required"
FAILED: Final = "payment.failed"
"""Declined by the bank, or failed: ``state`` and ``reason`` tell."""
EXPIRED: Final = "payment.expired"
VOIDED: Final = "payment.voided"
REFUNDED: Final = "payment.refunded"


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment stands after the change."""

    payment_id: UUID
    booking_id: UUID
    method: str
    state: str
    amount_minor: int
    currency: str
    refunded_minor: int
    """Refunds made or on their way."""
    reason: str | None
    unwanted: bool
    """The payment was given up before this happened; payments give the money back by themselves."""
    refund_id: UUID | None = None
    """The refund, for ``payment.refunded``."""


def publish(session: WriteSession, payment: Payment, type_: str, *, refund_id: UUID | None = None) -> None:
    """Write an event about ``payment``, whose row the caller has locked, into the outbox."""
    payment.event_sequence += 1
    record_event(
        session,
        OutboxMessage,
        type=type_,
        aggregate_id=payment.booking_id,
        aggregate_sequence=payment.event_sequence,
        correlation_id=payment.booking_id,
        payload=PaymentEvent(
            payment_id=payment.id,
            booking_id=payment.booking_id,
            method=payment.method,
            state=payment.state,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            refunded_minor=payment.refunded_minor,
            reason=payment.reason,
            unwanted=payment.void_requested_at is not None,
            refund_id=refund_id,
        ),
    )
