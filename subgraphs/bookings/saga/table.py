"""The saga as a table: which steps there are, and what follows when a step is told something.

==================  ==========================  =========================================  ====================
step                does                        goes on when                               turns back when
==================  ==========================  =========================================  ====================
HOLD_INVENTORY      command to hotels           rooms are held                             refused, deadline
RESERVE_POINTS      command to gamification     points are set aside; skipped without any  refused, deadline
AUTHORIZE_PAYMENT   call to the provider        authorized (also later, by webhook)        declined, deadline
CONFIRM_INVENTORY   command to hotels           rooms are sold                             refused, deadline
CAPTURE_PAYMENT     call to the provider        captured: **confirmed**, the saga is over  the provider refuses
------------------  --------------------------  -----------------------------------------  --------------------
RETURN_PAYMENT      void or refund              the money is back                          never
RELEASE_INVENTORY   (sent on turning back)      the rooms are free: the saga is over       never
==================  ==========================  =========================================  ====================

Turning back tells hotels at once to free the rooms, so that they do not wait for a payment provider that is away; then
it returns the money, and at last makes sure that hotels has heard. Both undo whatever was done, also what we never
learnt the outcome of, so a step that is in doubt needs no case of its own.

Points and the coupon follow what becomes of the booking. Points are spent with the confirmation; both go back with a
turning back that costs the traveler nothing (see ``lifecycle.turn_back``). Nobody answers these commands.

A signal that the table does not know for the present step is late or a repetition, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from shared.contracts.points import ConfirmPoints, ReleasePoints, ReservePoints
from subgraphs.bookings.booking import decisions
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import Event
from subgraphs.bookings.ids import points_id_of
from subgraphs.bookings.saga import signals as s


class Step(StrEnum):
    """Where a saga is."""

    HOLD_INVENTORY = "HOLD_INVENTORY"
    RESERVE_POINTS = "RESERVE_POINTS"
    AUTHORIZE_PAYMENT = "AUTHORIZE_PAYMENT"
    CONFIRM_INVENTORY = "CONFIRM_INVENTORY"
    CAPTURE_PAYMENT = "CAPTURE_PAYMENT"
    REFUND_DIFFERENCE = "REFUND_DIFFERENCE"
    """Of a change of stay only: see ``changing``."""
    RETURN_PAYMENT = "RETURN_PAYMENT"
    RELEASE_INVENTORY = "RELEASE_INVENTORY"


Command: TypeAlias = HoldInventory | ConfirmInventory | ReleaseInventory | ReservePoints | ConfirmPoints | ReleasePoints


def _hold(booking: Booking) -> Command:
    terms = booking.terms
    return HoldInventory(
        hold_id=booking.hold_id,
        booking_id=booking.id,
        room_type_id=terms.room_type_id,
        check_in=terms.check_in,
        check_out=terms.check_out,
        rooms=terms.rooms,
        expires_at=terms.expires_at,
    )


def _confirm(booking: Booking) -> Command:
    return ConfirmInventory(hold_id=booking.hold_id, booking_id=booking.id)


def _release(booking: Booking) -> Command:
    return ReleaseInventory(hold_id=booking.hold_id, booking_id=booking.id)


def _reserve_points(booking: Booking) -> Command:
    return ReservePoints(
        reservation_id=points_id_of(booking.id),
        booking_id=booking.id,
        user_id=booking.terms.user_id,
        points=booking.terms.points,
    )


def spend_points(booking: Booking) -> Command:
    """Sent with the confirmation of a booking that has points in its price."""
    return ConfirmPoints(reservation_id=points_id_of(booking.id), booking_id=booking.id)


def return_points(booking: Booking) -> Command:
    """Sent when a booking that has points in its price is undone for free."""
    return ReleasePoints(reservation_id=points_id_of(booking.id), booking_id=booking.id)


COMMANDS: Final[Mapping[Step, Callable[[Booking], Command]]] = {
    Step.HOLD_INVENTORY: _hold,
    Step.RESERVE_POINTS: _reserve_points,
    Step.CONFIRM_INVENTORY: _confirm,
    Step.RELEASE_INVENTORY: _release,
}
"""What the steps that wait for another domain send. The other steps call the payment provider."""

BEFORE_THE_MONEY: Final = frozenset(
    {Step.HOLD_INVENTORY, Step.RESERVE_POINTS, Step.AUTHORIZE_PAYMENT, Step.CONFIRM_INVENTORY}
)
"""Steps that the deadline ends. After them the rooms are sold for good, and capturing goes on until it is decided."""


@dataclass(frozen=True, slots=True)
class GoOn:
    """To the next step, with what that means for the booking."""

    to: Step
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """At the same step: something is known that the booking shows."""

    event: Event | None = None


@dataclass(frozen=True, slots=True)
class TurnBack:
    """Undo what was done; the booking does not come about."""

    event: Event
    rooms_are_free: bool = False
    """Whether hotels has said that it holds nothing for the booking."""


@dataclass(frozen=True, slots=True)
class NoteRelease:
    """Remember that hotels has freed the rooms."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The saga is over."""

    event: Event | None = None


Move: TypeAlias = GoOn | Stay | TurnBack | NoteRelease | Finish


