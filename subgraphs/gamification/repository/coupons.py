"""The table ``coupons``."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.gamification.models import Coupon


async def by_source(session: ReadSession, user_id: UUID, source: str) -> Coupon | None:
    """What the traveler got from a source."""
    return await session.scalar(select(Coupon).where(Coupon.user_id == user_id, Coupon.source == source))


async def add(session: WriteSession, coupon: Coupon) -> bool:
    """Write a coupon down; false when its code is taken."""
    columns = {
        column.key: getattr(coupon, column.key) for column in Coupon.__table__.columns if column.key != "created_at"
    }
    statement = insert(Coupon).values(**columns).on_conflict_do_nothing(index_elements=["code"]).returning(Coupon.id)
    return await session.scalar(statement) is not None
