"""The table ``sagas``: leases, locks and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, tuple_, update

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.booking.aggregate import CALLED_OFF, BookingState
from subgraphs.bookings.models import BookingRow, Saga

RUNNING: Final = "RUNNING"
COMPENSATING: Final = "COMPENSATING"
COMPLETED: Final = "COMPLETED"
COMPENSATED: Final = "COMPENSATED"
STUCK: Final = "STUCK"
SALE: Final = "SALE"
CHANGE: Final = "CHANGE"
ACTIVE: Final = (RUNNING, COMPENSATING)
FINISHED: Final = (COMPLETED, COMPENSATED)
OVER: Final = tuple(sorted(CALLED_OFF | {BookingState.CHECKED_OUT, BookingState.NO_SHOW}))
"""States in which nothing more happens to a booking."""
Position: TypeAlias = tuple[datetime, UUID]
"""Where a saga stands by its last change."""
WAKE_CHANNEL: Final = "bookings_sagas"


async def lease(session: WriteSession, *, owner: str, now: datetime, seconds: float, limit: int) -> Sequence[Saga]:
    """Take due sagas that nobody works on, the longest due first, for ``seconds``.

    Workers skip rows that another is just taking, so any number of them share the table without waiting.
    """
    due = (
        select(Saga.id)
        .where(
            Saga.state.in_(ACTIVE),
            Saga.next_run_at <= now,
            or_(Saga.leased_until.is_(None), Saga.leased_until < now),
        )
        .order_by(Saga.next_run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(Saga)
        .where(Saga.id.in_(select(due.c.id)))
        .values(leased_until=now + timedelta(seconds=seconds), lease_owner=owner)
        .returning(Saga)
    )
    return (await session.scalars(statement)).all()


async def lock(session: WriteSession, saga_id: UUID) -> Saga | None:
    """The saga, locked until the transaction ends. Whoever changes one begins here, or with :func:`lock_all`."""
    statement = select(Saga).where(Saga.id == saga_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


async def lock_all(session: WriteSession, booking_id: UUID) -> Mapping[UUID, Saga]:
    """All sagas of a booking by their id, locked until the transaction ends: its sale first, then its changes.

    Whoever locks the sale keeps new changes from beginning. It is locked by a statement of its own, because one that
    waited for it would not see a change that began meanwhile.
    """
    await lock(session, booking_id)
    statement = (
        select(Saga)
        .where(Saga.booking_id == booking_id)
        .order_by(Saga.id != booking_id, Saga.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {saga.id: saga for saga in await session.scalars(statement)}


async def of_booking(session: ReadSession, booking_id: UUID) -> Sequence[Saga]:
    """All sagas of a booking: its sale first, then its changes in their order."""
    statement = select(Saga).where(Saga.booking_id == booking_id).order_by(Saga.id != booking_id, Saga.id)
    return (await session.scalars(statement)).all()


async def wake(session: WriteSession) -> None:
    """Tell the workers, after the commit, that there is something to do."""
    await session.execute(select(func.pg_notify(WAKE_CHANNEL, "")))


async def get(session: ReadSession, saga_id: UUID) -> Saga | None:
    """The saga with this id: of a sale, that is the booking's."""
    return await session.get(Saga, saga_id)


async def listed(
    session: ReadSession, *, states: Sequence[str], limit: int, after: tuple[datetime, UUID] | None = None
) -> Sequence[Saga]:
    """Sagas in any of ``states`` (all when empty), the longest unchanged first."""
    statement = select(Saga).order_by(Saga.updated_at, Saga.id).limit(limit)
    if states:
        statement = statement.where(Saga.state.in_(states))
    if after is not None:
        statement = statement.where(text("(updated_at, id) > (:at, :id)")).params(at=after[0], id=after[1])
    return (await session.scalars(statement)).all()


async def purge(
    session: WriteSession, *, before: datetime, after: Position | None, limit: int
) -> tuple[int, Position | None]:
    """Delete finished sagas that nothing has touched since ``before``, if their booking is over since then as well.

    While a booking goes on, its sale stays, finished or not: a cancellation turns it back, a change of stay locks it.

    Args:
        session: One short transaction.
        before: What is older goes.
        after: Where the batch before ended.
        limit: How many sagas a batch looks at.

    Returns:
        How many were deleted, and where the next batch begins; ``None`` when this was the last.
    """
    finished = (
        select(Saga.id, Saga.booking_id, Saga.updated_at)
        .where(Saga.state.in_(FINISHED), Saga.updated_at < before)
        .order_by(Saga.updated_at, Saga.id)
        .limit(limit)
    )
    if after is not None:
        finished = finished.where(tuple_(Saga.updated_at, Saga.id) > tuple_(*after))
    rows = (await session.execute(finished)).all()
    over = select(BookingRow.id).where(
        BookingRow.id.in_([row.booking_id for row in rows]),
        BookingRow.state.in_(OVER),
        BookingRow.updated_at < before,
    )
    # Again on the row that is locked: it may have moved since it was looked at.
    going = (
        select(Saga.id)
        .where(Saga.id.in_([row.id for row in rows]), Saga.state.in_(FINISHED), Saga.updated_at < before)
        .where(Saga.booking_id.in_(over))
        .order_by(Saga.id)
        .with_for_update(skip_locked=True)
    )
    gone = await session.scalars(delete(Saga).where(Saga.id.in_(going)).returning(Saga.id))
    following = (rows[-1].updated_at, rows[-1].id) if len(rows) == limit else None
    return len(gone.all()), following


async def retry(session: WriteSession, saga_id: UUID, now: datetime) -> dict[str, Any] | None:
    """Let a stuck saga go on where it stopped; ``None`` unless it is stuck."""
    statement = (
        update(Saga)
        .where(Saga.id == saga_id, Saga.state == STUCK)
        .values(
            state=func.coalesce(Saga.data["stuck_state"].astext, COMPENSATING),
            attempts=0,
            next_run_at=now,
            leased_until=None,
            lease_owner=None,
            updated_at=now,
        )
        .returning(Saga.id, Saga.state, Saga.step)
    )
    row = (await session.execute(statement)).mappings().one_or_none()
    if row is None:
        return None
    await wake(session)
    return dict(row)
