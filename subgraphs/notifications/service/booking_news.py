"""What travelers are told of their bookings, now and later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.contracts.bookings import BookingEvent
from shared.db import WriteSession
from subgraphs.notifications.kinds import Kind
from subgraphs.notifications.repository import feeds, schedules
from subgraphs.notifications.service.notify import Message, notify
from subgraphs.notifications.settings import NotificationsSettings

_USUAL_CHECK_IN: Final = time(14)
"""Where the hotel has not said from when its rooms are ready."""

KINDS: Final = {
    "booking.confirmed": Kind.BOOKING_CONFIRMED,
    "booking.failed": Kind.BOOKING_FAILED,
    "booking.expired": Kind.BOOKING_FAILED,
    "booking.cancelled": Kind.BOOKING_CANCELLED,
    "booking.changed": Kind.BOOKING_CHANGED,
    "booking.payment_action_required": Kind.PAYMENT_DUE,
    "booking.change_payment_action_required": Kind.PAYMENT_DUE,
}
"""Events that are told at once."""
_KEEPS_THE_STAY: Final = frozenset({"booking.confirmed", "booking.changed"})
_ENDS_THE_STAY: Final = frozenset(
    {"booking.cancelled", "booking.failed", "booking.expired", "booking.checked_in", "booking.no_show"}
)
TOPICS: Final = (*KINDS, "booking.checked_in", "booking.no_show", "booking.checked_out")


@dataclass(frozen=True, slots=True)
class News:
    """An event of a booking."""

    topic: str
    booking: BookingEvent
    """The booking after it."""
    sequence: int
    """Of the event within the booking."""
    occurred_at: datetime


async def tell(session: WriteSession, news: News, now: datetime, settings: NotificationsSettings) -> None:
    """Tell the traveler of an event of their booking, and plan what to tell later."""
    topic, booking = news.topic, news.booking
    if not await feeds.lock(session, booking.user_id):
        return
    if topic in _KEEPS_THE_STAY or topic in _ENDS_THE_STAY:
        due_at = check_in_at(booking) - timedelta(hours=settings.reminder_hours)
        # Who books on the eve has just read all that a reminder would say.
        await _plan(session, Kind.CHECK_IN_REMINDER, news, due_at, is_dropped=topic in _ENDS_THE_STAY or due_at <= now)
    if topic == "booking.checked_out":
        due_at = news.occurred_at + timedelta(hours=settings.review_after_hours)
        await _plan(session, Kind.REVIEW_REQUEST, news, due_at, is_dropped=False)
    kind = KINDS.get(topic)
    action = booking.payment_action
    if kind is Kind.PAYMENT_DUE and action is not None and action.due_at <= now:
        return  # told late: there is nothing to pay any more
    if kind is not None:
        await notify(session, _message(kind, news, settings), now, settings)


def check_in_at(booking: BookingEvent) -> datetime:
    """When the stay begins."""
    clock = booking.check_in_time or _USUAL_CHECK_IN
    return datetime.combine(booking.check_in, clock, tzinfo=ZoneInfo(booking.time_zone))


async def _plan(session: WriteSession, kind: Kind, news: News, due_at: datetime, *, is_dropped: bool) -> None:
    await schedules.put(
        session,
        user_id=news.booking.user_id,
        kind=kind,
        cause_id=str(news.booking.booking_id),
        sequence=news.sequence,
        due_at=due_at,
        data=_data(news.booking),
        booking_id=news.booking.booking_id,
        is_dropped=is_dropped,
    )


def _message(kind: Kind, news: News, settings: NotificationsSettings) -> Message:
    booking = news.booking
    # A booking is changed, and asked to be paid, any number of times; it is confirmed, cancelled or failed once.
    is_repeatable = kind in {Kind.BOOKING_CHANGED, Kind.PAYMENT_DUE}
    expires_at = news.occurred_at + timedelta(hours=settings.stale_hours)
    if kind is Kind.PAYMENT_DUE and booking.payment_action is not None:
        expires_at = booking.payment_action.due_at
    return Message(
        user_id=booking.user_id,
        kind=kind,
        cause_id=f"{booking.booking_id}:{news.sequence}" if is_repeatable else str(booking.booking_id),
        data=_data(booking),
        booking_id=booking.booking_id,
        expires_at=expires_at,
    )


def _data(booking: BookingEvent) -> dict[str, Any]:
    action, change = booking.payment_action, booking.change
    return {
        "code": booking.code,
        "state": booking.state,
        "hotel_name": booking.hotel_name,
        "city": booking.city,
        "check_in": booking.check_in.isoformat(),
        "check_out": booking.check_out.isoformat(),
        "check_in_at": check_in_at(booking).isoformat(),
        "check_in_time": None if booking.check_in_time is None else f"{booking.check_in_time:%H:%M}",
        "guests": booking.guests,
        "rooms": booking.rooms,
        "total_minor": booking.total_minor,
        "currency": booking.currency,
        "failure_reason": booking.failure_reason,
        "fee_minor": booking.fee_minor,
        "refund_due_minor": booking.refund_due_minor,
        "time_zone": booking.time_zone,
        "due_minor": booking.total_minor if action is None or action.amount_minor is None else action.amount_minor,
        "due_at": None if action is None else action.due_at.isoformat(),
        "pix_code": None if action is None else action.pix_code,
        "digitable_line": None if action is None else action.digitable_line,
        "url": None if action is None else action.url,
        "previous_check_in": None if change is None else change.previous_check_in.isoformat(),
        "previous_check_out": None if change is None else change.previous_check_out.isoformat(),
        "previous_total_minor": None if change is None else change.previous_total_minor,
    }
