"""What pages show of payments. Everything else about them is in the package ``payments``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import select

from shared.db import ReadSession
from subgraphs.bookings.payments.models import Payment


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> Mapping[UUID, Payment]:
    """The payments with these ids."""
    rows = await session.scalars(select(Payment).where(Payment.id.in_(ids)))
    return {row.id: row for row in rows}
