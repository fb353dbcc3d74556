"""Points as money: the saga asks gamification for them after the rooms and before the payment, and undoes it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from shared.contracts import inventory as i
from shared.contracts import points as p
from shared.contracts.bookings import BookingEvent
from shared.messaging import Reject
from subgraphs.bookings.booking import decisions
from subgraphs.bookings.booking.aggregate import BookingState
from subgraphs.bookings.ids import points_id_of
from subgraphs.bookings.payments.methods import Card, Pix
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.saga.table import Step
from subgraphs.bookings.service.errors import InvalidValue
from subgraphs.bookings.tests.test_booking_rules import CHECK_IN_MOMENT, SOLD, booking
from subgraphs.bookings.tests.world import NIGHT_MINOR, World

TOTAL = 2 * NIGHT_MINOR
POINTS = 5_000
PURSE = 6_000


@pytest.fixture
def world(world: World) -> World:
    """A world whose traveler has points."""
    world.points.available = PURSE
    return world


async def test_points_pay_part_and_are_spent_with_the_confirmation(world: World) -> None:
    booking_id = await world.sell(points=POINTS)
    booking = await world.booking(booking_id)
    assert (booking.state, booking.terms.total_minor) == (BookingState.CONFIRMED, TOTAL - POINTS)
    assert (booking.terms.rooms_minor, booking.terms.discount_minor) == (TOTAL, POINTS)
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL - POINTS, 0)
    assert world.points.received == ["ReservePoints", "ConfirmPoints"]
    assert (world.points.available, world.points.reservations) == (PURSE - POINTS, {points_id_of(booking_id): "spent"})
    commands = [e.type.rpartition(".")[2] for e in world.published if e.type.startswith("command.")]
    assert commands == ["hold_inventory", "reserve_points", "confirm_inventory", "confirm_points"]
    confirmed = next(e for e in world.published if e.type == "booking.confirmed")
    told = msgspec.json.decode(confirmed.payload, type=BookingEvent)
    assert (told.total_minor, told.discount_minor, told.points) == (TOTAL - POINTS, POINTS, POINTS)


async def test_a_sale_without_points_asks_nobody_for_any(world: World) -> None:
    booking_id = await world.sell()
    await world.cancel(booking_id)
    await world.run()
    assert world.points.received == []


async def test_points_that_are_not_there_fail_the_booking_and_touch_no_money(world: World) -> None:
    world.points.available = POINTS - 1
    booking_id = await world.sell(points=POINTS)
    booking = await world.booking(booking_id)
    assert (booking.state, booking.failure_reason) == (BookingState.FAILED, "points_refused")
    assert booking.points_available == POINTS - 1
    assert world.points.received == ["ReservePoints"]  # nothing is set aside, so nothing is given back
    assert await world.payment_state(booking_id) == ("VOIDED", 0, 0)
    assert await world.value("SELECT count(*) FROM ledger_entries") == 0
    assert set(world.inventory.holds.values()) == {"free"}
    assert (await world.saga(booking_id)).state == sagas.COMPENSATED


async def test_rooms_that_are_gone_leave_points_alone(world: World) -> None:
    world.inventory.refuse[i.HoldInventory] = "sold_out"
    await world.sell(points=POINTS)
    assert world.points.received == []


@pytest.mark.parametrize("token", ["tok_decline_insufficient_funds", "tok_capture_refused"])
async def test_a_payment_that_fails_gives_the_points_back(world: World, token: str) -> None:
    booking_id = await world.sell(points=POINTS, method=Card(token))
    assert (await world.booking(booking_id)).state is BookingState.FAILED
    assert (world.points.available, world.points.received[-1]) == (PURSE, "ReleasePoints")


async def test_a_pix_that_nobody_pays_gives_the_points_back(world: World) -> None:
    booking_id = await world.sell(points=POINTS, method=Pix())
    assert world.points.available == PURSE - POINTS
    world.offset = timedelta(minutes=16)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.EXPIRED
    assert world.points.available == PURSE


async def test_gamification_that_never_answers_is_asked_again_until_the_deadline(world: World) -> None:
    world.points.is_silent = True
    booking_id = await world.sell(points=POINTS)
    assert (await world.saga(booking_id)).step == Step.RESERVE_POINTS
    world.offset = timedelta(seconds=11)
    await world.run()
    assert world.points.received == ["ReservePoints", "ReservePoints"]
    world.offset = timedelta(minutes=10, seconds=1)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.EXPIRED
    assert world.points.available == PURSE
    assert (await world.saga(booking_id)).state == sagas.COMPENSATED


@pytest.mark.parametrize("deliveries_before", range(7))
async def test_cancelling_at_any_moment_of_the_sale_gives_points_and_coupon_back(
    world: World, deliveries_before: int
) -> None:
    await world.coupon()
    booking_id = await world.book(points=POINTS, coupon="DEZ10", off=TOTAL // 10)
    for _ in range(deliveries_before):
        await world.deliver()
        await world.executor.run_once()
    await world.cancel(booking_id)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CANCELLED
    assert world.points.available == PURSE
    assert await world.uses() == (0, 0)
    state, captured, refunded = await world.payment_state(booking_id)
    assert captured == refunded, state


async def test_a_cancellation_that_is_free_gives_points_and_coupon_back(world: World) -> None:
    await world.coupon()
    booking_id = await world.sell(points=POINTS, coupon="DEZ10", off=TOTAL // 10)
    assert (world.points.available, await world.uses()) == (PURSE - POINTS, (1, 1))
    await world.cancel(booking_id)
    await world.run()
    assert (world.points.available, await world.uses()) == (PURSE, (0, 0))
    paid = TOTAL - TOTAL // 10 - POINTS
    assert await world.payment_state(booking_id) == ("CAPTURED", paid, paid)


async def test_a_cancellation_for_a_fee_keeps_points_and_coupon(world: World) -> None:
    world.hotels.free_until_days = 60  # long over; the first night is due
    await world.coupon()
    booking_id = await world.sell(points=POINTS, coupon="DEZ10", off=TOTAL // 10)
    cancelled = await world.cancel(booking_id)
    await world.run()
    assert cancelled.fee_minor == NIGHT_MINOR
    assert (world.points.available, await world.uses()) == (PURSE - POINTS, (1, 1))
    assert world.points.received == ["ReservePoints", "ConfirmPoints"]
    paid = TOTAL - TOTAL // 10 - POINTS
    assert await world.payment_state(booking_id) == ("CAPTURED", paid, paid - NIGHT_MINOR)


def test_the_first_night_is_never_more_than_what_was_paid() -> None:
    sold = booking(*SOLD, total_minor=150, points=456, points_minor=456)  # the first night is 200 before discounts
    cancelled = decisions.cancel(sold, CHECK_IN_MOMENT - timedelta(days=3), None)
    assert (cancelled.fee_minor, cancelled.refund_minor) == (150, 0)


async def test_answers_that_come_twice_or_late_change_nothing(world: World) -> None:
    booking_id = await world.sell(points=POINTS)
    before, received = await world.booking(booking_id), list(world.points.received)
    ids = {"reservation_id": points_id_of(booking_id), "booking_id": booking_id}
    await world.reply(p.PointsReserved(**ids, points=POINTS))
    await world.reply(p.PointsRefused(**ids, reason="released", available=0))
    await world.run()
    assert await world.booking(booking_id) == before
    assert world.points.received == received


async def test_an_answer_about_another_reservation_is_refused(world: World) -> None:
    world.points.is_silent = True
    booking_id = await world.sell(points=POINTS)
    with pytest.raises(Reject):
        await world.reply(p.PointsReserved(reservation_id=uuid4(), booking_id=booking_id, points=POINTS))
    assert (await world.saga(booking_id)).step == Step.RESERVE_POINTS


@pytest.mark.parametrize(("points", "key"), [(-1, "points_negative"), (TOTAL // 2 + 1, "points_too_many")])
async def test_points_beyond_what_can_be_used_book_nothing(world: World, points: int, key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        await world.book(points=points)
    assert (refused.value.field, refused.value.key) == ("points", key)
    assert await world.value("SELECT count(*) FROM booking_events") == 0
