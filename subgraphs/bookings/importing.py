"""Load many bookings that ended before we knew of them: another system's history, in bulk.

Each becomes what a booking of ours is: events from which everything else follows. The row of ``booking_list`` is
written with them, as ``recording`` does; the projector brings the other read models along. Two things are left out on
purpose. There are no payments and no ledger entries, because nobody paid through us. And nothing goes to the outbox: no
other domain may send mail, or count points, for a stay of years ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, text

from shared.contracts.bookings import IMPORTED_GUEST_ID
from shared.db import WriteSession
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.aggregate import evolve
from subgraphs.bookings.booking.codes import ALPHABET, LENGTH
from subgraphs.bookings.booking.policy import CancellationPolicy, CancellationTerms, cancellation_fee
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.models import BookingCode, BookingEventRow, BookingRow
from subgraphs.bookings.repository.listing import values_of

_NAMESPACE: Final = UUID("5d0f8c1e-3a86-5c0b-9a54-1f5f0d9b7c34")
_DESK_OPENS: Final = time(9)
_CANCELLED_AT: Final = time(12)
_DAY_ENDS: Final = time(23, 59)
"""Histories have dates without times. These keep a booking's events in order on a day that has several of them."""


class Ending(StrEnum):
    """How a booking of the past ended."""

    CHECKED_OUT = "CHECKED_OUT"
    CANCELLED = "CANCELLED"
    NO_SHOW = "NO_SHOW"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBooking:
    """Rooms that were booked, at one price for every night. Dates and times are local to the hotel."""

    source_id: str
    """Identifies the booking within its source, for good."""
    hotel_id: UUID
    hotel_name: str
    room_type_id: UUID
    time_zone: str
    check_in_time: time
    check_out_time: time
    check_in: date
    nights: int
    guests: int
    night_price_minor: int
    currency: str
    policy: CancellationPolicy
    """What a cancellation cost follows from it."""
    booked_on: date
    ending: Ending
    ended_on: date
    """The day of departure, of the cancellation, or on which nobody came."""
    rooms: int = 1
    user_id: UUID = IMPORTED_GUEST_ID
    """Whose booking it is; most histories name nobody."""
    guest_country: str | None = None
    """Where the guests come from, ISO 3166-1 alpha-2."""
    city: str | None = None
    region: str | None = None
    """The state or province by its code, such as ``RJ``."""
    country_code: str | None = None
    """Like the two before it of the hotel."""

    @property
    def check_out(self) -> date:
        """The day of departure as booked."""
        return self.check_in + timedelta(days=self.nights)

    @property
    def total_minor(self) -> int:
        """What all rooms cost for all nights."""
        return self.night_price_minor * self.nights * self.rooms


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    inserted: int
    unchanged: int


def booking_id_of(source: str, source_id: str) -> UUID:
    """The id of an imported booking, the same on every import."""
    return uuid5(_NAMESPACE, f"{source}\n{source_id}")


async def import_past_bookings(session: WriteSession, source: str, rows: Sequence[PastBooking]) -> ImportResult:
    """Write the bookings of ``rows`` that are not there yet; the others stay as they are.

    Some hundreds of rows at a time make a good batch. Two imports of the same rows may run side by side.

    Raises:
        ValueError: the same ``source_id`` twice.
    """
    by_id = {booking_id_of(source, row.source_id): row for row in rows}
    if len(by_id) != len(rows):
        raise ValueError("the same booking twice")
    codes = await _take_codes(session, by_id)
    events: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for booking_id, code in codes.items():
        booking = None
        for recorded in _history(booking_id, by_id[booking_id], code):
            booking = evolve(booking, recorded)
            events.append(_event_values(recorded))
        assert booking is not None
        shown.append(values_of(booking))
    if codes:
        await session.execute(insert(BookingEventRow), events)
        await session.execute(insert(BookingRow), shown)
    return ImportResult(len(codes), len(rows) - len(codes))


# Who takes a code for a booking is the one who writes it: a second import of the same rows waits here for the first one
# to commit, and then finds the booking taken. Rows go in key order, so that neither waits for the other in a circle.
_TAKE_CODES: Final = text("""
    INSERT INTO booking_codes (code, booking_id)
    SELECT code, booking_id
    FROM unnest(CAST(:codes AS text[]), CAST(:booking_ids AS uuid[])) AS n(code, booking_id)
    ORDER BY code
    ON CONFLICT DO NOTHING
    RETURNING booking_id, code
""")


