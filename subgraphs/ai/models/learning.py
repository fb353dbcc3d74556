"""Tables of the learning part: interactions, nights sold, and the models learned from them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant
from subgraphs.ai.models.base import Base


class StayRow(Base):
    """A booking as its newest event tells of it."""

    __tablename__ = "stays"

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the event that the row is from."""
    user_id: Mapped[UUID | None]
    """``None`` once the account is gone, and for guests of another system."""
    hotel_id: Mapped[UUID]
    room_type_id: Mapped[UUID]
    check_in: Mapped[date]
    check_out: Mapped[date]
    rooms: Mapped[int] = mapped_column(SmallInteger)
    guests: Mapped[int] = mapped_column(SmallInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    state: Mapped[str] = mapped_column(String(20))
    booked_at: Mapped[Instant]
    """Of the first event that we know of."""
    ended_at: Mapped[Instant | None]
    """When it was called off, expired or failed; ``None`` while it stands."""

    __table_args__ = (
        Index("ix_stays_user_id_booked_at", "user_id", "booked_at", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_stays_hotel_id_check_in", "hotel_id", "check_in"),
        Index("ix_stays_booked_at", "booked_at"),
    )


class ViewRow(Base):
    """A signed-in traveler who agreed to it looked at a hotel."""

    __tablename__ = "views"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    hotel_id: Mapped[UUID]
    viewed_at: Mapped[Instant]

    __table_args__ = (
        Index("ix_views_user_id_viewed_at", "user_id", "viewed_at"),
        Index("ix_views_viewed_at", "viewed_at"),
    )


class ForgottenUserRow(Base):
    """An account that is gone: events about it that come late are kept without it."""

    __tablename__ = "forgotten_users"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class ModelRow(Base):
    """A learned model. Rows are never changed; the oldest are deleted."""

    __tablename__ = "learned_models"

    version: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    """``recommendations`` or ``forecast``."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    """Arrays as NumPy's ``npz``, without pickles."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trained_at: Mapped[Instant]

    __table_args__ = (Index("ix_learned_models_kind_version", "kind", "version"),)


class CurrentModelRow(Base):
    """Which model of a kind is in use."""

    __tablename__ = "current_models"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger, ForeignKey("learned_models.version"))


class TrainingLeaseRow(Base):
    """Who trains a kind of model now, or when somebody last did."""

    __tablename__ = "training_leases"

    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    holder: Mapped[UUID | None]
    expires_at: Mapped[Instant]
    tried_at: Mapped[Instant]
    """When somebody last took it."""
