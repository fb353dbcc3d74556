"""The sale of a booking: the way to a sale, each way back, and whatever happens twice, late or to a dead worker."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.contracts import inventory as i
from shared.testing.plugin import PATIENCE_SECONDS
from subgraphs.bookings.booking.aggregate import BookingState
from subgraphs.bookings.ids import hold_id_of, payment_id_of
from subgraphs.bookings.payments.methods import Card, Pix
from subgraphs.bookings.payments.outcomes import AuthorizeOutcome, CaptureOutcome, RefundOutcome, VoidOutcome
from subgraphs.bookings.payments.provider import ProviderUnavailable
from subgraphs.bookings.payments.sandbox import provider as sandbox_provider
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.saga.table import Step
from subgraphs.bookings.tests.world import NIGHT_MINOR, World

TOTAL = 2 * NIGHT_MINOR


async def test_a_card_that_is_approved_ends_in_a_confirmed_booking(world: World) -> None:
    booking_id = await world.sell()
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED
    assert world.types(booking_id) == [
        "booking.requested", "booking.held", "booking.authorized", "booking.confirmed",
    ]  # fmt: skip
    assert world.inventory.holds == {hold_id_of(booking_id): "sold"}
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL, 0)
    assert (await world.saga(booking_id)).state == sagas.COMPLETED


async def test_published_sequences_have_no_gaps(world: World) -> None:
    booking_id = await world.sell()
    await world.cancel(booking_id)
    await world.run()
    own = [e for e in world.published if e.aggregate_id == booking_id and e.type.startswith("booking.")]
    assert [e.aggregate_sequence for e in own] == list(range(1, 7))


async def _ended_with_nothing(world: World, booking_id: UUID, *, holds: dict[UUID, str]) -> None:
    state, captured, refunded = await world.payment_state(booking_id)
    assert captured == refunded, state
    assert state not in {"PENDING", "ACTION_REQUIRED", "AUTHORIZED"}
    assert world.inventory.holds == holds
    assert (await world.saga(booking_id)).state == sagas.COMPENSATED


async def test_rooms_that_are_sold_out_fail_the_booking_and_touch_no_money(world: World) -> None:
    world.inventory.refuse[i.HoldInventory] = "sold_out"
    booking_id = await world.sell()
    booking = await world.booking(booking_id)
    assert (booking.state, booking.failure_reason) == (BookingState.FAILED, "sold_out")
    assert booking.sold_out_nights
    assert world.inventory.received == ["HoldInventory"]
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_a_declined_card_frees_the_rooms(world: World) -> None:
    booking_id = await world.sell(method=Card("tok_decline_insufficient_funds"))
    booking = await world.booking(booking_id)
    assert (booking.state, booking.failure_reason) == (BookingState.FAILED, "payment_declined")
    assert booking.failure_detail == "insufficient_funds"
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_rooms_that_were_lost_before_the_sale_give_the_money_back(world: World) -> None:
    world.inventory.refuse[i.ConfirmInventory] = "expired"
    booking_id = await world.sell()
    booking = await world.booking(booking_id)
    assert (booking.state, booking.failure_reason) == (BookingState.FAILED, "hold_lost")
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_a_capture_that_is_refused_frees_rooms_that_were_sold(world: World) -> None:
    booking_id = await world.sell(method=Card("tok_capture_refused"))
    booking = await world.booking(booking_id)
    assert (booking.state, booking.failure_reason) == (BookingState.FAILED, "payment_failed")
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_a_pix_that_is_paid_in_time_confirms_the_booking(world: World) -> None:
    booking_id = await world.sell(method=Pix())
    booking = await world.booking(booking_id)
    assert (booking.state, booking.payment_action) == (BookingState.HELD, "pix")
    reference = await world.value(
        "SELECT reference FROM sandbox_charges WHERE payment_id = :id", id=payment_id_of(booking_id)
    )
    await world.sandbox.act(reference)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL, 0)


async def test_a_pix_that_nobody_pays_expires_and_frees_the_rooms(world: World) -> None:
    booking_id = await world.sell(method=Pix())
    world.offset = timedelta(minutes=15, seconds=1)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.EXPIRED
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_a_hold_that_hotels_lets_expire_ends_the_booking(world: World) -> None:
    booking_id = await world.sell(method=Pix())
    world.inventory.holds[hold_id_of(booking_id)] = "free"
    await world.reply(i.InventoryExpired(hold_id=hold_id_of(booking_id), booking_id=booking_id))
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.EXPIRED
    assert "ReleaseInventory" not in world.inventory.received
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_hotels_that_never_answers_ends_the_booking_at_the_deadline(world: World) -> None:
    world.inventory.silent.add(i.HoldInventory)
    booking_id = await world.sell()
    assert (await world.saga(booking_id)).step == Step.HOLD_INVENTORY
    world.offset = timedelta(seconds=11)
    await world.run()
    assert world.inventory.received.count("HoldInventory") == 2  # asked again
    world.offset = timedelta(minutes=10, seconds=1)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.EXPIRED
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


@pytest.mark.parametrize("deliveries_before", range(6))
async def test_cancelling_at_any_moment_of_the_sale_leaves_nothing(world: World, deliveries_before: int) -> None:
    booking_id = await world.book()
    for _ in range(deliveries_before):
        await world.deliver()
        await world.executor.run_once()
    await world.cancel(booking_id)
    await world.run()
    booking = await world.booking(booking_id)
    assert booking.state is BookingState.CANCELLED
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})


async def test_a_fee_is_kept_and_the_rest_refunded(world: World) -> None:
    world.hotels.free_until_days = 60  # long over; the first night is due until two days before
    booking_id = await world.sell()
    cancelled = await world.cancel(booking_id)
    assert (cancelled.fee_minor, cancelled.refund_due_minor) == (NIGHT_MINOR, TOTAL - NIGHT_MINOR)
    await world.run()
    assert (await world.booking(booking_id)).refunded_minor == TOTAL - NIGHT_MINOR
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL, TOTAL - NIGHT_MINOR)
    assert world.types(booking_id)[-2:] == ["booking.cancelled", "booking.refunded"]


async def test_replies_that_come_twice_or_late_change_nothing(world: World) -> None:
    booking_id = await world.sell()
    before = await world.booking(booking_id)
    ids = {"hold_id": hold_id_of(booking_id), "booking_id": booking_id}
    for reply in (
        i.InventoryHeld(**ids, expires_at=world.clock()),
        i.InventoryRefused(**ids, reason="sold_out"),
        i.InventoryConfirmed(**ids),
        i.InventoryExpired(**ids),
        i.InventoryReleased(**ids),
    ):
        await world.reply(reply)
    await world.run()
    assert await world.booking(booking_id) == before


async def test_a_card_approved_by_webhook_after_a_lost_answer_is_charged_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_over() -> None:
        raise TimeoutError  # as when the caller's patience ends

    monkeypatch.setattr(sandbox_provider, "_silence", is_over)
    booking_id = await world.sell(method=Card("tok_timeout_authorized"))
    world.offset = timedelta(seconds=30)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL, 0)
    assert await world.value("SELECT count(*) FROM sandbox_charges") == 1


class DyingWorker:
    """Payments whose caller dies in the middle: the call has effect, and nobody hears of it."""

    def __init__(self, world: World) -> None:
        self._payments = world.parts.payments
        self.called = asyncio.Event()

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        await self._payments.authorize(payment_id)
        self.called.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def capture(self, payment_id: UUID) -> CaptureOutcome:
        raise ProviderUnavailable

    async def void(self, payment_id: UUID) -> VoidOutcome:
        raise ProviderUnavailable

    async def refund(self, payment_id: UUID, *, refund_id: UUID, amount_minor: int) -> RefundOutcome:
        raise ProviderUnavailable


async def test_the_saga_of_a_dead_worker_is_taken_over_when_its_lease_ends(world: World) -> None:
    booking_id = await world.book()
    await world.deliver()
    payments = DyingWorker(world)
    dying = asyncio.create_task(world.worker(payments).run_once())
    await payments.called.wait()
    dying.cancel()
    await asyncio.wait([dying])
    await world.take_outbox()  # nor does the webhook come
    assert await world.executor.run_once() == 0  # the lease still holds
    world.offset = timedelta(seconds=world.settings.lease_seconds + 1)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL, 0)


async def test_workers_never_share_a_saga(world: World) -> None:
    ids = {await world.book() for _ in range(12)}
    await world.deliver()

    async def take() -> list[UUID]:
        async with world.database.transaction() as session:
            taken = await sagas.lease(session, owner="w", now=world.clock(), seconds=600, limit=5)
            await session.execute(text("SELECT pg_sleep(0.05)"))
            return [saga.id for saga in taken]

    taken = [saga_id for part in await asyncio.gather(*(take() for _ in range(4))) for saga_id in part]
    assert sorted(taken) == sorted(ids)


class SlowCapture(DyingWorker):
    """A provider that captures, and takes its time to say so."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.may_answer = asyncio.Event()

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        return await self._payments.authorize(payment_id)

    async def capture(self, payment_id: UUID) -> CaptureOutcome:
        outcome = await self._payments.capture(payment_id)
        self.called.set()
        await self.may_answer.wait()
        return outcome


