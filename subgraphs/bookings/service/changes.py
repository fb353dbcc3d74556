"""What travelers and hotels do with a booking that exists. Each is one transaction, which its caller opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared.db import WriteSession
from subgraphs.bookings.booking import decisions
from subgraphs.bookings.booking.aggregate import Booking, BookingState
from subgraphs.bookings.booking.decisions import NotPossible
from subgraphs.bookings.booking.events import Event
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings, sagas
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.service.errors import InvalidValue, PolicyRefuses, UnknownBooking

MAX_REASON_LENGTH = 500


async def cancel(session: WriteSession, booking_id: UUID, *, actor: UUID, reason: str | None, now: datetime) -> Booking:
    """Call a booking off on its terms; its saga frees the rooms and returns the money. Again changes nothing more.

    Raises:
        InvalidValue: the reason is too long.
        PolicyRefuses: it ended some other way, or the stay has begun.
        Conflict: it changed meanwhile; try again.
    """
    if reason is not None and (len(reason) > MAX_REASON_LENGTH or "\x00" in reason):
        raise InvalidValue("reason", "reason_too_long", limit=MAX_REASON_LENGTH)
    locked = await sagas.lock_all(session, booking_id)
    booking = await _existing(session, booking_id)
    if booking.state is BookingState.CANCELLED:
        return booking
    try:
        cancelled = decisions.cancel(booking, now, reason)
    except NotPossible as error:
        raise PolicyRefuses(error.reason) from None
    change = booking.change
    booking = await record(session, booking_id, booking, cancelled, now=now, actor=actor)
    if booking_id in locked:  # imported history has no saga
        await lifecycle.turn_back(session, locked[booking_id], booking, now)
    if change is not None:  # it is overtaken: its rooms and its money go back as well
        await lifecycle.turn_back(session, locked[change.id], booking, now)
    return booking


async def check_in(session: WriteSession, booking_id: UUID, *, actor: UUID, now: datetime) -> Booking:
    """The guests arrive. Again changes nothing more. Raises :class:`PolicyRefuses` or ``Conflict``."""
    booking = await _existing(session, booking_id)
    if booking.state is BookingState.CHECKED_IN:
        return booking
    return await _decide(session, booking, lambda: decisions.check_in(booking, now), actor, now)


async def check_out(session: WriteSession, booking_id: UUID, *, actor: UUID, now: datetime) -> Booking:
    """The guests leave. Again changes nothing more. Raises :class:`PolicyRefuses` or ``Conflict``."""
    booking = await _existing(session, booking_id)
    if booking.state is BookingState.CHECKED_OUT:
        return booking
    return await _decide(session, booking, lambda: decisions.check_out(booking), actor, now)


async def mark_no_show(session: WriteSession, booking_id: UUID, *, actor: UUID, now: datetime) -> Booking:
    """The guests never came. Again changes nothing more. Raises :class:`PolicyRefuses` or ``Conflict``."""
    booking = await _existing(session, booking_id)
    if booking.state is BookingState.NO_SHOW:
        return booking
    return await _decide(session, booking, lambda: decisions.no_show(booking, now), actor, now)


async def _existing(session: WriteSession, booking_id: UUID) -> Booking:
    booking = await bookings.load(session, booking_id)
    if booking is None:
        raise UnknownBooking
    return booking


async def _decide(
    session: WriteSession, booking: Booking, decide: Callable[[], Event], actor: UUID, now: datetime
) -> Booking:
    try:
        event = decide()
    except NotPossible as error:
        raise PolicyRefuses(error.reason) from None
    return await record(session, booking.id, booking, event, now=now, actor=actor)
