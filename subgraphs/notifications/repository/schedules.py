"""The table ``schedules``: what to tell users later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from shared.db import WriteSession
from subgraphs.notifications.kinds import Kind
from subgraphs.notifications.models import Schedule


async def put(
    session: WriteSession,
    *,
    user_id: UUID,
    kind: Kind,
    cause_id: str,
    sequence: int,
    due_at: datetime,
    data: Mapping[str, Any],
    booking_id: UUID | None,
    is_dropped: bool = False,
) -> None:
    """Set when and what to tell, unless a later event has set it already. Under the lock of the user's feed.

    A dropped row stays, so that an older event that comes late does not bring it back.
    """
    statement = insert(Schedule).values(
        user_id=user_id,
        kind=kind,
        cause_id=cause_id,
        due_at=due_at,
        state="DROPPED" if is_dropped else "WAITING",
        sequence=sequence,
        data=dict(data),
        booking_id=booking_id,
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "kind", "cause_id"],
            set_={"due_at": new.due_at, "state": new.state, "sequence": new.sequence, "data": new.data,
                  "leased_until": None, "lease_owner": None},
            where=Schedule.sequence < new.sequence,
        )
    )  # fmt: skip


async def lease(session: WriteSession, *, owner: str, now: datetime, seconds: float, limit: int) -> Sequence[Schedule]:
    """Take schedules that are due, the longest due first. Workers skip rows that another is just taking."""
    key = (Schedule.user_id, Schedule.kind, Schedule.cause_id)
    due = (
        select(*key)
        .where(
            Schedule.state == "WAITING",
            Schedule.due_at <= now,
            or_(Schedule.leased_until.is_(None), Schedule.leased_until < now),
        )
        .order_by(Schedule.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(Schedule)
        .where(tuple_(*key).in_(select(due.c.user_id, due.c.kind, due.c.cause_id)))
        .values(leased_until=now + timedelta(seconds=seconds), lease_owner=owner)
        .returning(Schedule)
    )
    return (await session.scalars(statement)).all()


async def fire(session: WriteSession, leased: Schedule, now: datetime) -> bool:
    """Note that a leased schedule is told; ``False`` when it was moved, dropped or taken over meanwhile.

    Under the lock of the user's feed, as every change of a schedule but the lease.
    """
    statement = (
        update(Schedule)
        .where(
            Schedule.user_id == leased.user_id,
            Schedule.kind == leased.kind,
            Schedule.cause_id == leased.cause_id,
            Schedule.state == "WAITING",
            Schedule.lease_owner == leased.lease_owner,
            Schedule.sequence == leased.sequence,
            Schedule.due_at <= now,
        )
        .values(state="FIRED", leased_until=None, lease_owner=None)
        .returning(Schedule.user_id)
    )
    return (await session.execute(statement)).one_or_none() is not None
