"""A change of stay as a table, like that of a sale in ``table``.

==================  ==========================  =========================================  ====================
step                does                        goes on when                               turns back when
==================  ==========================  =========================================  ====================
HOLD_INVENTORY      command to hotels: a hold   rooms are held                             refused, deadline
                    in place of the present
AUTHORIZE_PAYMENT   call to the provider, when  authorized (also later, by webhook)        declined, deadline
                    there is more to pay
CAPTURE_PAYMENT     call to the provider, then  captured                                   refused, deadline
CONFIRM_INVENTORY   command to hotels           rooms are swapped: **changed**             refused
REFUND_DIFFERENCE   refunds, when the new stay  the money is back: the saga is over        never
                    is cheaper
------------------  --------------------------  -----------------------------------------  --------------------
RETURN_PAYMENT      void of the difference      the money is back                          never
RELEASE_INVENTORY   (sent on turning back)      the new rooms are free: the saga is over   never
==================  ==========================  =========================================  ====================

Unlike a sale, a change takes the money before the rooms. Hotels swaps them in one transaction, and nothing brings the
old ones back after it: so nothing that can still be refused may come later. Money that was taken for a swap which is
then refused is given back. For the same reason the deadline does not end the confirmation: hotels refuses one that
comes too late, and only its answer says whether the booking has its old rooms or its new ones.

While a change is under way the booking is as it was. Cancelling it wins: both holds are released, and all the money
returned that is due. Check-in waits for the few moments that a change needs on that day (``decisions``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from subgraphs.bookings.booking import changing
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.booking.events import ChangeFailure, ChangeRequested
from subgraphs.bookings.ids import difference_refund_id_of, hold_id_of, payment_id_of
from subgraphs.bookings.models import Saga
from subgraphs.bookings.payments import outcomes as o
from subgraphs.bookings.saga import calls
from subgraphs.bookings.saga import signals as s
from subgraphs.bookings.saga.payments_port import PaymentCalls
from subgraphs.bookings.saga.table import Command, Finish, GoOn, Move, NoteRelease, Step, TurnBack
from subgraphs.bookings.saga.table import Stay as Remain

PLAN: Final = "plan"
"""In ``data``: the event that asked for the change. What was agreed then is all that the steps go by."""


def data_of(plan: ChangeRequested) -> dict[str, Any]:
    """What the saga of a change keeps."""
    return {PLAN: msgspec.to_builtins(plan)}


class Change:
    """The course of one change of stay. See :class:`subgraphs.bookings.saga.courses.Course`."""

    ended_by_deadline = frozenset({Step.HOLD_INVENTORY, Step.AUTHORIZE_PAYMENT, Step.CAPTURE_PAYMENT})

    def __init__(self, plan: ChangeRequested) -> None:
        self.plan = plan

    @classmethod
    def of(cls, saga: Saga) -> Change:
        """The course of a saga that :func:`data_of` began."""
        return cls(msgspec.convert(saga.data[PLAN], ChangeRequested))

    def hold_id(self, booking: Booking) -> UUID:  # noqa: ARG002  # the booking has another hold until it is changed
        """The hold of the new rooms."""
        return hold_id_of(self.plan.change_id)

    def command(self, step: Step, booking: Booking) -> Command | None:
        """What ``step`` tells hotels, if it does."""
        hold_id = hold_id_of(self.plan.change_id)
        match step:
            case Step.HOLD_INVENTORY:
                stay = self.plan.stay
                return HoldInventory(
                    hold_id=hold_id,
                    booking_id=booking.id,
                    room_type_id=stay.room_type_id,
                    check_in=stay.check_in,
                    check_out=stay.check_out,
                    rooms=stay.rooms,
                    expires_at=self.plan.expires_at,
                    replaces_hold_id=booking.hold_id,
                )
            case Step.CONFIRM_INVENTORY:
                return ConfirmInventory(hold_id=hold_id, booking_id=booking.id)
            case Step.RELEASE_INVENTORY:
                return ReleaseInventory(hold_id=hold_id, booking_id=booking.id)
            case _:
                return None

    def move(self, step: Step, booking: Booking, signal: s.Signal) -> Move | None:
        """What follows when the saga at ``step`` is told ``signal``; ``None`` when it has no meaning there."""
        decide = MOVES.get((step, type(signal)))
        return None if decide is None else decide(self.plan, booking, signal)

    async def call(self, step: Step, booking: Booking, payments: PaymentCalls) -> s.Signal:
        """Do what ``step`` does at the provider.

        Raises:
            NotReturned: a refund was refused.
            Exception: whatever a provider that does not answer causes.
        """
        payment_id = payment_id_of(self.plan.change_id)
        match step:
            case Step.AUTHORIZE_PAYMENT:
                return calls.authorized(await payments.authorize(payment_id))
            case Step.CAPTURE_PAYMENT:
                return calls.captured(await payments.capture(payment_id))
            case Step.REFUND_DIFFERENCE:
                return await calls.refund_all(
                    payments,
                    [
                        (share, difference_refund_id_of(self.plan.change_id, share.payment_id))
                        for share in self.plan.refunds
                    ],
                )
            case Step.RETURN_PAYMENT:
                voided: o.VoidOutcome = await payments.void(payment_id) if self.plan.due_minor else o.Voided()
                return calls.returned(voided)
            case _:
                raise ValueError(f"{step} of {booking.id} calls nobody")


def _rooms_held(plan: ChangeRequested, _b: Booking, _s: s.Signal) -> Move:
    return GoOn(Step.AUTHORIZE_PAYMENT if plan.due_minor else Step.CONFIRM_INVENTORY)


def _rooms_refused(plan: ChangeRequested, booking: Booking, signal: s.RoomsRefused) -> Move:
    is_sold_out = signal.reason in {"sold_out", "closed", "unknown_room_type"}
    reason: ChangeFailure = "sold_out" if is_sold_out else "hold_lost"
    nights = signal.sold_out_nights
    event = changing.fail_change(booking, plan, reason, detail=signal.reason, sold_out_nights=nights)
    return TurnBack(event, rooms_are_free=True)


def _rooms_swapped(plan: ChangeRequested, booking: Booking, _: s.Signal) -> Move:
    changed = changing.change(booking, plan)
    return GoOn(Step.REFUND_DIFFERENCE, changed) if plan.refunds else Finish(changed)


def _needs_action(plan: ChangeRequested, booking: Booking, signal: s.PaymentNeedsAction) -> Move:
    if booking.change is not None and booking.change.payment_action == signal.kind:
        return Remain()
    return Remain(changing.require_payment_action(plan, signal.kind))


def _no_money(plan: ChangeRequested, booking: Booking, signal: s.PaymentRefused) -> Move:
    reason: ChangeFailure = "payment_declined" if signal.is_declined else "payment_failed"
    return TurnBack(changing.fail_change(booking, plan, reason, detail=signal.reason))


def _too_late(plan: ChangeRequested, booking: Booking, _: s.Signal) -> Move:
    return TurnBack(changing.fail_change(booking, plan, "expired"))


def _hold_ran_out(plan: ChangeRequested, booking: Booking, _: s.Signal) -> Move:
    return TurnBack(changing.fail_change(booking, plan, "expired"), rooms_are_free=True)


def _difference_refunded(plan: ChangeRequested, _b: Booking, signal: s.PaymentReturned) -> Move:
    return Finish(changing.refund_difference(plan, signal.amount_minor))


MOVES: Final[Mapping[tuple[Step, type[s.Signal]], Callable[[ChangeRequested, Booking, Any], Move]]] = {
    (Step.HOLD_INVENTORY, s.RoomsHeld): _rooms_held,
    (Step.HOLD_INVENTORY, s.RoomsRefused): _rooms_refused,
    (Step.HOLD_INVENTORY, s.RoomsExpired): _hold_ran_out,
    (Step.HOLD_INVENTORY, s.DeadlinePassed): _too_late,
    (Step.AUTHORIZE_PAYMENT, s.PaymentAuthorized): lambda _p, _b, _s: GoOn(Step.CAPTURE_PAYMENT),
    (Step.AUTHORIZE_PAYMENT, s.PaymentCaptured): lambda _p, _b, _s: GoOn(Step.CONFIRM_INVENTORY),
    (Step.AUTHORIZE_PAYMENT, s.PaymentNeedsAction): _needs_action,
    (Step.AUTHORIZE_PAYMENT, s.PaymentUndecided): lambda _p, _b, _s: Remain(),
    (Step.AUTHORIZE_PAYMENT, s.PaymentRefused): _no_money,
    (Step.AUTHORIZE_PAYMENT, s.PaymentExpired): _too_late,
    (Step.AUTHORIZE_PAYMENT, s.RoomsExpired): _hold_ran_out,
    (Step.AUTHORIZE_PAYMENT, s.DeadlinePassed): _too_late,
    (Step.CAPTURE_PAYMENT, s.PaymentCaptured): lambda _p, _b, _s: GoOn(Step.CONFIRM_INVENTORY),
    (Step.CAPTURE_PAYMENT, s.PaymentRefused): _no_money,
    (Step.CAPTURE_PAYMENT, s.RoomsExpired): _hold_ran_out,
    (Step.CAPTURE_PAYMENT, s.DeadlinePassed): _too_late,
    (Step.CONFIRM_INVENTORY, s.RoomsSold): _rooms_swapped,
    (Step.CONFIRM_INVENTORY, s.RoomsRefused): _rooms_refused,
    (Step.CONFIRM_INVENTORY, s.RoomsExpired): _hold_ran_out,
    (Step.REFUND_DIFFERENCE, s.PaymentReturned): _difference_refunded,
    (Step.RETURN_PAYMENT, s.PaymentUndecided): lambda _p, _b, _s: Remain(),
    (Step.RETURN_PAYMENT, s.PaymentReturned): lambda _p, _b, _s: GoOn(Step.RELEASE_INVENTORY),
    (Step.RETURN_PAYMENT, s.RoomsReleased): lambda _p, _b, _s: NoteRelease(),
    (Step.RETURN_PAYMENT, s.RoomsExpired): lambda _p, _b, _s: NoteRelease(),
    (Step.RELEASE_INVENTORY, s.RoomsReleased): lambda _p, _b, _s: Finish(),
    (Step.RELEASE_INVENTORY, s.RoomsExpired): lambda _p, _b, _s: Finish(),
}
