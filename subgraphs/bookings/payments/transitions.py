"""What a provider's word does to a payment: its state, the ledger and the event, together.

Providers repeat themselves and their webhooks overtake each other, so a status is applied only where it leads forward:

| told | PENDING, ACTION_REQUIRED | AUTHORIZED | CAPTURED | DECLINED, FAILED, VOIDED, EXPIRED |
|---|---|---|---|---|
| needs action | ACTION_REQUIRED | - | - | - |
| approved | AUTHORIZED | - | - | check again |
| paid | CAPTURED | CAPTURED | - | CAPTURED, and give it back |
| refused | DECLINED | - | - | - |
| broken | FAILED | FAILED | - | - |
| cancelled | VOIDED or EXPIRED | VOIDED | - | - |

An approval of a payment that had ended is most likely an old message. Should it be true, money is reserved that nobody
wants: the janitor voids once more, which does no harm to what is void already.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from shared.db import WriteSession
from subgraphs.bookings.payments import events, ledger, repository
from subgraphs.bookings.payments.methods import action_to_json
from subgraphs.bookings.payments.models import Payment, PaymentState
from subgraphs.bookings.payments.provider import (
    Approved,
    Broken,
    Cancelled,
    NeedsAction,
    Paid,
    Processing,
    ProviderStatus,
    Refused,
)

log = structlog.get_logger(__name__)

EXPIRED_REASON: Final = "expired"
"""Reason of a payment that is given up because its time is over."""


async def record(session: WriteSession, payment: Payment, status: ProviderStatus, now: datetime) -> bool:
    """Apply what the provider says to a payment whose row the caller has locked.

    Returns:
        Whether it changed the payment.
    """
    if status.reference is not None:
        payment.provider_reference = status.reference
    is_open = payment.state in repository.OPEN
    match status:
        case Processing():
            return False
        case NeedsAction(action=action):
            if payment.state != PaymentState.PENDING:
                return False
            payment.state = PaymentState.ACTION_REQUIRED
            payment.action = action_to_json(action)
            events.publish(session, payment, events.ACTION_REQUIRED)
            return True
        case Approved():
            return await _approved(session, payment, now, is_open=is_open)
        case Paid(fee_minor=fee_minor):
            return await _paid(session, payment, fee_minor, now)
        case Refused(reason=reason):
            return is_open and await _end(session, payment, PaymentState.DECLINED, reason, events.FAILED)
        case Broken(reason=reason):
            if not is_open and payment.state != PaymentState.AUTHORIZED:
                return False
            return await _end(session, payment, PaymentState.FAILED, reason, events.FAILED)
        case Cancelled():
            if not is_open and payment.state != PaymentState.AUTHORIZED:
                return False
            if payment.reason == EXPIRED_REASON:
                return await _end(session, payment, PaymentState.EXPIRED, EXPIRED_REASON, events.EXPIRED)
            return await _end(session, payment, PaymentState.VOIDED, payment.reason, events.VOIDED)


async def _approved(session: WriteSession, payment: Payment, now: datetime, *, is_open: bool) -> bool:
    if is_open:
        payment.state = PaymentState.AUTHORIZED
        payment.action = None
        payment.next_check_at = None if payment.void_requested_at is None else now
        await ledger.authorize(session, payment)
        events.publish(session, payment, events.AUTHORIZED)
        return True
    if payment.state not in (PaymentState.AUTHORIZED, PaymentState.CAPTURED):
        log.warning("approval of a payment that had ended", payment_id=str(payment.id), state=payment.state)
        _unwanted(payment, now)
    return False


async def _paid(session: WriteSession, payment: Payment, fee_minor: int | None, now: datetime) -> bool:
    if payment.state == PaymentState.CAPTURED:
        # A webhook that says "paid" may come before the answer that says what it cost.
        if fee_minor and not await ledger.has_fee(session, payment):
            await ledger.fee(session, payment, fee_minor)
        return False
    was_authorized = payment.state == PaymentState.AUTHORIZED
    if payment.state not in (*repository.OPEN, PaymentState.AUTHORIZED):
        log.warning("money for a payment that had ended", payment_id=str(payment.id), state=payment.state)
        _unwanted(payment, now)
    payment.state = PaymentState.CAPTURED
    payment.captured_minor = payment.amount_minor
    payment.action = None
    payment.reason = None
    # The janitor goes on only with money that must be given back.
    payment.next_check_at = now if payment.void_requested_at is not None else None
    await ledger.capture(session, payment, was_authorized=was_authorized)
    if fee_minor:
        await ledger.fee(session, payment, fee_minor)
    events.publish(session, payment, events.CAPTURED)
    return True


async def _end(session: WriteSession, payment: Payment, state: PaymentState, reason: str | None, type_: str) -> bool:
    if payment.state == PaymentState.AUTHORIZED:
        await ledger.void(session, payment)
    payment.state = state
    payment.reason = reason
    payment.action = None
    payment.next_check_at = None
    events.publish(session, payment, type_)
    return True


def _unwanted(payment: Payment, now: datetime) -> None:
    payment.void_requested_at = payment.void_requested_at or now
    payment.next_check_at = now
