"""What a change of stay costs and means, without a database; and its steps as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.bookings.booking import changing
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.aggregate import Booking, BookingState, ChangeState
from subgraphs.bookings.booking.changing import refund_shares, request_change, settle
from subgraphs.bookings.booking.decisions import NotPossible, cancel, check_in, no_show
from subgraphs.bookings.booking.policy import CancellationPolicy
from subgraphs.bookings.ids import hold_id_of, payment_id_of
from subgraphs.bookings.models import Saga
from subgraphs.bookings.saga import signals as s
from subgraphs.bookings.saga.changing import MOVES, Change, data_of
from subgraphs.bookings.saga.courses import course_of
from subgraphs.bookings.saga.table import Finish, GoOn, Step, TurnBack
from subgraphs.bookings.tests.test_booking_rules import CHECK_IN, CHECK_IN_MOMENT, ID, NOW, SOLD, booking

CHANGE_ID = UUID(int=77)
TOTAL = 606


def stay(*, nights: int = 5, price: int = 200, rooms: int = 2, policy: CancellationPolicy | None = None) -> e.StayTerms:
    first = CHECK_IN + timedelta(days=1)
    return e.StayTerms(
        room_type_id=UUID(int=3),
        check_in=first,
        check_out=first + timedelta(days=nights),
        check_in_time=booking().terms.check_in_time,
        guests=4,
        rooms=rooms,
        nights=[e.NightPrice(night=first + timedelta(days=n), price_minor=price) for n in range(nights)],
        total_minor=nights * price * rooms,
        policy=policy or booking().terms.policy,
        minimum_fee_minor=0,
    )


def asked(made: Booking, wanted: e.StayTerms | None = None, *, now: datetime = NOW) -> e.ChangeRequested:
    wanted = wanted or stay()
    settlement = settle(made, wanted.total_minor, now, minimum_minor=1)
    return request_change(
        made, CHANGE_ID, wanted, settlement, payment_method="card", expires_at=now + timedelta(minutes=10), now=now
    )


def under_way() -> tuple[Booking, e.ChangeRequested]:
    plan = asked(booking(*SOLD))
    return booking(*SOLD, plan), plan


@pytest.mark.parametrize(
    ("rooms_minor", "before", "total", "due", "refund", "fee"),
    [
        (900, timedelta(days=10), 900, 294, 0, 0),
        (606, timedelta(days=10), 606, 0, 0, 0),
        (300, timedelta(days=10), 300, 0, 306, 0),
        (900, timedelta(days=5), 900, 294, 0, 200),  # the first night of two rooms is due already
        (300, timedelta(days=5), 300, 0, 306, 200),
        (100, timedelta(days=5), 200, 0, 406, 200),  # what is due stays due
        (900, timedelta(days=1), 900, 294, 0, 606),  # the whole is due
        (300, timedelta(days=1), 606, 0, 0, 606),
    ],
)
def test_the_difference_flows_as_far_as_a_cancellation_would_let_it(
    rooms_minor: int, before: timedelta, total: int, due: int, refund: int, fee: int
) -> None:
    found = settle(booking(*SOLD), rooms_minor, CHECK_IN_MOMENT - before, minimum_minor=1)
    assert (found.total_minor, found.due_minor, found.refund_minor, found.minimum_fee_minor) == (
        total, due, refund, fee,
    )  # fmt: skip


def test_discounts_stay_what_they_were_and_something_is_left_to_pay() -> None:
    made = booking(*SOLD, coupon_code="TEN", coupon_minor=60, points=40, points_minor=40, total_minor=506)
    assert settle(made, 906, NOW, minimum_minor=100).total_minor == 806
    assert settle(made, 150, NOW, minimum_minor=100).total_minor == 100
    assert settle(made, 80, NOW, minimum_minor=100).total_minor == 80


@given(
    prices=st.lists(st.integers(1, 2_000), min_size=1, max_size=6),
    days=st.lists(st.integers(0, 17), min_size=7, max_size=7),
    free=st.none() | st.integers(0, 20),
)
def test_after_any_changes_the_payments_are_the_total_and_no_change_made_cancelling_cheaper(
    prices: list[int], days: list[int], free: int | None
) -> None:
    policy = CancellationPolicy(free_until_days=free, first_night_until_days=None)
    moments = sorted(NOW + timedelta(days=day) for day in days)
    history: list[e.Event] = list(SOLD)
    made = booking(*history, policy=policy)
    fee = 0
    for number, (price, now) in enumerate(zip(prices, moments, strict=False)):
        fee = cancel(made, now, None).fee_minor
        wanted = msgspec.structs.replace(stay(nights=1 + number % 3, price=price), policy=policy)
        settlement = settle(made, wanted.total_minor, now, minimum_minor=1)
        wanted = msgspec.structs.replace(wanted, guests=5 + number)  # never the stay that is booked
        change_id = UUID(int=100 + number)
        plan = request_change(made, change_id, wanted, settlement, payment_method="card", expires_at=now, now=now)
        history.append(plan)
        history.append(changing.change(booking(*history, policy=policy), plan))
        made = booking(*history, policy=policy)
        assert sum(share.amount_minor for share in made.paid) == made.terms.total_minor
        assert all(share.amount_minor > 0 for share in made.paid)
        assert cancel(made, now, None).fee_minor >= fee
        assert refund_shares(made.paid, made.terms.total_minor)  # all of it can flow back


def test_refunds_come_from_the_newest_payments_first() -> None:
    paid = [e.PaymentShare(payment_id=UUID(int=n), amount_minor=100 * n) for n in (1, 2, 3)]
    shares = [(share.payment_id.int, share.amount_minor) for share in refund_shares(paid, 450)]
    assert shares == [(3, 300), (2, 150)]
    assert refund_shares(paid, 0) == []
    with pytest.raises(ValueError, match="more than was paid"):
        refund_shares(paid, 601)


def test_a_change_leaves_the_booking_as_it_was_until_it_is_done() -> None:
    made, plan = under_way()
    before = booking(*SOLD)
    assert (made.terms, made.hold_id, made.paid) == (before.terms, before.hold_id, before.paid)
    assert made.change is not None
    done = booking(*SOLD, plan, changing.change(made, plan))
    assert (done.state, done.change) == (BookingState.CONFIRMED, None)
    assert (done.terms.check_out, done.terms.total_minor) == (plan.stay.check_out, 2_000)
    assert done.hold_id == hold_id_of(CHANGE_ID)
    assert [share.payment_id for share in done.paid] == [UUID(int=9), payment_id_of(CHANGE_ID)]
    assert done.terms.code == before.terms.code
    failed = booking(*SOLD, plan, changing.fail_change(made, plan, "expired"))
    assert (failed.terms, failed.paid, failed.change) == (before.terms, before.paid, None)
    assert failed.changes[0].state is ChangeState.FAILED


def test_one_change_at_a_time_and_guests_wait_for_it() -> None:
    made, plan = under_way()
    for decide in (
        lambda: asked(made), lambda: check_in(made, CHECK_IN_MOMENT), lambda: no_show(made, CHECK_IN_MOMENT),
    ):  # fmt: skip
        with pytest.raises(NotPossible) as refused:
            decide()
        assert refused.value.reason in {"change_under_way", "too_late_to_change"}
    cancelled = booking(*SOLD, plan, cancel(made, NOW, None))
    assert (cancelled.change, cancelled.changes[0].failure_reason) == (None, "cancelled")
    with pytest.raises(NotPossible):
        changing.change(cancelled, plan)  # the swap came too late


def test_a_change_can_be_asked_for_until_the_day_before_arrival_at_the_hotel() -> None:
    midnight = datetime(2030, 3, 20, 3, tzinfo=UTC)  # in São Paulo
    assert asked(booking(*SOLD), now=midnight - timedelta(minutes=5)).expires_at == midnight
    with pytest.raises(NotPossible) as refused:
        asked(booking(*SOLD), now=midnight)
    assert refused.value.reason == "too_late_to_change"


def test_a_booking_can_be_changed_so_often_only() -> None:
    history: list[e.Event] = list(SOLD)
    for number in range(changing.MAX_CHANGES):
        plan = msgspec.structs.replace(asked(booking(*history)), change_id=UUID(int=number + 1))
        history += [plan, e.ChangeFailed(change_id=plan.change_id, reason="expired")]
    with pytest.raises(NotPossible) as refused:
        asked(booking(*history))
    assert refused.value.reason == "too_many_changes"


@pytest.mark.parametrize(
    "event",
    [asked(booking(*SOLD)), changing.change(*under_way()), changing.fail_change(*under_way(), "sold_out"),
     changing.require_payment_action(under_way()[1], "pix"),
     e.Refunded(refund_id=ID, amount_minor=1, change_id=CHANGE_ID)],
)  # fmt: skip
def test_events_survive_the_way_through_the_database(event: e.Event) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(e.encode(event)))
    assert e.decode(event.type, event.schema_version, stored) == event


def test_a_refund_from_before_changes_is_read() -> None:
    stored = {"refund_id": str(ID), "amount_minor": 5}
    assert e.decode("booking.refunded", 1, stored) == e.Refunded(refund_id=ID, amount_minor=5)


def test_a_state_with_changes_survives_a_snapshot() -> None:
    made, plan = under_way()
    for each in (made, booking(*SOLD, plan, changing.change(made, plan))):
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(each)), Booking) == each


def test_the_table_goes_from_rooms_over_money_to_the_swap() -> None:
    made, plan = under_way()
    course = Change(plan)
    way = [
        (Step.HOLD_INVENTORY, s.RoomsHeld(NOW), Step.AUTHORIZE_PAYMENT),
        (Step.AUTHORIZE_PAYMENT, s.PaymentAuthorized(), Step.CAPTURE_PAYMENT),
        (Step.AUTHORIZE_PAYMENT, s.PaymentCaptured(), Step.CONFIRM_INVENTORY),
        (Step.CAPTURE_PAYMENT, s.PaymentCaptured(), Step.CONFIRM_INVENTORY),
    ]
    for step, signal, following in way:
        assert course.move(step, made, signal) == GoOn(following)
    assert isinstance(course.move(Step.CONFIRM_INVENTORY, made, s.RoomsSold()), Finish)
    cheaper = asked(booking(*SOLD), stay(nights=1))
    made = booking(*SOLD, cheaper)
    assert Change(cheaper).move(Step.HOLD_INVENTORY, made, s.RoomsHeld(NOW)) == GoOn(Step.CONFIRM_INVENTORY)
    swapped = Change(cheaper).move(Step.CONFIRM_INVENTORY, made, s.RoomsSold())
    assert isinstance(swapped, GoOn)
    assert swapped.to is Step.REFUND_DIFFERENCE


def test_nothing_turns_back_after_the_swap_and_only_hotels_ends_it() -> None:
    made, plan = under_way()
    assert Change(plan).ended_by_deadline == {Step.HOLD_INVENTORY, Step.AUTHORIZE_PAYMENT, Step.CAPTURE_PAYMENT}
    assert Change(plan).move(Step.CONFIRM_INVENTORY, made, s.DeadlinePassed()) is None
    for step, signal in MOVES:
        made_signal = {
            s.RoomsRefused: s.RoomsRefused("expired"), s.PaymentRefused: s.PaymentRefused("x", is_declined=True),
            s.RoomsHeld: s.RoomsHeld(NOW), s.PaymentNeedsAction: s.PaymentNeedsAction("pix"),
            s.PaymentReturned: s.PaymentReturned(0),
        }.get(signal)  # fmt: skip
        if step in {Step.REFUND_DIFFERENCE, Step.RETURN_PAYMENT, Step.RELEASE_INVENTORY}:
            continue
        following = Change(plan).move(step, made, made_signal or signal())
        if isinstance(following, TurnBack):
            assert step in Change(plan).ended_by_deadline or signal in {s.RoomsRefused, s.RoomsExpired}


def test_every_kind_of_saga_has_its_course() -> None:
    _, plan = under_way()
    change = course_of(Saga(id=CHANGE_ID, kind="CHANGE", booking_id=ID, data=data_of(plan)))
    assert isinstance(change, Change)
    assert change.plan == plan  # as it was asked for, through JSON
    assert course_of(Saga(id=ID, kind="SALE", booking_id=ID, data={})).hold_id(booking()) == hold_id_of(ID)
