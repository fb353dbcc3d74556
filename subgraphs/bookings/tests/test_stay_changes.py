"""Changing a stay: the way to it, each way back, and what happens at the same time, twice, late or to a dead worker."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shared.contracts import inventory as i
from shared.contracts.bookings import BookingEvent
from shared.testing.plugin import eventually
from subgraphs.bookings.booking.aggregate import BookingState, ChangeState
from subgraphs.bookings.ids import hold_id_of
from subgraphs.bookings.payments.methods import Boleto, Card, Pix
from subgraphs.bookings.payments.outcomes import AuthorizeOutcome, CaptureOutcome, RefundOutcome, VoidOutcome
from subgraphs.bookings.payments.provider import ProviderUnavailable
from subgraphs.bookings.projections import PROJECTIONS, rebuild
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.saga.table import Step
from subgraphs.bookings.service import changes, stay_changes
from subgraphs.bookings.service.errors import InvalidValue, KeyReused, NoRooms, PolicyRefuses
from subgraphs.bookings.service.stay_changes import ChangePriceIsDifferent
from subgraphs.bookings.tests.stay_changes import (
    ask,
    assert_settled,
    change,
    changes_of,
    last_change,
    money,
    pay,
    saga_of,
    wish,
)  # fmt: skip
from subgraphs.bookings.tests.world import NIGHT_MINOR, SOON, World

TOTAL = 2 * NIGHT_MINOR


def _last_published(world: World, type_: str) -> BookingEvent:
    envelope = [each for each in world.published if each.type == type_][-1]
    return msgspec.json.decode(envelope.payload, type=BookingEvent)


async def _is_as_it_was(world: World, booking_id: UUID, change_id: UUID, *, kept: int = TOTAL) -> None:
    booking = await world.booking(booking_id)
    assert (booking.state, booking.change) == (BookingState.CONFIRMED, None)
    assert (booking.terms.check_in, booking.terms.check_out) == (SOON, SOON + timedelta(days=2))
    assert (booking.terms.total_minor, booking.hold_id) == (TOTAL, hold_id_of(booking_id))
    assert world.inventory.holds == {hold_id_of(booking_id): "sold", hold_id_of(change_id): "free"}
    assert (await saga_of(world, change_id)).state == sagas.COMPENSATED
    await assert_settled(world, booking_id, kept=kept)


async def test_a_dearer_stay_has_the_difference_paid_and_the_rooms_swapped(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3, first=1)
    booking = await world.booking(booking_id)
    assert (booking.terms.check_in, booking.terms.check_out) == (SOON + timedelta(days=1), SOON + timedelta(days=4))
    assert (booking.state, booking.terms.total_minor, len(booking.terms.nights)) == (BookingState.CONFIRMED, 60_000, 3)
    assert booking.hold_id == hold_id_of(change_id)
    assert world.inventory.holds == {hold_id_of(booking_id): "free", hold_id_of(change_id): "sold"}
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, 0), ("CAPTURED", NIGHT_MINOR, 0)]
    assert world.types(booking_id)[-2:] == ["booking.change_requested", "booking.changed"]
    assert world.hotels.replaced[-1] == str(hold_id_of(booking_id))  # its own rooms count as free for it
    await assert_settled(world, booking_id, kept=60_000)


async def test_the_money_comes_before_the_rooms(world: World) -> None:
    booking_id = await world.sell()
    world.inventory.silent.add(i.ConfirmInventory)
    change_id = await change(world, booking_id, nights=3)
    assert (await saga_of(world, change_id)).step == Step.CONFIRM_INVENTORY
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, 0), ("CAPTURED", NIGHT_MINOR, 0)]


async def test_a_cheaper_stay_gives_the_difference_back(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=1)
    booking = await world.booking(booking_id)
    assert (booking.terms.total_minor, booking.changes[0].refunded_minor) == (NIGHT_MINOR, NIGHT_MINOR)
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, NIGHT_MINOR)]
    assert world.types(booking_id)[-2:] == ["booking.changed", "booking.refunded"]
    assert (await saga_of(world, change_id)).state == sagas.COMPLETED
    await assert_settled(world, booking_id, kept=NIGHT_MINOR)


async def test_the_same_price_moves_no_money(world: World) -> None:
    booking_id = await world.sell()
    await change(world, booking_id, nights=2, first=5, method=None)
    assert (await world.booking(booking_id)).terms.check_in == SOON + timedelta(days=5)
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, 0)]
    await assert_settled(world, booking_id, kept=TOTAL)


async def test_another_room_type_of_the_same_hotel_and_none_of_another(world: World) -> None:
    room_type, other, foreign = uuid4(), uuid4(), uuid4()
    booking_id = await world.sell(room_type_id=room_type)
    world.hotels.same_hotel[str(other)] = str(room_type)
    world.hotels.prices[str(other)] = 30_000
    with pytest.raises(InvalidValue) as refused:
        await ask(world, booking_id, nights=2, room_type_id=foreign)
    assert refused.value.field == "roomTypeId"
    await change(world, booking_id, nights=2, room_type_id=other, total=60_000)
    assert (await world.booking(booking_id)).terms.room_type_id == other
    await assert_settled(world, booking_id, kept=60_000)


async def test_others_learn_what_was_and_what_is(world: World) -> None:
    booking_id = await world.sell()
    await change(world, booking_id, nights=1, first=3)
    changed = _last_published(world, "booking.changed")
    assert (changed.check_in, changed.total_minor, changed.state) == (
        SOON + timedelta(days=3),
        NIGHT_MINOR,
        "CONFIRMED",
    )
    assert changed.change is not None
    assert (changed.change.previous_check_in, changed.change.previous_check_out) == (SOON, SOON + timedelta(days=2))
    assert changed.change.previous_total_minor == TOTAL
    assert (changed.refund_due_minor, changed.refunded_minor) == (NIGHT_MINOR, 0)
    assert _last_published(world, "booking.refunded").refunded_minor == NIGHT_MINOR
    assert _last_published(world, "booking.change_requested").check_in == SOON
    own = [e for e in world.published if e.aggregate_id == booking_id and e.type.startswith("booking.")]
    assert [e.aggregate_sequence for e in own] == list(range(1, len(own) + 1))


async def test_projections_show_the_new_stay_only(world: World) -> None:
    booking_id = await world.sell()
    await change(world, booking_id, nights=3, first=10)
    for name in PROJECTIONS:
        await rebuild(world.database, name)
    nights = await world.rows("SELECT night FROM hotel_calendar WHERE booking_id = :id ORDER BY night", id=booking_id)
    assert [row.night for row in nights] == [SOON + timedelta(days=n) for n in (10, 11, 12)]
    arrival = SOON + timedelta(days=10)
    assert await world.value("SELECT arrival FROM hotel_arrivals WHERE booking_id = :id", id=booking_id) == arrival
    assert await world.value("SELECT check_in FROM booking_list WHERE id = :id", id=booking_id) == arrival


async def test_rooms_that_are_sold_out_leave_the_booking_as_it_was(world: World) -> None:
    booking_id = await world.sell()
    world.inventory.refuse[i.HoldInventory] = "sold_out"
    change_id = await change(world, booking_id, nights=3)
    failed = await last_change(world, booking_id)
    assert (failed.state, failed.failure_reason, failed.sold_out_nights) == (ChangeState.FAILED, "sold_out", [SOON])
    await _is_as_it_was(world, booking_id, change_id)


@pytest.mark.parametrize(
    ("token", "reason"),
    [("tok_decline_insufficient_funds", "payment_declined"), ("tok_capture_refused", "payment_failed")],
)
async def test_a_difference_that_is_not_paid_leaves_the_booking_as_it_was(
    world: World, token: str, reason: str
) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3, method=Card(token))
    assert (await last_change(world, booking_id)).failure_reason == reason
    assert "ConfirmInventory" not in world.inventory.received[2:]
    await _is_as_it_was(world, booking_id, change_id)


async def test_rooms_that_are_lost_after_the_payment_give_it_back(world: World) -> None:
    booking_id = await world.sell()
    world.inventory.refuse[i.ConfirmInventory] = "expired"
    change_id = await change(world, booking_id, nights=3)
    assert (await last_change(world, booking_id)).failure_reason == "hold_lost"
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, 0), ("CAPTURED", NIGHT_MINOR, NIGHT_MINOR)]
    await _is_as_it_was(world, booking_id, change_id)


async def test_a_pix_that_is_paid_in_time_changes_the_stay(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3, method=Pix())
    assert (await last_change(world, booking_id)).payment_action == "pix"
    told = _last_published(world, "booking.change_payment_action_required").payment_action
    assert told is not None
    assert told.pix_code is not None
    assert told.due_at == (await last_change(world, booking_id)).expires_at
    await pay(world, change_id)
    await world.run()
    assert (await last_change(world, booking_id)).state is ChangeState.DONE
    await assert_settled(world, booking_id, kept=60_000)


async def test_a_pix_that_nobody_pays_expires_and_leaves_the_booking_as_it_was(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3, method=Pix())
    world.offset = timedelta(minutes=15, seconds=1)
    await world.run()
    assert (await last_change(world, booking_id)).failure_reason == "expired"
    await _is_as_it_was(world, booking_id, change_id)
    assert await change(world, booking_id, nights=3) != change_id  # and it can be tried again
    await assert_settled(world, booking_id, kept=60_000)


async def test_a_hold_that_hotels_lets_expire_ends_the_change(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3, method=Pix())
    world.inventory.holds[hold_id_of(change_id)] = "free"
    await world.reply(i.InventoryExpired(hold_id=hold_id_of(change_id), booking_id=booking_id))
    await world.run()
    assert (await last_change(world, booking_id)).failure_reason == "expired"
    await _is_as_it_was(world, booking_id, change_id)


async def test_the_deadline_does_not_end_a_swap_that_hotels_may_have_made(world: World) -> None:
    """Turning back then could leave the booking without any rooms."""
    booking_id = await world.sell()
    world.inventory.silent.add(i.ConfirmInventory)
    change_id = await change(world, booking_id, nights=3)
    world.offset = timedelta(hours=1)
    world.inventory.silent.clear()
    await world.run()  # asked again, hotels answers what it did
    assert (await last_change(world, booking_id)).state is ChangeState.DONE
    assert world.inventory.holds == {hold_id_of(booking_id): "free", hold_id_of(change_id): "sold"}
    await assert_settled(world, booking_id, kept=60_000)


@pytest.mark.parametrize(("nights", "rounds"), [*((3, n) for n in range(6)), *((1, n) for n in range(1, 4))])
async def test_cancelling_at_any_moment_of_a_change_leaves_nothing(world: World, nights: int, rounds: int) -> None:
    booking_id = await world.sell()
    change_id = await ask(world, booking_id, nights=nights)
    for _ in range(rounds):
        await world.deliver()
        await world.executor.run_once()
    await world.cancel(booking_id)
    await world.run()
    booking = await world.booking(booking_id)
    assert (booking.state, booking.change) == (BookingState.CANCELLED, None)
    assert set(world.inventory.holds.values()) == {"free"}
    assert world.inventory.holds.keys() <= {hold_id_of(booking_id), hold_id_of(change_id)}
    await assert_settled(world, booking_id, kept=0)


async def test_a_changed_booking_is_cancelled_on_its_new_terms_over_all_its_payments(world: World) -> None:
    booking_id = await world.sell()
    await change(world, booking_id, nights=3)
    await change(world, booking_id, nights=4, rooms=2)
    await change(world, booking_id, nights=3, rooms=2)
    cancelled = await world.cancel(booking_id)
    assert (cancelled.fee_minor, cancelled.refund_due_minor) == (0, 120_000)
    await world.run()
    assert (await world.booking(booking_id)).refunded_minor == 120_000
    assert set(world.inventory.holds.values()) == {"free"}
    assert [captured - refunded for _, captured, refunded in await money(world, booking_id)] == [0, 0, 0]
    told = _last_published(world, "booking.refunded")
    assert (told.refund_due_minor, told.refunded_minor) == (160_000, 160_000)  # with what the last change gave back
    await assert_settled(world, booking_id, kept=0)


async def test_a_fee_of_a_changed_booking_is_kept_from_its_first_payment(world: World) -> None:
    world.hotels.free_until_days = 60  # long over; the first night is due until two days before
    booking_id = await world.sell()
    await change(world, booking_id, nights=3)
    cancelled = await world.cancel(booking_id)
    assert (cancelled.fee_minor, cancelled.refund_due_minor) == (NIGHT_MINOR, 2 * NIGHT_MINOR)
    await world.run()
    assert await money(world, booking_id) == [
        ("CAPTURED", TOTAL, NIGHT_MINOR), ("CAPTURED", NIGHT_MINOR, NIGHT_MINOR),
    ]  # fmt: skip
    await assert_settled(world, booking_id, kept=NIGHT_MINOR)


async def test_what_was_not_refundable_stays_so_after_a_change(world: World) -> None:
    world.hotels.free_until_days = None
    booking_id = await world.sell()
    world.hotels.free_until_days = 7
    with pytest.raises(ChangePriceIsDifferent) as different:
        await ask(world, booking_id, nights=1, first=20)
    assert different.value.found.settlement.total_minor == TOTAL
    await change(world, booking_id, nights=1, first=20, total=TOTAL)
    cancelled = await world.cancel(booking_id)
    assert (cancelled.fee_minor, cancelled.refund_due_minor) == (TOTAL, 0)
    await world.run()
    await assert_settled(world, booking_id, kept=TOTAL)


async def test_of_two_changes_at_once_one_is_under_way(world: World) -> None:
    booking_id = await world.sell()
    outcomes = await asyncio.gather(
        ask(world, booking_id, nights=3), ask(world, booking_id, nights=4), return_exceptions=True
    )
    (refused,) = [each for each in outcomes if isinstance(each, BaseException)]
    assert isinstance(refused, PolicyRefuses)
    assert refused.reason == "change_under_way"
    assert await world.value("SELECT count(*) FROM sagas WHERE kind = 'CHANGE'") == 1
    await world.run()
    assert len((await world.booking(booking_id)).changes) == 1


async def test_without_the_lock_two_changes_would_meet_in_the_history(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the lock is for: rivals that both saw no change under way, and of which one has to begin again."""
    booking_id = await world.sell()
    both_have_decided = asyncio.Barrier(2)

    async def look(session: Any, booking_id: UUID) -> Any:
        return {booking_id: await sagas.get(session, booking_id)}

    async def record_together(*given: Any, **named: Any) -> Any:
        await both_have_decided.wait()
        return await record(*given, **named)

    monkeypatch.setattr(sagas, "lock_all", look)
    monkeypatch.setattr(stay_changes, "record", record_together)
    outcomes = await asyncio.gather(
        ask(world, booking_id, nights=3), ask(world, booking_id, nights=4), return_exceptions=True
    )
    assert [type(each) for each in outcomes if isinstance(each, BaseException)] == [Conflict]
    assert await world.value("SELECT count(*) FROM sagas WHERE kind = 'CHANGE'") == 1  # the history is the second guard