async def test_a_cancellation_that_overtakes_a_capture_gives_the_money_back(world: World) -> None:
    payments = SlowCapture(world)
    slow = world.worker(payments)
    booking_id = await world.book()
    while not payments.called.is_set():
        await world.deliver()
        working = asyncio.create_task(slow.run_once())
        captured = asyncio.create_task(payments.called.wait())
        await asyncio.wait({working, captured}, return_when=asyncio.FIRST_COMPLETED)
    await world.cancel(booking_id)
    await world.run()  # another worker undoes the sale
    payments.may_answer.set()
    await working  # and what the first one learnt no longer counts
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CANCELLED
    await _ended_with_nothing(world, booking_id, holds={hold_id_of(booking_id): "free"})
    assert world.types(booking_id)[-1] == "booking.refunded"


async def test_a_refund_that_is_refused_is_for_a_person_to_see(world: World) -> None:
    booking_id = await world.sell(method=Card("tok_refund_refused"))
    await world.cancel(booking_id)
    for _ in range(world.settings.stuck_attempts):
        await world.run()
        world.offset += timedelta(minutes=2)
    saga = await world.saga(booking_id)
    assert (saga.state, saga.step) == (sagas.STUCK, Step.RETURN_PAYMENT)
    assert "card_closed" in (saga.last_error or "")
    assert world.inventory.holds == {hold_id_of(booking_id): "free"}  # the rooms have not waited for it


