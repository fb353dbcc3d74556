"""A booking's money, for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select

from shared.db import ReadSession
from subgraphs.bookings.payments import repository
from subgraphs.bookings.payments.models import LedgerAccount, LedgerEntry, LedgerPosting, Payment, Refund


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A refund of one of the booking's payments."""

    id: UUID
    amount_minor: int
    currency: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One side of a movement: debits are positive."""

    created_at: datetime
    movement: str
    account: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class BookingMoney:
    """All that payments know of one booking."""

    payments: Sequence[Payment]
    refunds: Sequence[RefundLine]
    postings: Sequence[PostingLine]


async def money_of_booking(session: ReadSession, booking_id: UUID) -> BookingMoney:
    """The booking's payments, refunds and postings, oldest first."""
    refunds = await session.execute(
        select(Refund.id, Refund.amount_minor, Payment.currency, Refund.state, Refund.reason)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.booking_id == booking_id)
        .order_by(Refund.id)
    )
    postings = await session.execute(
        select(
            LedgerEntry.created_at,
            LedgerEntry.kind,
            LedgerAccount.kind,
            LedgerPosting.amount_minor,
            LedgerPosting.currency,
        )
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerEntry.booking_id == booking_id)
        # Debits first within an entry, as accountants write them.
        .order_by(LedgerEntry.id, case((LedgerPosting.amount_minor > 0, 0), else_=1), LedgerPosting.id)
    )
    return BookingMoney(
        payments=await repository.of_booking(session, booking_id),
        refunds=[RefundLine(*row) for row in refunds],
        postings=[PostingLine(*row) for row in postings],
    )
