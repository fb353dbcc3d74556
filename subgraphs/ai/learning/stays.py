"""What travelers booked and looked at, as the learning part keeps it: from events, or in bulk from a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from shared.db import WriteSession
from subgraphs.ai.models.learning import ForgottenUserRow, StayRow, ViewRow

CALLED_OFF: Final = frozenset({"CANCELLED", "EXPIRED", "FAILED"})
"""States in which a booking takes up no room any more."""
SOLD: Final = ("CONFIRMED", "CHECKED_IN", "CHECKED_OUT", "NO_SHOW")
"""States in which rooms count as sold: somebody who does not come has bought them all the same."""

_FORGETTING_LOCK: Final = 5_060_001
"""Advisory lock: shared by whoever writes rows with a user in them, exclusive for whoever forgets a user. Otherwise an
event that is being handled while its user is forgotten would bring the user back."""
_BATCH: Final = 1_000
"""Rows per statement: far below PostgreSQL's limit of 65,535 parameters."""


@dataclass(frozen=True, slots=True)
class BookedStay:
    """A booking as one of its events tells of it."""

    booking_id: UUID
    sequence: int
    """Of that event: ``aggregate_sequence`` of its envelope. A row is never replaced by an earlier one."""
    user_id: UUID | None
    """``None`` for guests who have no account with us."""
    hotel_id: UUID
    room_type_id: UUID
    check_in: date
    check_out: date
    rooms: int
    guests: int
    total_minor: int
    currency: str
    state: str
    """As in ``shared.contracts.bookings.BookingEvent``."""
    booked_at: datetime
    ended_at: datetime | None
    """When it was called off, expired or failed; ``None`` while it stands."""


@dataclass(frozen=True, slots=True)
class HotelView:
    """A traveler who agreed to it looked at a hotel."""

    event_id: UUID
    user_id: UUID
    hotel_id: UUID
    viewed_at: datetime


async def import_bookings(session: WriteSession, rows: Sequence[BookedStay]) -> None:
    """Write bookings down, each as its newest event in ``rows`` and the database tells of it. May be repeated."""
    if not rows:
        return
    newest: dict[UUID, BookedStay] = {}
    for row in rows:
        known = newest.get(row.booking_id)
        if known is None:
            newest[row.booking_id] = row
        else:
            later = row if row.sequence > known.sequence else known
            newest[row.booking_id] = replace(
                later,
                booked_at=min(row.booked_at, known.booked_at),
                # What follows a cancellation, such as its refund, is later than the end of the booking.
                ended_at=later.ended_at and min(filter(None, (row.ended_at, known.ended_at))),
            )
    gone = await _forgotten(session, {row.user_id for row in newest.values() if row.user_id is not None})
    # In key order, so that two imports of the same rows wait for each other and not in a circle.
    values = [_values(newest[booking_id], gone) for booking_id in sorted(newest)]
    for start in range(0, len(values), _BATCH):
        await session.execute(_upsert(values[start : start + _BATCH]))


async def add_views(session: WriteSession, views: Sequence[HotelView]) -> None:
    """Write views down; those that are there already, and those of accounts that are gone, are left out."""
    gone = await _forgotten(session, {view.user_id for view in views})
    values = [
        {
            "event_id": view.event_id,
            "user_id": view.user_id,
            "hotel_id": view.hotel_id,
            "viewed_at": view.viewed_at,
        }
        for view in sorted(views, key=lambda view: view.event_id)
        if view.user_id not in gone
    ]
    for start in range(0, len(values), _BATCH):
        await session.execute(insert(ViewRow).values(values[start : start + _BATCH]).on_conflict_do_nothing())


async def forget_user(session: WriteSession, user_id: UUID) -> None:
    """Keep stays without the user, and nothing else of them; also of events that are still to come."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(_FORGETTING_LOCK)))
    await session.execute(insert(ForgottenUserRow).values(user_id=user_id).on_conflict_do_nothing())
    await session.execute(sa.update(StayRow).where(StayRow.user_id == user_id).values(user_id=None))
    await session.execute(sa.delete(ViewRow).where(ViewRow.user_id == user_id))


async def _forgotten(session: WriteSession, user_ids: set[UUID]) -> frozenset[UUID]:
    """Those of the users that are gone; until the transaction ends no other one goes."""
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_FORGETTING_LOCK)))
    if not user_ids:
        return frozenset()
    found = await session.scalars(
        sa.select(ForgottenUserRow.user_id).where(
            ForgottenUserRow.user_id == sa.any_(sa.literal(list(user_ids), sa.ARRAY(sa.Uuid())))
        )
    )
    return frozenset(found)


def _values(row: BookedStay, gone: frozenset[UUID]) -> dict[str, Any]:
    return {
        "booking_id": row.booking_id,
        "sequence": row.sequence,
        "user_id": None if row.user_id in gone else row.user_id,
        "hotel_id": row.hotel_id,
        "room_type_id": row.room_type_id,
        "check_in": row.check_in,
        "check_out": row.check_out,
        "rooms": row.rooms,
        "guests": row.guests,
        "total_minor": row.total_minor,
        "currency": row.currency,
        "state": row.state,
        "booked_at": row.booked_at,
        "ended_at": row.ended_at,
    }


def _upsert(values: Sequence[dict[str, Any]]) -> sa.Executable:
    statement = insert(StayRow).values(list(values))
    new, old = statement.excluded, StayRow.__table__.c
    is_later = new.sequence > old.sequence
    changes: dict[str, Any] = {
        column.name: sa.case((is_later, new[column.name]), else_=column)
        for column in old
        if column.name not in {"booking_id", "booked_at"}
    }
    # What follows a cancellation, such as its refund, is later than the end of the booking. LEAST passes NULLs over.
    ended = sa.case((new.ended_at.is_(None), sa.null()), else_=sa.func.least(old.ended_at, new.ended_at))
    changes["ended_at"] = sa.case((is_later, ended), else_=old.ended_at)
    # An event that was overtaken by a later one still knows better when it all began.
    changes["booked_at"] = sa.func.least(old.booked_at, new.booked_at)
    return statement.on_conflict_do_update(
        index_elements=["booking_id"], set_=changes, where=is_later | (new.booked_at < old.booked_at)
    )
