"""Where projections stand, and the tables that only they write."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.booking.aggregate import SOLD, Booking, BookingState
from subgraphs.bookings.models import BookingEventRow, HotelArrival, HotelCalendarNight, ProjectionPosition

_SETTLED: Final = text("transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
"""Only events before which nothing can appear any more: every transaction that began earlier has ended."""


async def follow(session: WriteSession, name: str, limit: int) -> tuple[list[UUID], tuple[int, int] | None]:
    """The bookings that changed behind a projection's position, at most ``limit`` events on, and the new position."""
    row = await session.get(ProjectionPosition, name)
    here = (0, 0) if row is None else (row.transaction_id, row.position)
    statement = (
        select(BookingEventRow.booking_id, BookingEventRow.transaction_id, BookingEventRow.position)
        .where(tuple_(BookingEventRow.transaction_id, BookingEventRow.position) > here, _SETTLED)
        .order_by(BookingEventRow.transaction_id, BookingEventRow.position)
        .limit(limit)
    )
    rows = (await session.execute(statement)).all()
    if not rows:
        return [], None
    return list(dict.fromkeys(row[0] for row in rows)), (rows[-1][1], rows[-1][2])


async def move_to(session: WriteSession, name: str, position: tuple[int, int]) -> None:
    """Note how far a projection has come."""
    statement = insert(ProjectionPosition).values(name=name, transaction_id=position[0], position=position[1])
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"transaction_id": position[0], "position": position[1], "updated_at": func.now()},
        )
    )


async def take_turn(session: WriteSession, name: str, *, wait: bool) -> bool:
    """Have a projection to ourselves until the transaction ends; without ``wait``, ``False`` when somebody else has."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    got = await session.scalar(text(f"SELECT {function}(hashtext(:name))"), {"name": f"projection:{name}"})
    return wait or bool(got)


async def booking_ids(session: ReadSession, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Bookings in the order of their ids, for a rebuild."""
    statement = select(BookingEventRow.booking_id).where(BookingEventRow.sequence == 1)
    if after is not None:
        statement = statement.where(BookingEventRow.booking_id > after)
    return (await session.scalars(statement.order_by(BookingEventRow.booking_id).limit(limit))).all()


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a projection is behind."""

    name: str
    events: int
    seconds: float
    """Age of the oldest event that it has not seen; 0 when it has seen all."""


async def lag(session: ReadSession, name: str) -> Lag:
    """How far the projection is behind the events that are committed."""
    row = await session.get(ProjectionPosition, name, populate_existing=True)
    here = (0, 0) if row is None else (row.transaction_id, row.position)
    behind = tuple_(BookingEventRow.transaction_id, BookingEventRow.position) > here
    age = func.extract("epoch", func.now() - func.min(BookingEventRow.occurred_at))
    count, seconds = (await session.execute(select(func.count(), age).where(behind))).one()
    return Lag(name, count, 0.0 if seconds is None else max(float(seconds), 0.0))


async def show_arrivals(session: WriteSession, bookings: Collection[Booking]) -> None:
    """Make ``hotel_arrivals`` say what ``bookings`` say. Only with the projection's turn."""
    ids = [booking.id for booking in bookings]
    await session.execute(delete(HotelArrival).where(HotelArrival.booking_id.in_(ids)))
    rows: list[dict[str, Any]] = [
        {
            "hotel_id": booking.terms.hotel_id,
            "arrival": booking.terms.check_in,
            "booking_id": booking.id,
            "guests": booking.terms.guests,
            "rooms": booking.terms.rooms,
            "has_arrived": booking.state in {BookingState.CHECKED_IN, BookingState.CHECKED_OUT},
            "version": booking.version,
        }
        for booking in bookings
        if booking.state in SOLD
    ]
    if rows:
        await session.execute(insert(HotelArrival).values(rows))


async def show_calendar(session: WriteSession, bookings: Collection[Booking]) -> None:
    """Make ``hotel_calendar`` say what ``bookings`` say. Only with the projection's turn."""
    ids = [booking.id for booking in bookings]
    await session.execute(delete(HotelCalendarNight).where(HotelCalendarNight.booking_id.in_(ids)))
    rows: list[dict[str, Any]] = [
        {
            "hotel_id": booking.terms.hotel_id,
            "night": night.night,
            "room_type_id": booking.terms.room_type_id,
            "booking_id": booking.id,
            "rooms": booking.terms.rooms,
            "revenue_minor": night.price_minor * booking.terms.rooms,
            "currency": booking.terms.currency,
        }
        for booking in bookings
        if booking.state in SOLD
        for night in booking.terms.nights
    ]
    if rows:
        await session.execute(insert(HotelCalendarNight).values(rows))


@dataclass(frozen=True, slots=True)
class ArrivalDay:
    """Whom a hotel expects on a day."""

    day: date
    bookings: int
    rooms: int
    guests: int
    arrived: int
    """Bookings whose guests are there or were."""


async def arrivals(session: ReadSession, hotel_id: UUID, first: date, last: date) -> Sequence[ArrivalDay]:
    """A hotel's arrivals per day, both days included; days without any are missing."""
    statement = (
        select(
            HotelArrival.arrival,
            func.count(),
            func.sum(HotelArrival.rooms),
            func.sum(HotelArrival.guests),
            func.count().filter(HotelArrival.has_arrived),
        )
        .where(HotelArrival.hotel_id == hotel_id, HotelArrival.arrival.between(first, last))
        .group_by(HotelArrival.arrival)
        .order_by(HotelArrival.arrival)
    )
    return [ArrivalDay(*row) for row in await session.execute(statement)]


@dataclass(frozen=True, slots=True)
class SoldNight:
    """What a hotel has sold of a room type for a night."""

    night: date
    room_type_id: UUID
    rooms: int
    revenue_minor: int
    currency: str


async def calendar(session: ReadSession, hotel_id: UUID, first: date, last: date) -> Sequence[SoldNight]:
    """The nights that a hotel has sold, both included, by night and room type."""
    night = HotelCalendarNight
    statement = (
        select(night.night, night.room_type_id, func.sum(night.rooms), func.sum(night.revenue_minor), night.currency)
        .where(night.hotel_id == hotel_id, night.night.between(first, last))
        .group_by(night.night, night.room_type_id, night.currency)
        .order_by(night.night, night.room_type_id)
    )
    return [SoldNight(*row) for row in await session.execute(statement)]
