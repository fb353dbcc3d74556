"""The sandbox's own books. They share our database for convenience, and nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant, Timestamps, UuidKey
from subgraphs.bookings.base import Base


class ChargeState(StrEnum):
    """Where a charge stands at the sandbox."""

    UNREACHED = "UNREACHED"
    """Only calls that got lost on the way; to the caller the charge does not exist."""
    PROCESSING = "PROCESSING"
    WAITING = "WAITING"
    """For the traveler."""
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"


class SandboxCharge(Timestamps, Base):
    """What the sandbox knows of one payment."""

    __tablename__ = "sandbox_charges"
    __table_args__ = (
        UniqueConstraint("reference"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refunded"),
        Index("ix_sandbox_charges_decides_at", "decides_at", postgresql_where=text("state = 'PROCESSING'")),
    )

    idempotency_key: Mapped[str] = mapped_column(String(120), primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(unique=True)
    """The merchant's id, which comes back in webhooks."""
    reference: Mapped[str] = mapped_column(String(40))
    method: Mapped[str] = mapped_column(String(10))
    token: Mapped[str | None] = mapped_column(String(120))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    installments: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str | None] = mapped_column(String(60))
    action: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    fee_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    refunded_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    decides_at: Mapped[Instant | None]
    """When a charge in ``PROCESSING`` is approved."""


class SandboxRefund(Base):
    """A refund that the sandbox made, or refused."""

    __tablename__ = "sandbox_refunds"

    idempotency_key: Mapped[str] = mapped_column(String(120), primary_key=True)
    reference: Mapped[str] = mapped_column(String(40))
    charge_key: Mapped[str] = mapped_column(ForeignKey("sandbox_charges.idempotency_key"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    accepted: Mapped[bool]


class SandboxWebhook(Base):
    """An event that the sandbox owes its merchant."""

    __tablename__ = "sandbox_webhooks"
    __table_args__ = (Index("ix_sandbox_webhooks_due_at", "due_at", postgresql_where=text("delivered_at IS NULL")),)

    id: Mapped[UuidKey]
    event_id: Mapped[str] = mapped_column(String(40), unique=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    delivered_at: Mapped[Instant | None]
