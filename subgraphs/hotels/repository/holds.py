"""Statements on holds. Each transition is one conditional statement: of two rivals, one finds the state changed.

Locks are taken in this order, so that nobody waits in a circle: the hold that is replaced, then the one that replaces
it, then nights in key order (``subgraphs.hotels.repository.inventory``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.hotels.models import HoldState, InventoryHold

_KEEPS_ROOMS = (HoldState.HELD, HoldState.CONFIRMED)


async def find(session: ReadSession, hold_id: UUID) -> InventoryHold | None:
    """The hold as it is now."""
    return await session.scalar(
        select(InventoryHold).where(InventoryHold.hold_id == hold_id).execution_options(populate_existing=True)
    )


async def lock(session: WriteSession, hold_id: UUID) -> InventoryHold | None:
    """The hold, which nobody else changes until the transaction ends."""
    return await session.scalar(
        select(InventoryHold)
        .where(InventoryHold.hold_id == hold_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def add(session: WriteSession, values: Mapping[str, Any]) -> InventoryHold | None:
    """Claim ``hold_id``: a new hold, or ``None`` when there is one with this id.

    A rival with the same id waits here until our transaction ends.
    """
    statement = insert(InventoryHold).values(**values).on_conflict_do_nothing().returning(InventoryHold)
    return await session.scalar(statement)


async def refuse(session: WriteSession, hold_id: UUID, reason: str, sold_out_nights: Sequence[date]) -> InventoryHold:
    """Say why the hold that was just added keeps nothing."""
    statement = (
        update(InventoryHold)
        .where(InventoryHold.hold_id == hold_id, InventoryHold.state == HoldState.HELD)
        .values(
            state=HoldState.REFUSED,
            reason=reason,
            sold_out_nights=list(sold_out_nights),
            shared_rooms=0,
            shared_from=None,
            shared_until=None,
        )
        .returning(InventoryHold)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one()


async def confirm(session: WriteSession, hold_id: UUID, now: datetime) -> InventoryHold | None:
    """HELD and not due becomes CONFIRMED; ``None`` when it was anything else."""
    return await _transition(
        session,
        (
            InventoryHold.hold_id == hold_id,
            InventoryHold.state == HoldState.HELD,
            InventoryHold.expires_at > now,
        ),
        {"state": HoldState.CONFIRMED, "confirmed_at": now},
    )


async def expire(session: WriteSession, hold_id: UUID, now: datetime) -> InventoryHold | None:
    """HELD and due becomes EXPIRED; ``None`` when it was anything else."""
    return await _transition(
        session,
        (
            InventoryHold.hold_id == hold_id,
            InventoryHold.state == HoldState.HELD,
            InventoryHold.expires_at <= now,
        ),
        {"state": HoldState.EXPIRED},
    )


async def release(session: WriteSession, hold_id: UUID, booking_id: UUID, now: datetime) -> InventoryHold | None:
    """HELD or CONFIRMED becomes RELEASED, and so does a hold that nobody has asked for yet.

    One statement, because between a look and an insert the hold itself may arrive.

    Returns:
        The released hold, without a stay when there was none; ``None`` when its rooms had been given back before.
    """
    new = insert(InventoryHold).values(
        hold_id=hold_id, booking_id=booking_id, state=HoldState.RELEASED, created_at=now, updated_at=now
    )
    statement = (
        new.on_conflict_do_update(
            index_elements=[InventoryHold.hold_id],
            set_={"state": HoldState.RELEASED, "version": InventoryHold.version + 1, "updated_at": now},
            where=and_(InventoryHold.booking_id == booking_id, InventoryHold.state.in_(_KEEPS_ROOMS)),
        )
        .returning(InventoryHold)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(statement)


async def expire_due(session: WriteSession, now: datetime, limit: int) -> Sequence[InventoryHold]:
    """Up to ``limit`` due holds become EXPIRED, those that are longest due first.

    Holds that somebody is changing are passed over, so that any number of workers share the work and none waits.
    """
    due = (
        select(InventoryHold.hold_id)
        .where(InventoryHold.state == HoldState.HELD, InventoryHold.expires_at <= now)
        .order_by(InventoryHold.expires_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
        # A common table expression that locks is run once; a subquery might be run again and lock other rows as well.
        .cte("due")
    )
    statement = (
        update(InventoryHold)
        .where(InventoryHold.hold_id == due.c.hold_id)
        .values(state=HoldState.EXPIRED, version=InventoryHold.version + 1)
        .returning(InventoryHold)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return (await session.scalars(statement)).all()


async def next_due(session: ReadSession) -> datetime | None:
    """When the next hold is due; ``None`` when none is waiting."""
    return await session.scalar(select(func.min(InventoryHold.expires_at)).where(InventoryHold.state == HoldState.HELD))


async def lock_sharing(session: WriteSession, hold_id: UUID) -> InventoryHold | None:
    """The hold that counts rooms of the sold hold ``hold_id`` as its own, locked. Lock or release ``hold_id`` first:

    only then no other can begin to share its rooms.
    """
    return await session.scalar(
        select(InventoryHold)
        .where(
            InventoryHold.replaces_hold_id == hold_id,
            InventoryHold.state == HoldState.HELD,
            InventoryHold.shared_rooms > 0,
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def stop_sharing(session: WriteSession, hold_id: UUID) -> None:
    """From now on all rooms of the hold are counted as its own."""
    await session.execute(
        update(InventoryHold)
        .where(InventoryHold.hold_id == hold_id)
        .values(shared_rooms=0, shared_from=None, shared_until=None)
    )


async def _transition(
    session: WriteSession, conditions: Sequence[Any], values: Mapping[str, Any]
) -> InventoryHold | None:
    statement = (
        update(InventoryHold)
        .where(*conditions)
        .values(**values, version=InventoryHold.version + 1)
        .returning(InventoryHold)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(statement)
