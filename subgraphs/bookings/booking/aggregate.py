"""A booking's state, as its events make it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.policy import CancellationTerms
from subgraphs.bookings.ids import hold_id_of


class BookingState(StrEnum):
    """Where a booking stands."""

    PENDING = "PENDING"
    HELD = "HELD"
    AUTHORIZED = "AUTHORIZED"
    CONFIRMED = "CONFIRMED"
    CHECKED_IN = "CHECKED_IN"
    CHECKED_OUT = "CHECKED_OUT"
    NO_SHOW = "NO_SHOW"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


IN_PROGRESS = frozenset({BookingState.PENDING, BookingState.HELD, BookingState.AUTHORIZED})
"""The saga is on its way to a sale."""
SOLD = frozenset({BookingState.CONFIRMED, BookingState.CHECKED_IN, BookingState.CHECKED_OUT, BookingState.NO_SHOW})
"""Rooms and money are settled."""
CALLED_OFF = frozenset({BookingState.CANCELLED, BookingState.EXPIRED, BookingState.FAILED})


class ChangeState(StrEnum):
    """Where a change of stay stands."""

    UNDER_WAY = "UNDER_WAY"
    DONE = "DONE"
    FAILED = "FAILED"


class StayChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of stay that was asked for."""

    id: UUID
    state: ChangeState
    requested_at: datetime
    stay: e.StayTerms
    """The new stay."""
    due_minor: int
    """What was or is to be paid on top."""
    refunds: list[e.PaymentShare]
    """What flows back once it is done."""
    refunded_minor: int = 0
    expires_at: datetime
    payment_action: str | None = None
    """What the traveler has to do to pay the difference, while that is so."""
    failure_reason: str | None = None
    failure_detail: str | None = None
    sold_out_nights: list[date] = []

    @property
    def refund_minor(self) -> int:
        """What flows back once it is done."""
        return sum(share.amount_minor for share in self.refunds)


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking after ``version`` events."""

    id: UUID
    version: int
    state: BookingState
    terms: e.Requested
    """What was asked for and agreed."""
    hold_id: UUID
    """The hold of rooms in hotels: another one after each change of the stay."""
    requested_at: datetime
    updated_at: datetime
    payment_action: str | None = None
    """What the traveler has to do to pay, while that is so."""
    is_captured: bool = False
    failure_reason: str | None = None
    failure_detail: str | None = None
    sold_out_nights: list[date] = []
    points_available: int | None = None
    """How many points the traveler could have used, when that is why it failed."""
    cancellation_reason: str | None = None
    fee_minor: int = 0
    refund_due_minor: int = 0
    refunded_minor: int = 0
    paid: list[e.PaymentShare] = []
    """What was captured and is not given back by changes: once confirmed, together the total of the terms."""
    minimum_fee_minor: int = 0
    changes: list[StayChange] = []
    """All changes of the stay that were asked for, in order. Only the last may be under way."""

    @property
    def change(self) -> StayChange | None:
        """The change that is under way."""
        return self.changes[-1] if self.changes and self.changes[-1].state is ChangeState.UNDER_WAY else None

    @property
    def is_undone_for_free(self) -> bool:
        """Whether it ended without costing anything, so that the coupon and the points that were in it go back."""
        return self.state in CALLED_OFF and self.fee_minor == 0

    @property
    def cancellation_terms(self) -> CancellationTerms:
        """What the cancellation fee depends on."""
        terms = self.terms
        return CancellationTerms(
            policy=terms.policy,
            check_in=terms.check_in,
            check_in_time=terms.check_in_time,
            time_zone=terms.time_zone,
            first_night_minor=terms.nights[0].price_minor * terms.rooms,
            total_minor=terms.total_minor,
            minimum_fee_minor=self.minimum_fee_minor,
        )


def evolve(booking: Booking | None, recorded: e.RecordedEvent) -> Booking:
    """The booking after one more event. A pure function that decides nothing: what happened, happened."""
    event = recorded.payload
    if booking is None:
        if not isinstance(event, e.Requested):
            raise ValueError(f"the history of {recorded.booking_id} begins with {event.type}")
        return Booking(
            id=recorded.booking_id,
            version=recorded.sequence,
            state=BookingState.PENDING,
            terms=event,
            hold_id=hold_id_of(recorded.booking_id),
            requested_at=recorded.occurred_at,
            updated_at=recorded.occurred_at,
        )
    if recorded.sequence != booking.version + 1:
        raise ValueError(f"event {recorded.sequence} of {booking.id} cannot follow version {booking.version}")
    changes = msgspec.structs.replace(booking, version=recorded.sequence, updated_at=recorded.occurred_at)
    return _apply(changes, event)


def _apply(booking: Booking, event: e.Event) -> Booking:  # one arm per event
    replace = msgspec.structs.replace
    match event:
        case e.Held():
            return replace(booking, state=BookingState.HELD)
        case e.PaymentActionRequired(kind=kind):
            return replace(booking, payment_action=kind)
        case e.PaymentAuthorized():
            return replace(booking, state=BookingState.AUTHORIZED, payment_action=None)
        case e.Confirmed(payment_id=payment_id):
            paid = [e.PaymentShare(payment_id=payment_id, amount_minor=booking.terms.total_minor)]
            return replace(booking, state=BookingState.CONFIRMED, is_captured=True, paid=paid)
        case e.Failed(reason=reason, detail=detail, sold_out_nights=nights, points_available=available):
            return replace(
                booking,
                state=BookingState.FAILED,
                payment_action=None,
                failure_reason=reason,
                failure_detail=detail,
                sold_out_nights=nights,
                points_available=available,
            )
        case e.Expired():
            return replace(booking, state=BookingState.EXPIRED, payment_action=None)
        case e.Cancelled(reason=reason, fee_minor=fee, refund_minor=refund):
            return replace(
                booking,
                state=BookingState.CANCELLED,
                payment_action=None,
                cancellation_reason=reason,
                fee_minor=fee,
                refund_due_minor=refund,
                changes=_changes(booking, state=ChangeState.FAILED, payment_action=None, failure_reason="cancelled"),
            )
        case e.Refunded():
            return _refunded(booking, event)
        case e.CheckedIn():
            return replace(booking, state=BookingState.CHECKED_IN)
        case e.CheckedOut():
            return replace(booking, state=BookingState.CHECKED_OUT)
        case e.NoShow():
            return replace(booking, state=BookingState.NO_SHOW)
        case e.ChangeRequested() | e.ChangePaymentActionRequired() | e.ChangeFailed() | e.Changed():
            return _apply_change(booking, event)
        case e.Requested():
            raise ValueError(f"{booking.id} was requested twice")


def _apply_change(
    booking: Booking, event: e.ChangeRequested | e.ChangePaymentActionRequired | e.ChangeFailed | e.Changed
) -> Booking:
    replace = msgspec.structs.replace
    match event:
        case e.ChangeRequested():
            return replace(booking, changes=[*booking.changes, _change(booking, event)])
        case e.ChangePaymentActionRequired(kind=kind):
            return replace(booking, changes=_changes(booking, payment_action=kind))
        case e.ChangeFailed(reason=reason, detail=detail, sold_out_nights=nights):
            failed = _changes(
                booking,
                state=ChangeState.FAILED,
                payment_action=None,
                failure_reason=reason,
                failure_detail=detail,
                sold_out_nights=nights,
            )
            return replace(booking, changes=failed)
        case e.Changed():
            return _with_stay(booking, event)


def _change(booking: Booking, event: e.ChangeRequested) -> StayChange:
    return StayChange(
        id=event.change_id,
        state=ChangeState.UNDER_WAY,
        requested_at=booking.updated_at,
        stay=event.stay,
        due_minor=event.due_minor,
        refunds=event.refunds,
        expires_at=event.expires_at,
    )


def _changes(booking: Booking, **values: Any) -> list[StayChange]:
    """The changes with new values in the one that is under way, if any is."""
    if booking.change is None:
        return booking.changes
    return [*booking.changes[:-1], msgspec.structs.replace(booking.change, **values)]


def _refunded(booking: Booking, event: e.Refunded) -> Booking:
    replace, amount = msgspec.structs.replace, event.amount_minor
    if event.change_id is None:
        return replace(booking, refunded_minor=booking.refunded_minor + amount)
    changes = [
        replace(change, refunded_minor=change.refunded_minor + amount) if change.id == event.change_id else change
        for change in booking.changes
    ]
    return replace(booking, changes=changes)


def _with_stay(booking: Booking, event: e.Changed) -> Booking:
    """The booking with the stay, the hold and the payments that it has after the change."""
    stay = event.stay
    returned = {share.payment_id: share.amount_minor for share in event.refunds}
    paid = [
        e.PaymentShare(payment_id=share.payment_id, amount_minor=share.amount_minor - returned.get(share.payment_id, 0))
        for share in (*booking.paid, *((event.payment,) if event.payment else ()))
    ]
    terms = msgspec.structs.replace(
        booking.terms,
        room_type_id=stay.room_type_id,
        check_in=stay.check_in,
        check_out=stay.check_out,
        check_in_time=stay.check_in_time,
        guests=stay.guests,
        rooms=stay.rooms,
        nights=stay.nights,
        total_minor=stay.total_minor,
        policy=stay.policy,
    )
    return msgspec.structs.replace(
        booking,
        terms=terms,
        hold_id=event.hold_id,
        paid=[share for share in paid if share.amount_minor],
        minimum_fee_minor=stay.minimum_fee_minor,
        changes=_changes(booking, state=ChangeState.DONE, payment_action=None),
    )


def replay(history: Iterable[e.RecordedEvent], start: Booking | None = None) -> Booking | None:
    """The booking that ``history`` makes, from ``start`` on; ``None`` for no history at all."""
    booking = start
    for recorded in history:
        booking = evolve(booking, recorded)
    return booking
