"""What may happen to a booking: each function takes the booking as it is and says which event follows, or refuses."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.aggregate import IN_PROGRESS, Booking, BookingState
from subgraphs.bookings.booking.policy import cancellation_fee
from subgraphs.bookings.ids import hold_id_of, payment_id_of, refund_id_of

Refusal: TypeAlias = Literal[
    "not_in_progress", "already_ended", "stay_begun", "not_confirmed", "not_check_in_day", "not_checked_in",
    "too_early_for_no_show", "change_under_way", "too_late_to_change", "nothing_to_change", "too_many_changes",
    "not_changeable",
]  # fmt: skip


class NotPossible(Exception):
    """The booking's state or terms do not allow it; ``reason`` says why."""

    def __init__(self, booking: Booking, reason: Refusal) -> None:
        super().__init__(f"booking {booking.id} ({booking.state}): {reason}")
        self.booking = booking
        self.reason: Refusal = reason


def hold(booking: Booking, expires_at: datetime) -> e.Held:
    """Hotels keeps the rooms."""
    _require(booking, BookingState.PENDING)
    return e.Held(hold_id=hold_id_of(booking.id), expires_at=expires_at)


def require_payment_action(booking: Booking, kind: str) -> e.PaymentActionRequired:
    """The provider waits for the traveler."""
    _require(booking, BookingState.HELD)
    return e.PaymentActionRequired(payment_id=payment_id_of(booking.id), kind=kind)


def authorize(booking: Booking) -> e.PaymentAuthorized:
    """The provider has the money."""
    _require(booking, BookingState.HELD)
    return e.PaymentAuthorized(payment_id=payment_id_of(booking.id))


def confirm(booking: Booking) -> e.Confirmed:
    """Rooms are sold and money is captured."""
    _require(booking, BookingState.AUTHORIZED)
    return e.Confirmed(payment_id=payment_id_of(booking.id))


def fail(
    booking: Booking,
    reason: e.FailureReason,
    *,
    detail: str | None = None,
    sold_out_nights: list[date] | None = None,
    points_available: int | None = None,
) -> e.Failed:
    """A step was refused for good."""
    _require(booking, *IN_PROGRESS)
    return e.Failed(
        reason=reason, detail=detail, sold_out_nights=sold_out_nights or [], points_available=points_available
    )


def expire(booking: Booking) -> e.Expired:
    """The deadline passed."""
    _require(booking, *IN_PROGRESS)
    return e.Expired()


def refund(booking: Booking, amount_minor: int) -> e.Refunded:
    """The provider returned money."""
    return e.Refunded(refund_id=refund_id_of(booking.id), amount_minor=amount_minor)


def cancel(booking: Booking, now: datetime, reason: str | None) -> e.Cancelled:
    """Call the booking off, on its terms. While nothing is captured it costs nothing.

    Raises:
        NotPossible: it ended some other way, or the stay has begun.
    """
    if booking.state in IN_PROGRESS:
        return e.Cancelled(reason=reason, fee_minor=0, refund_minor=0)
    if booking.state in {BookingState.CHECKED_IN, BookingState.CHECKED_OUT, BookingState.NO_SHOW}:
        raise NotPossible(booking, "stay_begun")
    if booking.state is not BookingState.CONFIRMED:
        raise NotPossible(booking, "already_ended")
    if today(booking, now) >= booking.terms.check_out:
        raise NotPossible(booking, "stay_begun")
    fee = cancellation_fee(booking.cancellation_terms, now)
    return e.Cancelled(reason=reason, fee_minor=fee, refund_minor=booking.terms.total_minor - fee)


def check_in(booking: Booking, now: datetime) -> e.CheckedIn:
    """The guests arrive, on a day of their stay.

    Raises:
        NotPossible: the booking is not confirmed, its stay is being changed, or today is no day of the stay.
    """
    if booking.state is not BookingState.CONFIRMED:
        raise NotPossible(booking, "not_confirmed")
    if booking.change is not None:
        raise NotPossible(booking, "change_under_way")
    if not booking.terms.check_in <= today(booking, now) < booking.terms.check_out:
        raise NotPossible(booking, "not_check_in_day")
    return e.CheckedIn()


def check_out(booking: Booking) -> e.CheckedOut:
    """The guests leave. Raises :class:`NotPossible` when they are not there."""
    if booking.state is not BookingState.CHECKED_IN:
        raise NotPossible(booking, "not_checked_in")
    return e.CheckedOut()


def no_show(booking: Booking, now: datetime) -> e.NoShow:
    """The guests did not come on the day of arrival, and that day is over.

    Raises:
        NotPossible: the booking is not confirmed, its stay is being changed, or they may still come.
    """
    if booking.state is not BookingState.CONFIRMED:
        raise NotPossible(booking, "not_confirmed")
    if booking.change is not None:
        raise NotPossible(booking, "change_under_way")
    if today(booking, now) <= booking.terms.check_in:
        raise NotPossible(booking, "too_early_for_no_show")
    return e.NoShow()


def _require(booking: Booking, *states: BookingState) -> None:
    if booking.state not in states:
        raise NotPossible(booking, "not_in_progress")


def today(booking: Booking, now: datetime) -> date:
    """The date at the hotel."""
    return now.astimezone(ZoneInfo(booking.terms.time_zone)).date()
