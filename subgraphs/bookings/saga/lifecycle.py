"""A saga's life within a transaction: it begins, is told something, and turns back.

Whoever changes a saga locks its row first, and changes the booking only after that.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import Confirmed, Event
from subgraphs.bookings.coupons import repository as coupons
from subgraphs.bookings.models import OutboxMessage, Saga
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings, sagas
from subgraphs.bookings.saga.courses import Course, course_of
from subgraphs.bookings.saga.signals import Signal
from subgraphs.bookings.saga.table import (
    Command,
    Finish,
    GoOn,
    NoteRelease,
    Stay,
    Step,
    TurnBack,
    return_points,
    spend_points,
)
from subgraphs.bookings.settings import BookingsSettings

log = structlog.get_logger(__name__)

RELEASED: Final = "released"
"""In ``data``: hotels has said that it holds nothing for the booking."""
STUCK_STATE: Final = "stuck_state"
"""In ``data``: the state that a stuck saga goes on in."""


async def begin(session: WriteSession, booking: Booking, now: datetime, settings: BookingsSettings) -> None:
    """Start the sale of a new booking: its first command leaves with this transaction."""
    saga = Saga(id=booking.id, kind=sagas.SALE, deadline=booking.terms.expires_at, data={})
    await start(session, saga, booking, now, settings)


async def start(session: WriteSession, saga: Saga, booking: Booking, now: datetime, settings: BookingsSettings) -> None:
    """Start a saga of ``booking`` that has an id, a kind, a deadline and data."""
    saga.booking_id = booking.id
    saga.state = sagas.RUNNING
    saga.revision = 0
    session.add(saga)
    await _enter(session, saga, booking, Step.HOLD_INVENTORY, now, settings)


async def tell(
    session: WriteSession,
    saga_id: UUID,
    signal: Signal,
    now: datetime,
    settings: BookingsSettings,
    *,
    hold_id: UUID | None = None,
) -> bool:
    """Tell a saga something. ``False`` when that changes nothing: it is late, a repetition, or about another hold.

    Args:
        session: The transaction of the message.
        saga_id: Of a sale the booking's id.
        signal: What to tell.
        now: The present moment.
        settings: The domain's knobs.
        hold_id: The hold that the signal is about, if it is about one.
    """
    saga = await sagas.lock(session, saga_id)
    if saga is None:
        log.warning("a signal for no saga", saga=str(saga_id), signal=type(signal).__name__)
        return False
    return await advance(session, saga, signal, now, settings, hold_id=hold_id)


async def advance(
    session: WriteSession,
    saga: Saga,
    signal: Signal,
    now: datetime,
    settings: BookingsSettings,
    *,
    hold_id: UUID | None = None,
) -> bool:
    """Like :func:`tell`, for a saga that the transaction has locked."""
    if saga.state in {sagas.COMPLETED, sagas.COMPENSATED}:
        return False
    booking = await bookings.load(session, saga.booking_id)
    assert booking is not None  # they are made in one transaction
    course = course_of(saga)
    if hold_id is not None and hold_id != course.hold_id(booking):
        return False
    following = course.move(Step(saga.step), booking, signal)
    if following is None:
        return False
    if saga.state == sagas.STUCK:
        saga.state = saga.data[STUCK_STATE]
    match following:
        case GoOn(to=to, event=event):
            booking = await _record(session, booking, event, now)
            if to is Step.RELEASE_INVENTORY and saga.data.get(RELEASED):
                _finish(saga, now)
            else:
                await _enter(session, saga, booking, to, now, settings)
        case Stay(event=event):
            await _record(session, booking, event, now)
            wait_for_news(saga, now, settings)
        case TurnBack(event=event, rooms_are_free=rooms_are_free):
            booking = await record(session, booking.id, booking, event, now=now)
            if rooms_are_free:
                saga.data = {**saga.data, RELEASED: True}
            await turn_back(session, saga, booking, now)
        case NoteRelease():
            saga.data = {**saga.data, RELEASED: True}
            saga.updated_at = now
        case Finish(event=event):
            booking = await _record(session, booking, event, now)
            if isinstance(event, Confirmed) and booking.terms.points:
                _send(session, booking, spend_points(booking))
            _finish(saga, now)
    return True


async def turn_back(session: WriteSession, saga: Saga, booking: Booking, now: datetime) -> None:
    """Begin to undo what the saga did: it will not be, or be no more.

    A sale that costs the traveler nothing gives back the coupon and the points that were in its price. One that is
    cancelled for a fee gives back neither, so that nobody has to work out which part of the fee they paid.
    """
    if saga.kind == sagas.SALE and booking.is_undone_for_free:
        await _return_discounts(session, saga, booking, now)
    if not saga.data.get(RELEASED):
        _send(session, booking, _command(course_of(saga), Step.RELEASE_INVENTORY, booking))
    saga.state = sagas.COMPENSATING
    _move_to(saga, Step.RETURN_PAYMENT, now)
    saga.next_run_at = now
    await sagas.wake(session)


async def _return_discounts(session: WriteSession, saga: Saga, booking: Booking, now: datetime) -> None:
    if booking.terms.coupon_code is not None:
        await coupons.give_back(session, booking.id, now)
    were_asked_for = booking.terms.points > 0 and saga.step != Step.HOLD_INVENTORY
    # What was never asked for, or refused, is not set aside. All else is: an answer may only be under way.
    if were_asked_for and booking.failure_reason != "points_refused":
        _send(session, booking, return_points(booking))


def repeat_command(
    session: WriteSession, saga: Saga, booking: Booking, now: datetime, settings: BookingsSettings
) -> None:
    """Send the step's command again, because no reply came. Nobody does anything twice."""
    _send(session, booking, _command(course_of(saga), Step(saga.step), booking))
    note_failure(saga, f"no reply to {saga.step}", now, settings, first_wait=settings.reply_seconds)


