"""SQL of the coupons. A use is taken by one conditional UPDATE, which also locks the coupon for what follows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, func, literal, or_, select, text, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.coupons.models import Coupon, CouponRedemption
from subgraphs.bookings.coupons.rules import KnownCoupon


async def add_if_new(session: WriteSession, values: Mapping[str, Any]) -> Coupon | None:
    """Insert a coupon; ``None`` when its id or its code is taken. A rival's uncommitted one is waited for."""
    statement = insert(Coupon).values(**values).on_conflict_do_nothing().returning(Coupon)
    return (await session.scalars(statement)).one_or_none()


async def by_id(session: ReadSession, coupon_id: UUID) -> Coupon | None:
    """The coupon, as it is now."""
    return await session.get(Coupon, coupon_id, populate_existing=True)


async def by_code(session: ReadSession, code: str) -> Coupon | None:
    """The coupon with this code, as it is now."""
    statement = select(Coupon).where(Coupon.code == code).execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def known(session: ReadSession, code: str, user_id: UUID | None) -> KnownCoupon | None:
    """The coupon with this code, and how often the user has used it."""
    used = (
        select(func.count())
        .where(
            CouponRedemption.coupon_id == Coupon.id,
            CouponRedemption.user_id == user_id,
            CouponRedemption.released_at.is_(None),
        )
        .scalar_subquery()
    )
    statement = select(Coupon, used).where(Coupon.code == code).execution_options(populate_existing=True)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else KnownCoupon(*row)


async def take_use(session: WriteSession, coupon_id: UUID, now: datetime) -> bool:
    """Count one more use, if there is one left; the coupon then stays locked until the transaction ends."""
    statement = (
        update(Coupon)
        .where(
            Coupon.id == coupon_id,
            Coupon.is_active,
            Coupon.valid_from <= now,
            or_(Coupon.valid_until.is_(None), Coupon.valid_until > now),
            or_(Coupon.max_uses.is_(None), Coupon.uses < Coupon.max_uses),
        )
        .values(uses=Coupon.uses + 1)
        .returning(Coupon.id)
    )
    return await session.scalar(statement) is not None


# The coupon is locked by then, so nobody else takes a slot of it: the first free one that this statement sees is free.
_TAKE_SLOT = text("""
    INSERT INTO coupon_redemptions (booking_id, coupon_id, user_id, slot, redeemed_at)
    SELECT :booking_id, coupon.id, :user_id, slot, :now
    FROM coupons AS coupon, generate_series(1, coupon.max_uses_per_user) AS slot
    WHERE coupon.id = :coupon_id AND NOT EXISTS (
        SELECT FROM coupon_redemptions AS taken
        WHERE taken.coupon_id = coupon.id AND taken.user_id = :user_id AND taken.slot = slot.slot
              AND taken.released_at IS NULL
    )
    ORDER BY slot LIMIT 1
    RETURNING slot
""")


async def take_slot(session: WriteSession, *, coupon_id: UUID, booking_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Note that a booking of the user uses the coupon, after :func:`take_use`; ``False`` when they may not again."""
    values = {"coupon_id": coupon_id, "booking_id": booking_id, "user_id": user_id, "now": now}
    return await session.scalar(_TAKE_SLOT, values) is not None


async def give_back(session: WriteSession, booking_id: UUID, now: datetime) -> None:
    """Undo the use that a booking made of a coupon, once; do nothing for a booking that uses none."""
    released = (
        update(CouponRedemption)
        .where(CouponRedemption.booking_id == booking_id, CouponRedemption.released_at.is_(None))
        .values(released_at=now)
        .returning(CouponRedemption.coupon_id)
        .cte("released")
    )
    await session.execute(
        update(Coupon)
        .where(Coupon.id.in_(select(released.c.coupon_id)))
        .values(uses=Coupon.uses - 1)
        .execution_options(synchronize_session=False)
    )


async def deactivate(session: WriteSession, coupon_id: UUID) -> bool:
    """Let nobody use the coupon any more; ``False`` when there is none."""
    statement = update(Coupon).where(Coupon.id == coupon_id).values(is_active=False).returning(Coupon.id)
    return await session.scalar(statement) is not None


async def listed(session: ReadSession, *, owner_id: UUID | None, after: UUID | None, limit: int) -> Sequence[Coupon]:
    """All coupons, or those of one traveler, the newest first."""
    statement = select(Coupon).order_by(Coupon.id.desc()).limit(limit)
    if owner_id is not None:
        statement = statement.where(Coupon.owner_id == owner_id)
    if after is not None:
        statement = statement.where(Coupon.id < after)
    return (await session.scalars(statement)).all()


@dataclass(frozen=True, slots=True)
class CouponPage:
    """A page of the coupons of one traveler, the newest first."""

    owner_id: UUID
    after: UUID | None
    limit: int


async def of_owners(session: ReadSession, asked: Collection[CouponPage]) -> Mapping[CouponPage, Sequence[Coupon]]:
    """Pages of the coupons of travelers: one query for all."""
    pages = list(asked)
    parts = []
    for ordinal, page in enumerate(pages):
        statement = select(Coupon, literal(ordinal, Integer).label("ordinal")).where(Coupon.owner_id == page.owner_id)
        if page.after is not None:
            statement = statement.where(Coupon.id < page.after)
        parts.append(statement.order_by(Coupon.id.desc()).limit(page.limit).subquery())
    union = union_all(*(part.select() for part in parts)).subquery()
    row = aliased(Coupon, union)
    found: dict[CouponPage, list[Coupon]] = {page: [] for page in pages}
    for ordinal, coupon in await session.execute(
        select(union.c.ordinal, row).order_by(union.c.ordinal, union.c.id.desc())
    ):
        found[pages[ordinal]].append(coupon)
    return found
