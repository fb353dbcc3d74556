"""The table ``booking_list``: what pages and lists of bookings show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Integer, asc, desc, literal, or_, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute, aliased

from shared.db import ReadSession, WriteSession
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.models import BookingRow


def row_of(booking: Booking) -> BookingRow:
    """The row that shows ``booking``, not bound to any session."""
    return BookingRow(**values_of(booking))


def values_of(booking: Booking) -> dict[str, Any]:
    """The columns of the row that shows ``booking``."""
    terms = booking.terms
    return {
        "id": booking.id,
        "version": booking.version,
        "code": terms.code,
        "user_id": terms.user_id,
        "hotel_id": terms.hotel_id,
        "hotel_name": terms.hotel_name,
        "room_type_id": terms.room_type_id,
        "state": booking.state.value,
        "check_in": terms.check_in,
        "check_out": terms.check_out,
        "guests": terms.guests,
        "rooms": terms.rooms,
        "total_minor": terms.total_minor,
        "currency": terms.currency,
        "payment_method": terms.payment_method,
        "expires_at": terms.expires_at,
        "payment_action": booking.payment_action,
        "failure_reason": booking.failure_reason,
        "failure_detail": booking.failure_detail,
        "cancellation_reason": booking.cancellation_reason,
        "fee_minor": booking.fee_minor,
        "refund_due_minor": booking.refund_due_minor,
        "refunded_minor": booking.refunded_minor,
        "details": {
            "nights": msgspec.to_builtins(terms.nights),
            "cancellation": msgspec.to_builtins(booking.cancellation_terms),
            "sold_out_nights": msgspec.to_builtins(booking.sold_out_nights),
            "changes": msgspec.to_builtins(booking.changes),
            "points_available": booking.points_available,
            "discounts": {
                "coupon_code": terms.coupon_code,
                "coupon_minor": terms.coupon_minor,
                "points": terms.points,
                "points_minor": terms.points_minor,
            },
        },
        "requested_at": booking.requested_at,
        "updated_at": booking.updated_at,
    }


async def show(session: WriteSession, bookings: Collection[Booking]) -> None:
    """Write the rows of ``bookings``. A row that shows a later version already stays as it is."""
    if not bookings:
        return
    ordered = sorted(bookings, key=lambda booking: booking.id)  # rows are locked in key order
    statement = insert(BookingRow).values([values_of(booking) for booking in ordered])
    new = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={column.name: new[column.name] for column in BookingRow.__table__.columns if column.name != "id"},
            # Also rows of the same version, so that a rebuild mends what older code wrote.
            where=BookingRow.version <= new.version,
        )
    )


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> Mapping[UUID, BookingRow]:
    """The rows of these bookings."""
    rows = await session.scalars(select(BookingRow).where(BookingRow.id.in_(ids)))
    return {row.id: row for row in rows}


async def versions_of_user(
    session: ReadSession, user_id: UUID, *, newest: int, also: Collection[UUID] = ()
) -> Sequence[tuple[UUID, int]]:
    """Ids and versions of a user's ``newest`` bookings and of those of ``also`` that are theirs, the newest first."""
    own = BookingRow.user_id == user_id
    order = (BookingRow.requested_at.desc(), BookingRow.id.desc())
    ids = select(BookingRow.id).where(own).order_by(*order).limit(newest)
    statement = (
        select(BookingRow.id, BookingRow.version)
        .where(own, or_(BookingRow.id.in_(ids), BookingRow.id.in_(also)))
        .order_by(*order)
    )
    return [(row.id, row.version) for row in await session.execute(statement)]


@dataclass(frozen=True, slots=True)
class BookingPage:
    """A page of the bookings of one user (the newest first) or of one hotel (by check-in)."""

    owner_id: UUID
    states: tuple[str, ...]
    """Empty for all."""
    check_in_from: date | None
    check_in_to: date | None
    position: tuple[Any, ...] | None
    """Sort key of the last row of the page before."""
    limit: int


async def of_users(session: ReadSession, asked: Collection[BookingPage]) -> Mapping[BookingPage, Sequence[BookingRow]]:
    """Pages of the bookings of users, the newest first: one query for all."""
    return await _pages(session, asked, BookingRow.user_id, BookingRow.requested_at, is_descending=True)


async def of_hotels(session: ReadSession, asked: Collection[BookingPage]) -> Mapping[BookingPage, Sequence[BookingRow]]:
    """Pages of the bookings of hotels, by day of arrival: one query for all."""
    return await _pages(session, asked, BookingRow.hotel_id, BookingRow.check_in, is_descending=False)


async def _pages(
    session: ReadSession,
    asked: Collection[BookingPage],
    owner: InstrumentedAttribute[UUID],
    sort: InstrumentedAttribute[Any],
    *,
    is_descending: bool,
) -> Mapping[BookingPage, Sequence[BookingRow]]:
    direction = desc if is_descending else asc
    pages = list(asked)
    parts = []
    for ordinal, page in enumerate(pages):
        statement = select(BookingRow, literal(ordinal, Integer).label("ordinal")).where(
            owner == page.owner_id, *_filters(page)
        )
        if page.position is not None:
            here = tuple_(sort, BookingRow.id)
            last = tuple_(literal(page.position[0], sort.type), literal(page.position[1], BookingRow.id.type))
            statement = statement.where(here < last if is_descending else here > last)
        parts.append(statement.order_by(direction(sort), direction(BookingRow.id)).limit(page.limit).subquery())
    union = union_all(*(part.select() for part in parts)).subquery()
    row = aliased(BookingRow, union)
    ordered = select(union.c.ordinal, row).order_by(
        union.c.ordinal, direction(union.c[sort.key]), direction(union.c.id)
    )
    found: dict[BookingPage, list[BookingRow]] = {page: [] for page in pages}
    for ordinal, booking in await session.execute(ordered):
        found[pages[ordinal]].append(booking)
    return found


def _filters(page: BookingPage) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if page.states:
        conditions.append(BookingRow.state.in_(page.states))
    if page.check_in_from is not None:
        conditions.append(BookingRow.check_in >= page.check_in_from)
    if page.check_in_to is not None:
        conditions.append(BookingRow.check_in <= page.check_in_to)
    return conditions