def wait_for_news(saga: Saga, now: datetime, settings: BookingsSettings) -> None:
    """Leave the step to a message to come; ask again by ourselves only now and then."""
    saga.next_run_at = _in_time(saga, now + timedelta(seconds=settings.max_backoff_seconds))
    saga.updated_at = now
    _let_go(saga)


def note_failure(
    saga: Saga, error: str, now: datetime, settings: BookingsSettings, *, first_wait: float | None = None
) -> None:
    """The step did not succeed: try again later, each time later, or leave it to a person."""
    saga.attempts += 1
    saga.last_error = error[:500]
    saga.updated_at = now
    wait = min((first_wait or settings.backoff_seconds) * 2.0 ** (saga.attempts - 1), settings.max_backoff_seconds)
    # Jitter, so that sagas which failed together do not come back together.
    saga.next_run_at = _in_time(saga, now + timedelta(seconds=wait * random.uniform(0.5, 1.0)))  # noqa: S311
    _let_go(saga)
    if saga.attempts >= settings.stuck_attempts and not _ends_in_time(saga):
        log.error("saga is stuck", saga=str(saga.id), step=saga.step, error=error)
        saga.data = {**saga.data, STUCK_STATE: saga.state}
        saga.state = sagas.STUCK


async def _enter(
    session: WriteSession, saga: Saga, booking: Booking, step: Step, now: datetime, settings: BookingsSettings
) -> None:
    _move_to(saga, step, now)
    command = course_of(saga).command(step, booking)
    if command is None:
        saga.next_run_at = now
        await sagas.wake(session)
        return
    if step is not Step.RELEASE_INVENTORY:  # that one was sent on turning back
        _send(session, booking, command)
    saga.next_run_at = _in_time(saga, now + timedelta(seconds=settings.reply_seconds))


def _move_to(saga: Saga, step: Step, now: datetime) -> None:
    saga.step = step
    saga.revision += 1
    saga.attempts = 0
    saga.last_error = None
    saga.updated_at = now
    _let_go(saga)


def _let_go(saga: Saga) -> None:
    saga.leased_until = None
    saga.lease_owner = None


def _finish(saga: Saga, now: datetime) -> None:
    saga.state = sagas.COMPLETED if saga.state == sagas.RUNNING else sagas.COMPENSATED
    saga.revision += 1
    saga.last_error = None
    saga.updated_at = now
    _let_go(saga)


def _in_time(saga: Saga, moment: datetime) -> datetime:
    """``moment``, or the deadline when that comes first and matters to the step."""
    return min(moment, saga.deadline) if _ends_in_time(saga) else moment


def _ends_in_time(saga: Saga) -> bool:
    return Step(saga.step) in course_of(saga).ended_by_deadline


def _command(course: Course, step: Step, booking: Booking) -> Command:
    command = course.command(step, booking)
    assert command is not None, "the step waits for another domain"
    return command


async def _record(session: WriteSession, booking: Booking, event: Event | None, now: datetime) -> Booking:
    return booking if event is None else await record(session, booking.id, booking, event, now=now)


def _send(session: WriteSession, booking: Booking, command: Command) -> None:
    record_event(
        session,
        OutboxMessage,
        type=command.topic,
        aggregate_id=booking.id,
        aggregate_sequence=booking.version,
        payload=command,
        correlation_id=booking.id,
    )
