"""Changing the stay of a booking: what it costs, and which events follow. Decides like ``decisions``, and does nothing.

What is paid for a booking is always the total of its terms. A change to a dearer stay has the difference paid on top.
A change to a cheaper one gives the difference back, as far as cancelling would have given it back at that moment; and
what was not refundable by then stays so, whatever the terms of the new stay. Discounts stay the amounts that they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.aggregate import Booking, BookingState
from subgraphs.bookings.booking.decisions import NotPossible, today
from subgraphs.bookings.booking.policy import cancellation_fee
from subgraphs.bookings.ids import difference_refund_id_of, hold_id_of, payment_id_of

MAX_CHANGES: Final = 30
"""Changes of one booking that can be asked for, whatever comes of them."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a change of stay means in money, in minor units of the booking's currency."""

    total_minor: int
    """What is paid for the booking in the end."""
    due_minor: int
    """What is to be paid on top."""
    refund_minor: int
    """What flows back."""
    minimum_fee_minor: int
    """What cancelling costs from then on at least."""


def settle(booking: Booking, rooms_minor: int, now: datetime, *, minimum_minor: int) -> Settlement:
    """What a stay whose rooms cost ``rooms_minor`` means for a confirmed booking.

    Args:
        booking: A confirmed booking.
        rooms_minor: Price of all rooms for all nights, before discounts.
        now: The present moment.
        minimum_minor: What is left to pay in money however large the discounts.
    """
    fee = cancellation_fee(booking.cancellation_terms, now)
    paid = booking.terms.total_minor
    total = max(rooms_minor - booking.terms.discount_minor, fee, min(minimum_minor, rooms_minor))
    return Settlement(
        total_minor=total,
        due_minor=max(total - paid, 0),
        refund_minor=max(paid - total, 0),
        minimum_fee_minor=fee,
    )


def require_changeable(booking: Booking, now: datetime) -> None:
    """Return when the stay can be changed now.

    Raises:
        NotPossible: the booking is not confirmed, the day of arrival has come, or another change is under way.
    """
    if booking.state is not BookingState.CONFIRMED:
        raise NotPossible(booking, "not_confirmed")
    if today(booking, now) >= booking.terms.check_in:
        raise NotPossible(booking, "too_late_to_change")
    if booking.change is not None:
        raise NotPossible(booking, "change_under_way")
    if len(booking.changes) >= MAX_CHANGES:
        raise NotPossible(booking, "too_many_changes")


def request_change(
    booking: Booking,
    change_id: UUID,
    stay: e.StayTerms,
    settlement: Settlement,
    *,
    payment_method: e.PaymentMethodName | None,
    expires_at: datetime,
    now: datetime,
) -> e.ChangeRequested:
    """Ask for another stay.

    Raises:
        NotPossible: see :func:`require_changeable`; or the stay is the one that is booked.
    """
    require_changeable(booking, now)
    if _rooms_of(stay) == _rooms_of(booking.terms):
        raise NotPossible(booking, "nothing_to_change")
    return e.ChangeRequested(
        change_id=change_id,
        stay=msgspec.structs.replace(
            stay, total_minor=settlement.total_minor, minimum_fee_minor=settlement.minimum_fee_minor
        ),
        due_minor=settlement.due_minor,
        payment_method=payment_method if settlement.due_minor else None,
        refunds=refund_shares(booking.paid, settlement.refund_minor),
        # Guests who arrive must not find their booking half changed.
        expires_at=min(expires_at, _midnight(booking, booking.terms.check_in)),
    )


def require_payment_action(plan: e.ChangeRequested, kind: str) -> e.ChangePaymentActionRequired:
    """The provider waits for the traveler to pay the difference."""
    return e.ChangePaymentActionRequired(change_id=plan.change_id, payment_id=payment_id_of(plan.change_id), kind=kind)


def change(booking: Booking, plan: e.ChangeRequested) -> e.Changed:
    """Hotels has swapped the rooms."""
    _require_under_way(booking, plan)
    terms = booking.terms
    payment = e.PaymentShare(payment_id=payment_id_of(plan.change_id), amount_minor=plan.due_minor)
    return e.Changed(
        change_id=plan.change_id,
        hold_id=hold_id_of(plan.change_id),
        stay=plan.stay,
        previous_room_type_id=terms.room_type_id,
        previous_check_in=terms.check_in,
        previous_check_out=terms.check_out,
        previous_total_minor=terms.total_minor,
        payment=payment if plan.due_minor else None,
        refunds=plan.refunds,
    )


def fail_change(
    booking: Booking,
    plan: e.ChangeRequested,
    reason: e.ChangeFailure,
    *,
    detail: str | None = None,
    sold_out_nights: Sequence[date] = (),
) -> e.ChangeFailed:
    """A step was refused for good, or the deadline passed."""
    _require_under_way(booking, plan)
    return e.ChangeFailed(change_id=plan.change_id, reason=reason, detail=detail, sold_out_nights=list(sold_out_nights))


def refund_difference(plan: e.ChangeRequested, amount_minor: int) -> e.Refunded:
    """The provider returned the difference."""
    refund_id = difference_refund_id_of(plan.change_id, plan.refunds[0].payment_id)
    return e.Refunded(refund_id=refund_id, amount_minor=amount_minor, change_id=plan.change_id)


def refund_shares(paid: Sequence[e.PaymentShare], amount_minor: int) -> list[e.PaymentShare]:
    """From which payments to give ``amount_minor`` back: the newest first, the same whenever it is asked.

    Raises:
        ValueError: so much was never paid.
    """
    shares: list[e.PaymentShare] = []
    rest = amount_minor
    for share in reversed(paid):
        if rest == 0:
            break
        part = min(rest, share.amount_minor)
        shares.append(e.PaymentShare(payment_id=share.payment_id, amount_minor=part))
        rest -= part
    if rest:
        raise ValueError(f"{amount_minor} is {rest} more than was paid")
    return shares


def _rooms_of(terms: e.StayTerms | e.Requested) -> tuple[object, ...]:
    return terms.room_type_id, terms.check_in, terms.check_out, terms.guests, terms.rooms


def _require_under_way(booking: Booking, plan: e.ChangeRequested) -> None:
    if booking.change is None or booking.change.id != plan.change_id:
        raise NotPossible(booking, "not_in_progress")


def _midnight(booking: Booking, day: date) -> datetime:
    """When ``day`` begins at the hotel."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(booking.terms.time_zone)).astimezone(UTC)
