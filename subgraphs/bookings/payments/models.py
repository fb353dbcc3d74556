"""Tables of the payments: what was asked for, what the provider said, and the ledger.

Amounts are integer minor units of the payment's currency. ``booking_id`` is no foreign key: a payment outlives whatever
bookings does with its own tables. The sandbox's tables are imported here so that one import knows all of them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant, Timestamps, UuidKey
from subgraphs.bookings.base import Base
from subgraphs.bookings.payments.sandbox.models import SandboxCharge, SandboxRefund, SandboxWebhook

__all__ = [
    "EntryKind",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerPosting",
    "MethodKind",
    "Payment",
    "PaymentState",
    "Refund",
    "RefundState",
    "SandboxCharge",
    "SandboxRefund",
    "SandboxWebhook",
    "WebhookDelivery",
    "WebhookOutcome",
]


class MethodKind(StrEnum):
    """How the traveler pays."""

    CARD = "CARD"
    PIX = "PIX"
    BOLETO = "BOLETO"


class PaymentState(StrEnum):
    """Where a payment stands, as far as the provider has told us."""

    PENDING = "PENDING"
    """Asked for; the provider has not decided, or its answer did not arrive."""
    ACTION_REQUIRED = "ACTION_REQUIRED"
    """The traveler must do something: pass 3-D Secure, pay the PIX code or the boleto."""
    AUTHORIZED = "AUTHORIZED"
    """The provider reserves the money for us."""
    CAPTURED = "CAPTURED"
    """The money is ours to pass on; refunds do not change the state."""
    DECLINED = "DECLINED"
    """The traveler's bank refused."""
    FAILED = "FAILED"
    """The traveler did not pass what was asked, or the provider cannot carry it out."""
    VOIDED = "VOIDED"
    """Given up before capture; the provider has confirmed it."""
    EXPIRED = "EXPIRED"
    """Not paid in time; the provider has confirmed that it cannot be paid any more."""


class RefundState(StrEnum):
    """Where a refund stands."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class WebhookOutcome(StrEnum):
    """What a provider's event did to us."""

    APPLIED = "APPLIED"
    """It changed a payment."""
    STALE = "STALE"
    """It told of something that we knew, or that later events have overtaken."""
    UNKNOWN_PAYMENT = "UNKNOWN_PAYMENT"
    """No payment of ours has that id."""


class EntryKind(StrEnum):
    """What moved the money of a ledger entry."""

    AUTHORIZATION = "AUTHORIZATION"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"
    FEE = "FEE"


class Payment(Timestamps, Base):
    """One amount that a traveler is asked for, once, by one method."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("captured_minor IN (0, amount_minor)", name="captured"),
        CheckConstraint("(state = 'CAPTURED') = (captured_minor > 0)", name="captured_state"),
        CheckConstraint("refunded_minor BETWEEN 0 AND captured_minor", name="refunded"),
        CheckConstraint("installments BETWEEN 1 AND 12", name="installments"),
        CheckConstraint("(method = 'CARD') = (card_token IS NOT NULL)", name="card_token"),
        CheckConstraint("commission_bps BETWEEN 0 AND 10000", name="commission"),
        Index("ix_payments_booking_id", "booking_id", "id"),
        Index("ix_payments_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: Mapped[UuidKey]
    """Chosen by the caller; also the provider's idempotency key."""
    booking_id: Mapped[UUID]
    provider: Mapped[str] = mapped_column(String(20))
    method: Mapped[str] = mapped_column(String(10))
    card_token: Mapped[str | None] = mapped_column(String(120))
    """The provider's name for the card; never a card number."""
    installments: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(20), server_default=PaymentState.PENDING)
    captured_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Refunds that were made or are on their way: reserved before the provider is asked."""
    commission_bps: Mapped[int] = mapped_column(Integer)
    """Our share in hundredths of a percent, as it was when the payment was opened."""
    provider_reference: Mapped[str | None] = mapped_column(String(120))
    action: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What the traveler must do, while the state is ``ACTION_REQUIRED``: ``{"kind": ..., ...}``."""
    reason: Mapped[str | None] = mapped_column(String(60))
    """Why it was declined or failed, as a code such as ``insufficient_funds``."""
    expires_at: Mapped[Instant | None]
    """When the payment is given up unless it was authorized or paid."""
    capture_requested_at: Mapped[Instant | None]
    void_requested_at: Mapped[Instant | None]
    """Since when nobody wants this payment: whatever arrives for it is given back."""
    next_check_at: Mapped[Instant | None]
    """When the janitor looks at it next; ``None`` when it is finished."""
    checks: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How often the janitor looked in vain; its waits grow with it."""
    event_sequence: Mapped[int] = mapped_column(Integer, server_default="0")
    """Counts the payment's events."""


class Refund(Timestamps, Base):
    """Money given back from a captured payment."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_refunds_payment_id", "payment_id", "id"),
    )

    id: Mapped[UuidKey]
    """Chosen by the caller; also the provider's idempotency key."""
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(12), server_default=RefundState.PENDING)
    provider_reference: Mapped[str | None] = mapped_column(String(120))
    reason: Mapped[str | None] = mapped_column(String(60))


class WebhookDelivery(Base):
    """An event that a provider told us of, stored once however often it is delivered."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (UniqueConstraint("provider", "event_id"),)

    id: Mapped[UuidKey]
    provider: Mapped[str] = mapped_column(String(20))
    event_id: Mapped[str] = mapped_column(String(120))
    """The provider's own id of the event."""
    type: Mapped[str] = mapped_column(String(60))
    payment_id: Mapped[UUID | None] = mapped_column(index=True)
    occurred_at: Mapped[Instant]
    received_at: Mapped[Instant] = mapped_column(server_default=func.now())
    outcome: Mapped[str] = mapped_column(String(20))


class LedgerAccount(Base):
    """A pot of money in one currency. What each kind means is in ``ledger.Account``."""

    __tablename__ = "ledger_accounts"
    __table_args__ = (UniqueConstraint("kind", "currency"), UniqueConstraint("id", "currency"))

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(30))
    currency: Mapped[str] = mapped_column(String(3))


class LedgerEntry(Base):
    """One movement of money. Its postings sum to zero in each currency; nothing here is ever changed."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("reference"),
        Index("ix_ledger_entries_payment_id", "payment_id", "id"),
        Index("ix_ledger_entries_booking_id", "booking_id", "id"),
    )

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(20))
    reference: Mapped[str] = mapped_column(String(80))
    """``capture:<payment id>``, ``refund:<refund id>``: a movement that is entered twice is refused."""
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    booking_id: Mapped[UUID]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class LedgerPosting(Base):
    """One side of an entry: debits are positive, credits negative."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        UniqueConstraint("entry_id", "account_id"),
        # A posting in another currency than its account's cannot be written.
        ForeignKeyConstraint(["account_id", "currency"], ["ledger_accounts.id", "ledger_accounts.currency"]),
        CheckConstraint("amount_minor <> 0", name="amount"),
        Index("ix_ledger_postings_account_id", "account_id"),
    )

    id: Mapped[UuidKey]
    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entries.id"))
    account_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