def _held(booking: Booking, signal: s.RoomsHeld) -> Move:
    to = Step.RESERVE_POINTS if booking.terms.points else Step.AUTHORIZE_PAYMENT
    return GoOn(to, decisions.hold(booking, signal.expires_at))


def _no_points(booking: Booking, signal: s.PointsRefused) -> Move:
    event = decisions.fail(booking, "points_refused", detail=signal.reason, points_available=max(signal.available, 0))
    return TurnBack(event)


def _refused(booking: Booking, signal: s.RoomsRefused) -> Move:
    reason: Any = "sold_out" if signal.reason in {"sold_out", "closed", "unknown_room_type"} else "hold_lost"
    event = decisions.fail(booking, reason, detail=signal.reason, sold_out_nights=signal.sold_out_nights)
    return TurnBack(event, rooms_are_free=True)


def _no_money(booking: Booking, signal: s.PaymentRefused) -> Move:
    reason: Any = "payment_declined" if signal.is_declined else "payment_failed"
    return TurnBack(decisions.fail(booking, reason, detail=signal.reason))


def _needs_action(booking: Booking, signal: s.PaymentNeedsAction) -> Move:
    if booking.payment_action == signal.kind:
        return Stay()
    return Stay(decisions.require_payment_action(booking, signal.kind))


def _too_late(booking: Booking, _: s.Signal) -> Move:
    return TurnBack(decisions.expire(booking))


def _hold_ran_out(booking: Booking, _: s.Signal) -> Move:
    return TurnBack(decisions.expire(booking), rooms_are_free=True)


def _returned(booking: Booking, signal: s.PaymentReturned) -> Move:
    is_news = signal.amount_minor > booking.refunded_minor
    refund = decisions.refund(booking, signal.amount_minor - booking.refunded_minor) if is_news else None
    return GoOn(Step.RELEASE_INVENTORY, refund)


MOVES: Final[Mapping[tuple[Step, type[s.Signal]], Callable[[Booking, Any], Move]]] = {
    (Step.HOLD_INVENTORY, s.RoomsHeld): _held,
    (Step.HOLD_INVENTORY, s.RoomsRefused): _refused,
    (Step.HOLD_INVENTORY, s.RoomsExpired): _hold_ran_out,
    (Step.HOLD_INVENTORY, s.DeadlinePassed): _too_late,
    (Step.RESERVE_POINTS, s.PointsReserved): lambda _b, _s: GoOn(Step.AUTHORIZE_PAYMENT),
    (Step.RESERVE_POINTS, s.PointsRefused): _no_points,
    (Step.RESERVE_POINTS, s.RoomsExpired): _hold_ran_out,
    (Step.RESERVE_POINTS, s.DeadlinePassed): _too_late,
    (Step.AUTHORIZE_PAYMENT, s.PaymentAuthorized): lambda b, _: GoOn(Step.CONFIRM_INVENTORY, decisions.authorize(b)),
    (Step.AUTHORIZE_PAYMENT, s.PaymentCaptured): lambda b, _: GoOn(Step.CONFIRM_INVENTORY, decisions.authorize(b)),
    (Step.AUTHORIZE_PAYMENT, s.PaymentNeedsAction): _needs_action,
    (Step.AUTHORIZE_PAYMENT, s.PaymentUndecided): lambda _b, _s: Stay(),
    (Step.AUTHORIZE_PAYMENT, s.PaymentRefused): _no_money,
    (Step.AUTHORIZE_PAYMENT, s.PaymentExpired): _too_late,
    (Step.AUTHORIZE_PAYMENT, s.RoomsExpired): _hold_ran_out,
    (Step.AUTHORIZE_PAYMENT, s.DeadlinePassed): _too_late,
    (Step.CONFIRM_INVENTORY, s.RoomsSold): lambda _b, _s: GoOn(Step.CAPTURE_PAYMENT),
    (Step.CONFIRM_INVENTORY, s.RoomsRefused): _refused,
    (Step.CONFIRM_INVENTORY, s.RoomsExpired): _hold_ran_out,
    (Step.CONFIRM_INVENTORY, s.DeadlinePassed): _too_late,
    (Step.CAPTURE_PAYMENT, s.PaymentCaptured): lambda b, _: Finish(decisions.confirm(b)),
    (Step.CAPTURE_PAYMENT, s.PaymentRefused): _no_money,
    (Step.RETURN_PAYMENT, s.PaymentUndecided): lambda _b, _s: Stay(),
    (Step.RETURN_PAYMENT, s.PaymentReturned): _returned,
    (Step.RETURN_PAYMENT, s.RoomsReleased): lambda _b, _s: NoteRelease(),
    (Step.RETURN_PAYMENT, s.RoomsExpired): lambda _b, _s: NoteRelease(),
    (Step.RELEASE_INVENTORY, s.RoomsReleased): lambda _b, _s: Finish(),
    (Step.RELEASE_INVENTORY, s.RoomsExpired): lambda _b, _s: Finish(),
}


def move(step: Step, booking: Booking, signal: s.Signal) -> Move | None:
    """What follows when a saga at ``step`` is told ``signal``; ``None`` when it has no meaning there."""
    decide = MOVES.get((step, type(signal)))
    return None if decide is None else decide(booking, signal)
