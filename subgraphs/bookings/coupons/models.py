"""Tables of the coupons. Amounts are integer minor units of the coupon's currency."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Instant, UuidKey
from subgraphs.bookings.base import Base

MAX_USES_PER_USER = 100


class Coupon(Base):
    """A discount that one traveler, or everybody, can have by its code.

    Its terms never change: a booking was priced by them. Only ``uses`` and ``is_active`` do.
    """

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9]{4,40}$'", name="code"),
        CheckConstraint("(percent IS NULL) <> (amount_minor IS NULL)", name="one_discount"),
        CheckConstraint("percent BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("minimum_minor >= 0", name="minimum"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(
            "currency IS NOT NULL OR (amount_minor IS NULL AND minimum_minor = 0)", name="amounts_have_a_currency"
        ),
        CheckConstraint("valid_until > valid_from", name="validity"),
        CheckConstraint("max_uses >= 1", name="max_uses"),
        CheckConstraint(f"max_uses_per_user BETWEEN 1 AND {MAX_USES_PER_USER}", name="max_uses_per_user"),
        # Whatever a bug does: nobody has more uses than there are.
        CheckConstraint("uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)", name="uses"),
        Index("ix_coupons_owner_id", "owner_id", "id", postgresql_where=text("owner_id IS NOT NULL")),
    )

    id: Mapped[UuidKey]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    owner_id: Mapped[UUID | None]
    """The only traveler who may use it; NULL for everybody."""
    percent: Mapped[int | None] = mapped_column(SmallInteger)
    """Of the price of the rooms."""
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    """Of the bookings that it counts for; NULL for any."""
    minimum_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The price of the rooms from which it counts."""
    valid_from: Mapped[Instant]
    valid_until: Mapped[datetime | None]
    """NULL for without an end."""
    max_uses: Mapped[int | None] = mapped_column(Integer)
    """By all travelers together; NULL for without a limit."""
    max_uses_per_user: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    uses: Mapped[int] = mapped_column(Integer, server_default="0")
    """Redemptions that were not given back."""
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_by: Mapped[UUID | None]
    """The administrator who made it; NULL when gamification granted it."""
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class CouponRedemption(Base):
    """A coupon that a booking uses, or has used and given back.

    Each use of a traveler has a slot, from 1 to the coupon's ``max_uses_per_user``, and a slot is taken once.
    """

    __tablename__ = "coupon_redemptions"
    __table_args__ = (
        Index(
            "uq_coupon_redemptions_slot", "coupon_id", "user_id", "slot",
            unique=True, postgresql_where=text("released_at IS NULL"),
        ),
        CheckConstraint(f"slot BETWEEN 1 AND {MAX_USES_PER_USER}", name="slot"),
    )  # fmt: skip

    booking_id: Mapped[UUID] = mapped_column(primary_key=True)
    coupon_id: Mapped[UUID] = mapped_column(ForeignKey("coupons.id"))
    user_id: Mapped[UUID]
    slot: Mapped[int] = mapped_column(SmallInteger)
    redeemed_at: Mapped[Instant]
    released_at: Mapped[datetime | None]
    """When it was given back; NULL while it is used."""
