"""The event store: bookings are read by replaying their events, and changed by appending to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.booking.aggregate import Booking, replay
from subgraphs.bookings.booking.events import Event, RecordedEvent, decode, encode
from subgraphs.bookings.models import BookingCode, BookingEventRow, BookingSnapshot

SNAPSHOT_SCHEMA: Final = 2
"""Raise it when the shape of :class:`Booking` changes; older snapshots are then passed over."""


class Conflict(Exception):
    """Somebody else appended to the booking first: load it again and decide again."""

    def __init__(self, booking_id: UUID, sequence: int) -> None:
        super().__init__(f"event {sequence} of booking {booking_id} exists already")
        self.booking_id = booking_id
        self.sequence = sequence


async def load(session: ReadSession, booking_id: UUID) -> Booking | None:
    """The booking as it is now, or ``None``."""
    return (await load_many(session, [booking_id])).get(booking_id)


async def load_many(session: ReadSession, booking_ids: Collection[UUID]) -> Mapping[UUID, Booking]:
    """The bookings that exist, in two statements: their snapshots, and the events after those."""
    snapshots = await session.scalars(
        select(BookingSnapshot).where(
            BookingSnapshot.booking_id.in_(booking_ids), BookingSnapshot.schema_version == SNAPSHOT_SCHEMA
        )
    )
    bookings = {row.booking_id: msgspec.convert(row.state, Booking) for row in snapshots}
    newer = (
        select(BookingEventRow)
        .outerjoin(
            BookingSnapshot,
            (BookingSnapshot.booking_id == BookingEventRow.booking_id)
            & (BookingSnapshot.schema_version == SNAPSHOT_SCHEMA),
        )
        .where(
            BookingEventRow.booking_id.in_(booking_ids),
            (BookingSnapshot.sequence.is_(None)) | (BookingEventRow.sequence > BookingSnapshot.sequence),
        )
        .order_by(BookingEventRow.booking_id, BookingEventRow.sequence)
    )
    for row in await session.scalars(newer):
        known = bookings.get(row.booking_id)
        # A snapshot made between the two statements hides nothing: its events are then simply older than expected.
        if known is not None and row.sequence <= known.version:
            continue
        evolved = replay([_recorded(row)], known)
        assert evolved is not None
        bookings[row.booking_id] = evolved
    return bookings


async def history(session: ReadSession, booking_id: UUID, *, after: int = 0) -> list[RecordedEvent]:
    """The booking's events with a sequence above ``after``, in order."""
    return list((await histories(session, [booking_id], after=after)).get(booking_id, ()))


async def histories(
    session: ReadSession, booking_ids: Collection[UUID], *, after: int = 0
) -> Mapping[UUID, Sequence[RecordedEvent]]:
    """The events of several bookings, by booking and in order."""
    rows = await session.scalars(
        select(BookingEventRow)
        .where(BookingEventRow.booking_id.in_(booking_ids), BookingEventRow.sequence > after)
        .order_by(BookingEventRow.booking_id, BookingEventRow.sequence)
    )
    found: dict[UUID, list[RecordedEvent]] = {}
    for row in rows:
        found.setdefault(row.booking_id, []).append(_recorded(row))
    return found


async def append(
    session: WriteSession,
    booking_id: UUID,
    expected_version: int,
    events: Sequence[Event],
    *,
    now: datetime,
    actor: UUID | None,
) -> list[RecordedEvent]:
    """Add ``events`` behind ``expected_version`` (0 for a new booking).

    Raises:
        Conflict: the booking has moved on since. The transaction is spent and has to be rolled back.
    """
    recorded = [
        RecordedEvent(booking_id=booking_id, sequence=sequence, occurred_at=now, actor=actor, payload=event)
        for sequence, event in enumerate(events, start=expected_version + 1)
    ]
    values = [
        {
            "booking_id": booking_id,
            "sequence": item.sequence,
            "type": item.payload.type,
            "version": item.payload.schema_version,
            "payload": encode(item.payload),
            "occurred_at": now,
            "actor": actor,
        }
        for item in recorded
    ]
    try:
        await session.execute(insert(BookingEventRow).values(values))
    except IntegrityError as error:
        if "pk_booking_events" in str(error.orig):
            raise Conflict(booking_id, expected_version + 1) from error
        raise
    return recorded


async def keep_snapshot(session: WriteSession, booking: Booking) -> None:
    """Keep the booking's state. An older one is replaced, a newer one stays."""
    statement = insert(BookingSnapshot).values(
        booking_id=booking.id,
        sequence=booking.version,
        schema_version=SNAPSHOT_SCHEMA,
        state=msgspec.to_builtins(booking),
    )
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["booking_id"],
            set_={"sequence": new.sequence, "schema_version": new.schema_version, "state": new.state},
            where=(BookingSnapshot.sequence < new.sequence) | (BookingSnapshot.schema_version != SNAPSHOT_SCHEMA),
        )
    )


async def take_code(session: WriteSession, code: str, booking_id: UUID) -> bool:
    """Give ``code`` to the booking; ``False`` when another one has it."""
    statement = (
        insert(BookingCode)
        .values(code=code, booking_id=booking_id)
        .on_conflict_do_nothing(index_elements=["code"])
        .returning(BookingCode.code)
    )
    return await session.scalar(statement) is not None


async def ids_by_codes(session: ReadSession, codes: Collection[str]) -> Mapping[str, UUID]:
    """The bookings that have these codes."""
    rows = await session.scalars(select(BookingCode).where(BookingCode.code.in_(codes)))
    return {row.code: row.booking_id for row in rows}


def _recorded(row: BookingEventRow) -> RecordedEvent:
    return RecordedEvent(
        booking_id=row.booking_id,
        sequence=row.sequence,
        occurred_at=row.occurred_at,
        actor=row.actor,
        payload=decode(row.type, row.version, row.payload),
    )