class AwayProvider(DyingWorker):
    """A provider that approves, and then never answers again."""

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        return await self._payments.authorize(payment_id)


async def test_a_step_that_keeps_failing_waits_longer_each_time_and_is_stuck_in_the_end(world: World) -> None:
    worker = world.worker(AwayProvider(world))
    booking_id = await world.book()
    while (saga := await world.saga(booking_id)).step != Step.CAPTURE_PAYMENT or saga.attempts == 0:
        await world.deliver()
        await worker.run_once()
    waits = []
    for _ in range(world.settings.stuck_attempts):
        saga = await world.saga(booking_id)
        if saga.state == sagas.STUCK:
            break
        assert saga.step == Step.CAPTURE_PAYMENT
        waits.append(saga.next_run_at - saga.updated_at)
        world.offset += timedelta(minutes=2)
        await worker.run_once()
    assert (await world.saga(booking_id)).state == sagas.STUCK
    assert waits[0] < timedelta(seconds=1) < waits[-1] <= timedelta(seconds=world.settings.max_backoff_seconds)
    async with world.database.transaction() as session:
        assert await sagas.retry(session, booking_id, world.clock()) is not None
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED


async def test_the_executor_is_woken_and_works_until_it_is_stopped(world: World) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(world.executor.run(stop))
    booking_id = await world.book()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await world.booking(booking_id)).state is not BookingState.CONFIRMED:
            await world.deliver()
            await asyncio.sleep(0.02)
    stop.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await running
