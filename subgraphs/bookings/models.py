"""Tables of the bookings domain.

The truth is in ``booking_events``; every other table about bookings (``booking_list``, ``hotel_arrivals``,
``hotel_calendar``) can be emptied and made again from it. Money is integer minor units in the hotel's currency.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    Identity,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant, OutboxMixin, UuidKey
from shared.db.inbox import InboxMixin
from subgraphs.bookings.base import Base
from subgraphs.bookings.coupons import models as coupon_models  # their tables are in the same metadata
from subgraphs.bookings.payments import models as payment_models  # as are those of payments

__all__ = [
    "Base",
    "BookingCode",
    "BookingEventRow",
    "BookingRow",
    "BookingSnapshot",
    "HotelArrival",
    "HotelCalendarNight",
    "IdempotencyKey",
    "InboxMessage",
    "OutboxMessage",
    "ProjectionPosition",
    "Saga",
    "coupon_models",
    "payment_models",
]


class BookingEventRow(Base):
    """One event of one booking. Rows are only ever added: a trigger refuses everything else.

    The primary key is the optimistic lock: of two that append the same ``sequence``, one fails.
    """

    __tablename__ = "booking_events"
    __table_args__ = (
        CheckConstraint("sequence >= 1", name="sequence"),
        Index("ix_booking_events_transaction_id_position", "transaction_id", "position"),
    )

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column(SmallInteger)
    """Of the payload's shape."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[Instant]
    actor: Mapped[UUID | None]
    """The user who did it; NULL for the platform itself."""
    transaction_id: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)"))
    """The transaction that wrote it: what followers of all events go by, see ``projections.projector``."""
    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True))


class BookingSnapshot(Base):
    """A booking's state after many events, so that loading it does not read all of them."""

    __tablename__ = "booking_snapshots"

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    schema_version: Mapped[int] = mapped_column(SmallInteger)
    """Of the state's shape: a snapshot of another shape is not read."""
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)


class BookingCode(Base):
    """The short codes that are taken."""

    __tablename__ = "booking_codes"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(unique=True)


class BookingRow(Base):
    """A booking as lists and pages show it: a projection of its events."""

    __tablename__ = "booking_list"
    __table_args__ = (
        Index("ix_booking_list_user_id_requested_at", "user_id", "requested_at", "id"),
        Index("ix_booking_list_hotel_id_check_in", "hotel_id", "check_in", "id"),
    )

    id: Mapped[UuidKey]
    version: Mapped[int]
    code: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[UUID]
    hotel_id: Mapped[UUID]
    hotel_name: Mapped[str] = mapped_column(String(200))
    room_type_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(12))
    check_in: Mapped[date] = mapped_column(Date)
    check_out: Mapped[date] = mapped_column(Date)
    guests: Mapped[int] = mapped_column(SmallInteger)
    rooms: Mapped[int] = mapped_column(SmallInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    payment_method: Mapped[str] = mapped_column(String(10))
    expires_at: Mapped[Instant]
    """Until when the rooms are kept without payment."""
    payment_action: Mapped[str | None] = mapped_column(String(40))
    failure_reason: Mapped[str | None] = mapped_column(String(40))
    failure_detail: Mapped[str | None] = mapped_column(Text)
    cancellation_reason: Mapped[str | None] = mapped_column(Text)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    refund_due_minor: Mapped[int] = mapped_column(BigInteger)
    refunded_minor: Mapped[int] = mapped_column(BigInteger)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What pages show and no filter needs: nights, cancellation terms, changes, sold-out nights."""
    requested_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class HotelArrival(Base):
    """A booking on the day on which a hotel expects it: a projection."""

    __tablename__ = "hotel_arrivals"
    __table_args__ = (Index("ix_hotel_arrivals_booking_id", "booking_id"),)

    hotel_id: Mapped[UUID] = mapped_column(primary_key=True)
    arrival: Mapped[date] = mapped_column(Date, primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    guests: Mapped[int] = mapped_column(SmallInteger)
    rooms: Mapped[int] = mapped_column(SmallInteger)
    has_arrived: Mapped[bool]
    version: Mapped[int]


class HotelCalendarNight(Base):
    """A night that a booking has bought at a hotel: a projection that a manager's calendar adds up."""

    __tablename__ = "hotel_calendar"
    __table_args__ = (Index("ix_hotel_calendar_booking_id", "booking_id"),)

    hotel_id: Mapped[UUID] = mapped_column(primary_key=True)
    night: Mapped[date] = mapped_column(Date, primary_key=True)
    room_type_id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    rooms: Mapped[int] = mapped_column(SmallInteger)
    revenue_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))


class ProjectionPosition(Base):
    """How far a projection has followed ``booking_events``."""

    __tablename__ = "projections"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Saga(Base):
    """A sale or a change of stay: which step it is at, when to look at it next, and who is working on it."""

    __tablename__ = "sagas"
    __table_args__ = (
        Index("ix_sagas_next_run_at", "next_run_at", postgresql_where=text("state IN ('RUNNING', 'COMPENSATING')")),
        Index("ix_sagas_stuck", "updated_at", postgresql_where=text("state = 'STUCK'")),
        Index(
            "ix_sagas_finished",
            "updated_at",
            "id",
            postgresql_where=text("state IN ('COMPLETED', 'COMPENSATED')"),
        ),
        Index("ix_sagas_booking_id", "booking_id"),
        CheckConstraint("(kind = 'SALE') = (id = booking_id)", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """The booking's id for its sale, the change's id for a change of stay."""
    kind: Mapped[str] = mapped_column(String(10), server_default="SALE")
    """``SALE`` or ``CHANGE``."""
    booking_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(12))
    step: Mapped[str] = mapped_column(String(30))
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    """Rises with every change of step: what was done for an older revision no longer counts."""
    deadline: Mapped[Instant]
    """When a sale that is not authorised by then is given up."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Of the present step."""
    next_run_at: Mapped[Instant]
    leased_until: Mapped[datetime | None]
    lease_owner: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    updated_at: Mapped[Instant] = mapped_column(server_default=func.now())


class IdempotencyKey(Base):
    """A request to book or to change a stay that was already made, by the key that its maker chose."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    booking_id: Mapped[UUID]
    change_id: Mapped[UUID | None]
    """The change of stay, when that is what was asked for."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class OutboxMessage(OutboxMixin, Base):
    """Events, commands and mails of this domain that await delivery."""


class InboxMessage(InboxMixin, Base):
    """Messages of other domains that this one has had."""
