"""The booking itself, without a database: its states, its rules, its fee, its history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.bookings.booking import decisions
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.aggregate import IN_PROGRESS, Booking, BookingState, replay
from subgraphs.bookings.booking.codes import ALPHABET, new_code, normalised_code
from subgraphs.bookings.booking.decisions import NotPossible
from subgraphs.bookings.booking.policy import CancellationPolicy, CancellationTerms, cancellation_fee, free_until

ID = UUID(int=7)
NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
CHECK_IN = date(2030, 3, 20)
CHECK_IN_MOMENT = datetime(2030, 3, 20, 17, tzinfo=UTC)
"""14:00 in São Paulo."""


def requested(**changes: object) -> e.Requested:
    terms = e.Requested(
        code="ABCD2345", user_id=UUID(int=1), hotel_id=UUID(int=2), hotel_name="Pousada", room_type_id=UUID(int=3),
        check_in=CHECK_IN, check_out=CHECK_IN + timedelta(days=3), check_in_time=time(14),
        time_zone="America/Sao_Paulo", guests=4, rooms=2,
        nights=[e.NightPrice(night=CHECK_IN + timedelta(days=n), price_minor=100 + n) for n in range(3)],
        total_minor=606, currency="BRL", policy=CancellationPolicy(free_until_days=7, first_night_until_days=2),
        payment_method="card", expires_at=NOW + timedelta(minutes=10),
    )  # fmt: skip
    return msgspec.structs.replace(terms, **changes)


def booking(*events: e.Event, **terms: object) -> Booking:
    history = [
        e.RecordedEvent(booking_id=ID, sequence=n, occurred_at=NOW, actor=None, payload=event)
        for n, event in enumerate((requested(**terms), *events), start=1)
    ]
    made = replay(history)
    assert made is not None
    return made


HELD = e.Held(hold_id=UUID(int=8), expires_at=NOW)
AUTHORIZED = e.PaymentAuthorized(payment_id=UUID(int=9))
CONFIRMED = e.Confirmed(payment_id=UUID(int=9))
SOLD = (HELD, AUTHORIZED, CONFIRMED)


def test_the_way_to_a_stay_and_out_again() -> None:
    made = booking(*SOLD, e.CheckedIn(), e.CheckedOut())
    assert (made.state, made.version, made.is_captured) == (BookingState.CHECKED_OUT, 6, True)


def test_each_step_of_the_sale_follows_from_the_one_before_only() -> None:
    assert booking(decisions.hold(booking(), NOW)).state is BookingState.HELD
    assert decisions.authorize(booking(HELD)) is not None
    assert decisions.confirm(booking(HELD, AUTHORIZED)) is not None
    refused: list[tuple[Callable[[Booking], object], Booking]] = [
        (lambda b: decisions.hold(b, NOW), booking(HELD)),
        (decisions.authorize, booking()),
        (decisions.authorize, booking(HELD, e.Expired())),
        (decisions.confirm, booking(HELD)),
        (decisions.expire, booking(*SOLD)),
        (lambda b: decisions.fail(b, "sold_out"), booking(*SOLD)),
    ]
    for decide, made in refused:
        with pytest.raises(NotPossible):
            decide(made)


def test_an_event_out_of_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with"):
        replay([e.RecordedEvent(booking_id=ID, sequence=1, occurred_at=NOW, actor=None, payload=HELD)])
    with pytest.raises(ValueError, match="cannot follow"):
        replay([e.RecordedEvent(booking_id=ID, sequence=5, occurred_at=NOW, actor=None, payload=HELD)], booking())


@pytest.mark.parametrize(
    ("before", "fee"),
    [
        (timedelta(days=30), 0),
        (timedelta(days=7), 0),
        (timedelta(days=7) - timedelta(seconds=1), 200),
        (timedelta(days=2), 200),
        (timedelta(days=2) - timedelta(seconds=1), 606),
        (timedelta(hours=1), 606),
    ],
)
def test_cancelling_is_free_then_costs_the_first_night_then_the_whole(before: timedelta, fee: int) -> None:
    cancelled = decisions.cancel(booking(*SOLD), CHECK_IN_MOMENT - before, None)
    assert (cancelled.fee_minor, cancelled.refund_minor) == (fee, 606 - fee)


@pytest.mark.parametrize("events", [(), (HELD,), (HELD, AUTHORIZED)])
def test_cancelling_before_the_sale_is_free(events: tuple[e.Event, ...]) -> None:
    cancelled = decisions.cancel(booking(*events), CHECK_IN_MOMENT, None)
    assert (cancelled.fee_minor, cancelled.refund_minor) == (0, 0)


@pytest.mark.parametrize(
    ("event", "reason"),
    [(e.CheckedIn(), "stay_begun"), (e.NoShow(), "stay_begun"),
     (e.Cancelled(reason=None, fee_minor=0, refund_minor=0), "already_ended")],
)  # fmt: skip
def test_what_has_begun_or_ended_cannot_be_cancelled(event: e.Event, reason: str) -> None:
    with pytest.raises(NotPossible) as refused:
        decisions.cancel(booking(*SOLD, event), NOW, None)
    assert refused.value.reason == reason


def test_a_policy_without_refund_keeps_all() -> None:
    policy = CancellationPolicy(free_until_days=None, first_night_until_days=None)
    assert decisions.cancel(booking(*SOLD, policy=policy), NOW, None).refund_minor == 0


_DAYS = st.none() | st.integers(0, 60)


@given(free=_DAYS, first=_DAYS, moments=st.lists(st.integers(-100_000, 6_000_000), min_size=2, max_size=5))
def test_the_fee_never_falls_as_time_passes_and_never_exceeds_the_total(
    free: int | None, first: int | None, moments: list[int]
) -> None:
    terms = CancellationTerms(
        policy=CancellationPolicy(free_until_days=free, first_night_until_days=first), check_in=CHECK_IN,
        check_in_time=time(14), time_zone="America/Sao_Paulo", first_night_minor=200, total_minor=606,
    )  # fmt: skip
    times = sorted(CHECK_IN_MOMENT - timedelta(seconds=seconds) for seconds in moments)
    fees = [cancellation_fee(terms, now) for now in times]
    assert fees == sorted(fees)
    assert set(fees) <= {0, 200, 606}
    limit = free_until(terms)
    assert all((fee == 0) == (limit is not None and now <= limit) for fee, now in zip(fees, times, strict=True))


def test_guests_check_in_on_days_of_their_stay_at_the_hotel_only() -> None:
    sold = booking(*SOLD)
    still_the_day_before = datetime(2030, 3, 20, 2, 59, tzinfo=UTC)  # 23:59 in São Paulo
    with pytest.raises(NotPossible):
        decisions.check_in(sold, still_the_day_before)
    assert decisions.check_in(sold, still_the_day_before + timedelta(minutes=1)) == e.CheckedIn()
    with pytest.raises(NotPossible):
        decisions.check_in(sold, CHECK_IN_MOMENT + timedelta(days=3))
    with pytest.raises(NotPossible):
        decisions.check_out(sold)
    with pytest.raises(NotPossible):
        decisions.no_show(sold, CHECK_IN_MOMENT)
    assert decisions.no_show(sold, CHECK_IN_MOMENT + timedelta(days=1)) == e.NoShow()


@pytest.mark.parametrize(
    "event",
    [requested(), *SOLD, e.Failed(reason="sold_out", sold_out_nights=[CHECK_IN]), e.Expired(),
     e.Cancelled(reason="ill", fee_minor=1, refund_minor=2), e.Refunded(refund_id=ID, amount_minor=2),
     e.PaymentActionRequired(payment_id=ID, kind="pix"), e.CheckedIn(), e.CheckedOut(), e.NoShow()],
)  # fmt: skip
def test_events_survive_the_way_through_the_database(event: e.Event) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(e.encode(event)))
    assert e.decode(event.type, event.schema_version, stored) == event


def test_every_event_has_its_type_and_they_are_all_known() -> None:
    assert set(e.EVENT_TYPES) == {kind.type for kind in e.Payload.__subclasses__() if kind.__module__ == e.__name__}


def test_an_old_version_is_read_in_the_newest_shape() -> None:
    class Renamed(e.Payload, frozen=True, kw_only=True):
        type = "test.renamed"
        schema_version = 3
        full_name: str
        tags: list[str]

    upcasters: dict[tuple[str, int], e.Upcaster] = {
        ("test.renamed", 1): lambda data: {"full_name": data["name"]},
        ("test.renamed", 2): lambda data: {**data, "tags": []},
    }
    types = {"test.renamed": Renamed}
    for version, data in ((1, {"name": "Ana"}), (2, {"full_name": "Ana"}), (3, {"full_name": "Ana", "tags": []})):
        assert e.decode("test.renamed", version, data, types=types, upcasters=upcasters) == Renamed(
            full_name="Ana", tags=[]
        )
    with pytest.raises(e.UnknownEvent):
        e.decode("test.renamed", 4, {}, types=types, upcasters=upcasters)


def test_a_state_survives_a_snapshot() -> None:
    made = booking(*SOLD)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(made)), Booking) == made


def test_codes_have_no_letters_that_look_alike() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert not set("01OI") & set("".join(codes))
    assert len(ALPHABET) == 32
    assert normalised_code(" abcd-2345 ") == "ABCD2345"
    assert normalised_code("ABCD234O") is None


def test_the_states_of_a_sale_are_those_before_it_is_sold() -> None:
    assert {booking().state, booking(HELD).state, booking(HELD, AUTHORIZED).state} == IN_PROGRESS