async def _take_codes(session: WriteSession, booking_ids: Mapping[UUID, object]) -> Mapping[UUID, str]:
    """Codes of those bookings that are not there yet."""
    taken: dict[UUID, str] = {}
    open_ids = set(booking_ids)
    attempt = 0
    while open_ids:
        codes = {booking_id: _code(booking_id, attempt) for booking_id in open_ids}
        result = await session.execute(_TAKE_CODES, {"codes": list(codes.values()), "booking_ids": list(codes)})
        taken.update((row.booking_id, row.code) for row in result)
        open_ids -= taken.keys()
        # What is left exists already, or its code is another booking's: one in 40 bits.
        known = await session.scalars(select(BookingCode.booking_id).where(BookingCode.booking_id.in_(open_ids)))
        open_ids -= set(known)
        attempt += 1
    return taken


def _code(booking_id: UUID, attempt: int) -> str:
    """A code that follows from the booking's id. It need not be secret: what is over cannot be cancelled by it."""
    number = int.from_bytes(uuid5(booking_id, f"code {attempt}").bytes[:5])
    return "".join(ALPHABET[number >> 5 * place & 31] for place in range(LENGTH))


def _history(booking_id: UUID, row: PastBooking, code: str) -> list[e.RecordedEvent]:
    """The events that made ``row`` what it became, each no earlier than the one before."""
    moments = [_moment(row.booked_on, _DESK_OPENS, row.time_zone)] * 2
    events: list[e.Event] = [_requested(row, code), e.Confirmed(payment_id=payment_id_of(booking_id))]
    match row.ending:
        case Ending.CHECKED_OUT:
            moments.append(_moment(row.check_in, row.check_in_time, row.time_zone))
            moments.append(_moment(row.ended_on, row.check_out_time, row.time_zone))
            events += [e.CheckedIn(), e.CheckedOut()]
        case Ending.CANCELLED:
            moments.append(_moment(row.ended_on, _CANCELLED_AT, row.time_zone))
            fee = cancellation_fee(_terms(row), moments[-1])
            # Nothing was captured by us, so there is nothing that we would have to give back.
            events.append(e.Cancelled(reason=None, fee_minor=fee, refund_minor=0))
        case Ending.NO_SHOW:
            moments.append(_moment(row.ended_on, _DAY_ENDS, row.time_zone))
            events.append(e.NoShow())
    return [
        e.RecordedEvent(
            booking_id=booking_id, sequence=sequence, occurred_at=max(moments[:sequence]), actor=None, payload=event
        )
        for sequence, event in enumerate(events, start=1)
    ]


def _requested(row: PastBooking, code: str) -> e.Requested:
    nights = [row.check_in + timedelta(days=day) for day in range(row.nights)]
    return e.Requested(
        code=code,
        user_id=row.user_id,
        hotel_id=row.hotel_id,
        hotel_name=row.hotel_name,
        room_type_id=row.room_type_id,
        check_in=row.check_in,
        check_out=row.check_out,
        check_in_time=row.check_in_time,
        time_zone=row.time_zone,
        guests=row.guests,
        rooms=row.rooms,
        nights=[e.NightPrice(night=night, price_minor=row.night_price_minor) for night in nights],
        total_minor=row.total_minor,
        currency=row.currency,
        policy=row.policy,
        # Histories do not tell; of our ways to pay it is the one that every country has.
        payment_method="card",
        expires_at=_moment(row.check_in, row.check_in_time, row.time_zone),
        city=row.city,
        region=row.region,
        country_code=row.country_code,
        guest_country=row.guest_country,
    )


def _terms(row: PastBooking) -> CancellationTerms:
    return CancellationTerms(
        policy=row.policy,
        check_in=row.check_in,
        check_in_time=row.check_in_time,
        time_zone=row.time_zone,
        first_night_minor=row.night_price_minor * row.rooms,
        total_minor=row.total_minor,
    )


def _event_values(recorded: e.RecordedEvent) -> dict[str, Any]:
    return {
        "booking_id": recorded.booking_id,
        "sequence": recorded.sequence,
        "type": recorded.payload.type,
        "version": recorded.payload.schema_version,
        "payload": e.encode(recorded.payload),
        "occurred_at": recorded.occurred_at,
        "actor": recorded.actor,
    }


@lru_cache(maxsize=4096)
def _moment(day: date, at: time, time_zone: str) -> datetime:
    """A moment at the hotel, in UTC. Most bookings of a history share their days with others."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