async def test_a_cancellation_that_meets_a_change_undoes_it(world: World) -> None:
    booking_id = await world.sell()
    outcomes = await asyncio.gather(ask(world, booking_id, nights=3), world.cancel(booking_id), return_exceptions=True)
    # Whoever was first: the booking is cancelled, and of the change there is nothing, or it was turned back.
    assert not isinstance(outcomes[1], BaseException)
    await world.run()
    assert (await world.booking(booking_id)).state is BookingState.CANCELLED
    assert set(world.inventory.holds.values()) == {"free"}
    await assert_settled(world, booking_id, kept=0)


async def test_a_cancellation_that_had_to_wait_for_a_change_sees_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock is a statement of its own, because one that waited would not see the change that began meanwhile."""
    booking_id = await world.sell()
    is_written, may_go_on = asyncio.Event(), asyncio.Event()

    async def record_and_pause(*given: Any, **named: Any) -> Any:
        made = await record(*given, **named)
        is_written.set()
        await may_go_on.wait()
        return made

    async def somebody_waits() -> bool:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await world.value(waiting))

    monkeypatch.setattr(stay_changes, "record", record_and_pause)
    asking = asyncio.create_task(ask(world, booking_id, nights=3))
    await is_written.wait()
    cancelling = asyncio.create_task(world.cancel(booking_id))
    await eventually(somebody_waits)
    may_go_on.set()
    change_id = await asking
    assert (await cancelling).changes[0].failure_reason == "cancelled"
    await world.run()
    assert (await saga_of(world, change_id)).state == sagas.COMPENSATED
    assert set(world.inventory.holds.values()) == {"free"}
    await assert_settled(world, booking_id, kept=0)


async def test_guests_wait_for_a_change_that_is_under_way(world: World) -> None:
    booking_id = await world.sell()
    world.inventory.silent.add(i.ConfirmInventory)
    await change(world, booking_id, nights=3, method=Card("tok_approve"))
    world.offset = timedelta(days=30, hours=12)
    for use_case in (changes.check_in, changes.mark_no_show):
        with pytest.raises(PolicyRefuses) as refused:
            async with world.database.transaction() as session:
                await use_case(session, booking_id, actor=uuid4(), now=world.clock())
        assert refused.value.reason == "change_under_way"
    assert (await world.booking(booking_id)).state is BookingState.CONFIRMED


@pytest.mark.parametrize(
    ("state", "reason"),
    [("pending", "not_confirmed"), ("cancelled", "not_confirmed"), ("late", "too_late_to_change"),
     ("same", "nothing_to_change")],
)  # fmt: skip
async def test_what_cannot_be_changed_is_refused_and_stays(world: World, state: str, reason: str) -> None:
    booking_id = await (world.book() if state == "pending" else world.sell())
    if state == "cancelled":
        await world.cancel(booking_id)
    if state == "late":
        world.offset = timedelta(days=31)
    before = await world.booking(booking_id)
    with pytest.raises(PolicyRefuses) as refused:
        await ask(world, booking_id, nights=2 if state == "same" else 3)
    assert refused.value.reason == reason
    assert await world.booking(booking_id) == before
    assert await world.value("SELECT count(*) FROM idempotency_keys WHERE change_id IS NOT NULL") == 0


async def test_a_booking_that_was_imported_has_no_rooms_to_swap(world: World) -> None:
    booking_id = await world.sell()
    await world.execute("DELETE FROM sagas WHERE id = :id", id=booking_id)
    with pytest.raises(PolicyRefuses) as refused:
        await ask(world, booking_id, nights=3)
    assert refused.value.reason == "not_changeable"


async def test_a_difference_needs_a_way_to_pay_it(world: World) -> None:
    booking_id = await world.sell()
    with pytest.raises(InvalidValue) as refused:
        await ask(world, booking_id, nights=3, method=None)
    assert refused.value.field == "payment"
    assert await money(world, booking_id) == [("CAPTURED", TOTAL, 0)]


async def test_the_same_key_makes_one_change_however_often_it_comes(world: World) -> None:
    booking_id, caller = await world.sell(), uuid4()
    ids = await asyncio.gather(*(ask(world, booking_id, nights=3, caller=caller, key="k") for _ in range(5)))
    assert len(set(ids)) == 1
    await world.run()
    world.hotels.sold_out.add(str((await world.booking(booking_id)).terms.room_type_id))
    assert await ask(world, booking_id, nights=3, caller=caller, key="k") == ids[0]  # also when it is long over
    with pytest.raises(KeyReused):
        await ask(world, booking_id, nights=4, caller=caller, key="k")
    with pytest.raises(KeyReused):
        await world.desk.book(caller, world.request(), "k")
    with pytest.raises(NoRooms):  # keys of different callers never meet
        await ask(world, booking_id, nights=4, key="k")
    assert len((await world.booking(booking_id)).changes) == 1


async def test_replies_that_come_twice_or_late_change_nothing(world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3)
    before = await world.booking(booking_id)
    for hold_id in (hold_id_of(booking_id), hold_id_of(change_id)):
        ids = {"hold_id": hold_id, "booking_id": booking_id}
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
    await assert_settled(world, booking_id, kept=60_000)


class DyingPayments:
    """Payments whose caller dies in the middle of one kind of call: it has effect, and nobody hears of it."""

    def __init__(self, world: World, dies_in: str) -> None:
        self._payments = world.parts.payments
        self._dies_in = dies_in
        self.called = asyncio.Event()

    async def authorize(self, payment_id: UUID) -> AuthorizeOutcome:
        return await self._answer("authorize", await self._payments.authorize(payment_id))

    async def capture(self, payment_id: UUID) -> CaptureOutcome:
        return await self._answer("capture", await self._payments.capture(payment_id))

    async def refund(self, payment_id: UUID, *, refund_id: UUID, amount_minor: int) -> RefundOutcome:
        outcome = await self._payments.refund(payment_id, refund_id=refund_id, amount_minor=amount_minor)
        return await self._answer("refund", outcome)

    async def void(self, payment_id: UUID) -> VoidOutcome:
        raise ProviderUnavailable

    async def _answer(self, call: str, outcome: Any) -> Any:
        if call == self._dies_in:
            self.called.set()
            await asyncio.Event().wait()
        return outcome


@pytest.mark.parametrize(("dies_in", "nights"), [("authorize", 3), ("capture", 3), ("refund", 1)])
async def test_the_change_of_a_dead_worker_is_taken_over(world: World, dies_in: str, nights: int) -> None:
    booking_id = await world.sell()
    change_id = await ask(world, booking_id, nights=nights)
    payments = DyingPayments(world, dies_in)
    worker = world.worker(payments)
    while not payments.called.is_set():
        await world.deliver()
        working = asyncio.create_task(worker.run_once())
        called = asyncio.create_task(payments.called.wait())
        await asyncio.wait({working, called}, return_when=asyncio.FIRST_COMPLETED)
        called.cancel()
    working.cancel()
    await asyncio.wait([working])
    await world.take_outbox()  # nor does a webhook or an event of payments come
    world.offset = timedelta(seconds=world.settings.lease_seconds + 1)
    await world.run()
    assert (await last_change(world, booking_id)).state is ChangeState.DONE
    assert (await saga_of(world, change_id)).state == sagas.COMPLETED
    await assert_settled(world, booking_id, kept=nights * NIGHT_MINOR)


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("nights", [3, 1], ids=["dearer", "cheaper"])
async def test_a_message_that_is_lost_at_any_step_is_sent_again(world: World, nights: int, lost: int) -> None:
    booking_id = await world.sell()
    await ask(world, booking_id, nights=nights)
    for _ in range(lost):
        await world.deliver()
        await world.executor.run_once()
    await world.take_outbox()  # whatever was under way never arrives
    world.offset = timedelta(minutes=1)
    await world.run()
    assert (await last_change(world, booking_id)).state is ChangeState.DONE
    await assert_settled(world, booking_id, kept=nights * NIGHT_MINOR)


async def test_a_refund_that_is_refused_is_for_a_person_to_see(world: World) -> None:
    booking_id = await world.sell(method=Card("tok_refund_refused"))
    change_id = await change(world, booking_id, nights=1)
    for _ in range(world.settings.stuck_attempts):
        world.offset += timedelta(minutes=2)
        await world.run()
    saga = await saga_of(world, change_id)
    assert (saga.state, saga.step) == (sagas.STUCK, Step.REFUND_DIFFERENCE)
    assert "card_closed" in (saga.last_error or "")
    assert (await last_change(world, booking_id)).state is ChangeState.DONE  # the stay has not waited for it


async def test_a_quote_of_a_change_reserves_nothing(world: World) -> None:
    booking_id = await world.sell()
    found = await changes_of(world).quote(booking_id, None, wish(booking_id, nights=5).stay)
    settlement = found.settlement
    assert (settlement.total_minor, settlement.due_minor, settlement.refund_minor) == (100_000, 60_000, 0)
    assert (await world.booking(booking_id)).changes == []


async def test_a_change_that_is_not_paid_by_the_day_of_arrival_is_given_up(world: World) -> None:
    """Guests who arrive must not find their booking half changed."""
    booking_id = await world.sell()
    world.offset = timedelta(days=28)  # so that three days for a boleto would end after the arrival
    await ask(world, booking_id, nights=3, method=Boleto())
    arrival = datetime.combine(SOON, time(), tzinfo=ZoneInfo("America/Sao_Paulo"))
    assert (await last_change(world, booking_id)).expires_at == arrival
