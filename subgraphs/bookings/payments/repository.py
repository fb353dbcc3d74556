"""SQL of the payments. Locks are taken on the payment first; its refunds and entries follow under that lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Interval, and_, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession, new_id
from subgraphs.bookings.payments.models import (
    Payment,
    PaymentState,
    Refund,
    RefundState,
    WebhookDelivery,
    WebhookOutcome,
)

OPEN = (PaymentState.PENDING, PaymentState.ACTION_REQUIRED)
"""States in which the traveler may still pay."""

_MAX_WAIT = timedelta(hours=1)


async def add_if_new(session: WriteSession, values: dict[str, Any]) -> None:
    """Insert a payment unless its id is known."""
    await session.execute(insert(Payment).values(values).on_conflict_do_nothing(index_elements=["id"]))


async def get(session: ReadSession, payment_id: UUID) -> Payment | None:
    """The payment, as it is now and not as the session read it before."""
    return await session.get(Payment, payment_id, populate_existing=True)


async def of_booking(session: ReadSession, booking_id: UUID) -> Sequence[Payment]:
    """The booking's payments, oldest first."""
    return (await session.scalars(select(Payment).where(Payment.booking_id == booking_id).order_by(Payment.id))).all()


async def lock(session: WriteSession, payment_id: UUID) -> Payment | None:
    """The payment, locked until the transaction ends."""
    return await session.get(Payment, payment_id, populate_existing=True, with_for_update=True)


async def request_capture(session: WriteSession, payment_id: UUID, now: datetime, next_check_at: datetime) -> None:
    """Note that we are about to capture an authorized payment that nobody has given up."""
    await session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.state == PaymentState.AUTHORIZED,
            Payment.void_requested_at.is_(None),
        )
        .values(capture_requested_at=func.coalesce(Payment.capture_requested_at, now), next_check_at=next_check_at)
    )


async def request_void(session: WriteSession, payment_id: UUID, now: datetime, next_check_at: datetime) -> None:
    """Note that nobody wants the payment any more. Asking again does not hurry the janitor."""
    await session.execute(
        update(Payment)
        .where(Payment.id == payment_id)
        .values(
            void_requested_at=func.coalesce(Payment.void_requested_at, now),
            next_check_at=case(
                (Payment.void_requested_at.is_(None), next_check_at),
                else_=func.coalesce(Payment.next_check_at, next_check_at),
            ),
            checks=case((Payment.void_requested_at.is_(None), 0), else_=Payment.checks),
        )
    )


async def request_expiry(session: WriteSession, payment_id: UUID, now: datetime, reason: str) -> None:
    """Give up a payment that was not paid in time, unless somebody did so before."""
    await session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.state.in_(OPEN),
            Payment.void_requested_at.is_(None),
            Payment.expires_at <= now,
        )
        .values(void_requested_at=now, reason=reason)
    )


async def reserve_refund(session: WriteSession, payment_id: UUID, amount_minor: int, next_check_at: datetime) -> bool:
    """Set ``amount_minor`` of what was captured aside for a refund; False when there is not that much left."""
    reserved = await session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            Payment.state == PaymentState.CAPTURED,
            Payment.refunded_minor + amount_minor <= Payment.captured_minor,
        )
        .values(
            refunded_minor=Payment.refunded_minor + amount_minor,
            next_check_at=func.coalesce(Payment.next_check_at, next_check_at),
        )
        .returning(Payment.id)
    )
    return reserved.first() is not None


async def refund(session: ReadSession, refund_id: UUID) -> Refund | None:
    """The refund, as it is now."""
    return await session.get(Refund, refund_id, populate_existing=True)


async def pending_refunds(session: ReadSession, payment_id: UUID) -> Sequence[Refund]:
    """Refunds of the payment whose outcome we do not know yet, oldest first."""
    return (
        await session.scalars(
            select(Refund)
            .where(Refund.payment_id == payment_id, Refund.state == RefundState.PENDING)
            .order_by(Refund.id)
            .execution_options(populate_existing=True)
        )
    ).all()


async def refunded(session: ReadSession, payment_id: UUID) -> int:
    """Sum of the refunds that were made."""
    total = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.payment_id == payment_id, Refund.state == RefundState.SUCCEEDED
        )
    )
    return int(total or 0)


async def claim_due(session: WriteSession, now: datetime, interval: timedelta, limit: int) -> Sequence[Payment]:
    """Unfinished payments that are due for a look, put off so that no other janitor takes them meanwhile.

    A janitor that dies in between costs one wait: ``interval``, doubled with every look, at most an hour.
    """
    due = (
        select(Payment.id)
        .where(Payment.next_check_at <= now)
        .order_by(Payment.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    seconds = func.least(
        interval.total_seconds() * func.power(2.0, func.least(Payment.checks, 12)), _MAX_WAIT.total_seconds()
    )
    wait = func.make_interval(0, 0, 0, 0, 0, 0, seconds, type_=Interval)
    next_check_at = literal(now, DateTime(timezone=True)) + wait
    return (
        await session.scalars(
            update(Payment)
            .where(Payment.id.in_(due))
            .values(
                checks=func.least(Payment.checks + 1, 100),
                # A payment is not left waiting beyond its own deadline.
                next_check_at=func.least(
                    next_check_at,
                    func.coalesce(func.nullif(func.greatest(Payment.expires_at, now), now), next_check_at),
                ),
            )
            .returning(Payment)
            .execution_options(populate_existing=True)
        )
    ).all()


async def finish_checks(session: WriteSession, payment_id: UUID) -> None:
    """Take the payment off the janitor's list when nothing about it is open."""
    unsettled = select(Refund.id).where(Refund.payment_id == Payment.id, Refund.state == RefundState.PENDING).exists()
    await session.execute(
        update(Payment)
        .where(
            Payment.id == payment_id,
            ~unsettled,
            or_(
                Payment.state.not_in([*OPEN, PaymentState.AUTHORIZED, PaymentState.CAPTURED]),
                and_(Payment.state == PaymentState.AUTHORIZED, Payment.void_requested_at.is_(None)),
                and_(
                    Payment.state == PaymentState.CAPTURED,
                    or_(Payment.void_requested_at.is_(None), Payment.refunded_minor == Payment.captured_minor),
                ),
            ),
        )
        .values(next_check_at=None, checks=0)
    )


async def stop_checks(session: WriteSession, payment_id: UUID) -> None:
    """Take the payment off the janitor's list though it is not finished: a person has to look."""
    await session.execute(update(Payment).where(Payment.id == payment_id).values(next_check_at=None, checks=0))


async def add_delivery_if_new(session: WriteSession, values: dict[str, Any]) -> UUID | None:
    """Insert a provider's event; ``None`` when it was delivered before. A rival's uncommitted one is waited for."""
    inserted: UUID | None = await session.scalar(
        insert(WebhookDelivery)
        .values({"id": new_id(), "outcome": WebhookOutcome.STALE, **values})
        .on_conflict_do_nothing(index_elements=["provider", "event_id"])
        .returning(WebhookDelivery.id)
    )
    return inserted


async def set_delivery_outcome(session: WriteSession, delivery_id: UUID, outcome: WebhookOutcome) -> None:
    """Note what the event did."""
    await session.execute(update(WebhookDelivery).where(WebhookDelivery.id == delivery_id).values(outcome=outcome))
