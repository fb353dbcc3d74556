"""Any sequence of book, pay, change, cancel and expire, messages late or out of order: all books agree with a model."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from shared.config import PlatformSettings
from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from shared.messaging import EventEnvelope
from shared.testing.plugin import DomainDatabase, SubgraphClients
from subgraphs.bookings.ids import hold_id_of
from subgraphs.bookings.payments.methods import Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.service.errors import NoRooms, PolicyRefuses
from subgraphs.hotels.tests.builders import SOON, Market
from tests.sales_model import ENDS, NIGHTS, ROOMS, WAITS_FOR_TRAVELER, Change, Model, Sale, Stay
from tests.sales_town import MOST_ROUNDS, QUIET_RESTS, REST, Account, Town

T = TypeVar("T")
THOROUGH = os.environ.get("RESERVEI_FAULTS") == "1"
DECIDED = {"CONFIRMED", "CANCELLED", "EXPIRED", "FAILED"}
choices = st.integers(0, 59)
"""Which of several things; drawn apart from the things, so that no draw depends on another."""
FORWARD = {
    "PENDING": {"HELD", "AUTHORIZED", *DECIDED},
    "HELD": {"AUTHORIZED", *DECIDED},
    "AUTHORIZED": DECIDED,
    "CONFIRMED": {"CANCELLED"},
}
"""Where a booking may go from each state, however many steps lie between two looks."""
METHODS: dict[str, PaymentMethod] = {
    **{token: Card(token) for token in ENDS},
    "tok_3ds_approve": Card("tok_3ds_approve"),
    "tok_3ds_fail": Card("tok_3ds_fail"),
    "pix": Pix(),
    "boleto": Boleto(),
}


@pytest_asyncio.fixture(loop_scope="session")
async def town(domain_database: DomainDatabase, subgraph_client: SubgraphClients, platform: PlatformSettings) -> Town:
    """Two domains on real databases; bookings asks the running hotels subgraph for prices."""
    bookings, hotels = await domain_database("bookings"), await domain_database("hotels")
    return Town(bookings, Market(hotels), (await subgraph_client("hotels")).subgraph, platform)


def noon_of(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def machine(town: Town, loop: asyncio.AbstractEventLoop) -> type[RuleBasedStateMachine]:
    """The machine, driven from a thread so that Hypothesis, which is not async, may wait for the loop."""

    class Sales(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()
            self.seen: dict[UUID, tuple[str, int]] = {}

        def run(self, work: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(work, loop).result()

        @initialize()
        def open_the_hotel(self) -> None:
            self.run(town.begin())

        @rule(
            first=st.integers(0, NIGHTS - 1),
            nights=st.integers(1, 3),
            rooms=st.sampled_from([1, 1, 2]),
            method=st.sampled_from(sorted(METHODS)),
        )
        def book(self, first: int, nights: int, rooms: int, method: str) -> None:
            nights = min(nights, NIGHTS - first)
            stay = Stay(first, nights, rooms)
            is_free = self.model.has_rooms(stay)
            try:
                booking_id = self.run(town.ask(first, nights, rooms, METHODS[method]))
            except NoRooms:
                assert not is_free, "hotels has rooms that it does not offer"
                return
            assert is_free, "hotels offers rooms that it does not have"
            expires_at = self.run(town.accounts())[booking_id].expires_at
            hold_id = hold_id_of(booking_id)
            self.model.sales[booking_id] = Sale(stay, method, expires_at, hold_id, stay.price_minor, hold_id)

        @rule(first=st.integers(0, NIGHTS - 2), method=st.sampled_from(sorted(METHODS)))
        def sell_at_once(self, first: int, method: str) -> None:
            """The usual case: nothing is slow, and everybody knows at once what came of it."""
            self.book(first, 2, 1, method)
            self.settle()

        @rule(count=st.integers(1, 4))
        def deliver(self, count: int) -> None:
            self.run(town.collect())
            for envelope in [town.mailbag.pop(0) for _ in range(min(count, len(town.mailbag)))]:
                self.hand_over(envelope)

        @rule(choice=choices, again=st.booleans())
        def deliver_out_of_order(self, choice: int, again: bool) -> None:
            """One message overtakes the others, and may come twice."""
            self.run(town.collect())
            if not town.mailbag:
                return
            envelope = town.mailbag.pop(choice % len(town.mailbag))
            for _ in range(2 if again else 1):
                self.hand_over(envelope)

        def hand_over(self, envelope: EventEnvelope) -> None:
            now, command = town.moment, town.command_in(envelope)
            match command:
                case ConfirmInventory() if self.model.state_of(command.hold_id) == "none":
                    town.mailbag.append(envelope)  # hotels would have it come again until there is a hold
                    return
                case HoldInventory():
                    expected: str | None = self.model.on_hold(command, now)
                case ConfirmInventory():
                    expected = self.model.on_confirm(command, now)
                case ReleaseInventory():
                    expected = self.model.on_release(command, now)
                case _:
                    expected = None
            reply = self.run(town.hand_over(envelope))
            assert expected == (None if reply is None else type(reply).__name__), envelope.type

        @rule()
        def workers_work(self) -> None:
            self.note_lateness()
            self.run(town.work())

        @rule()
        def a_worker_dies(self) -> None:
            self.run(town.lose_a_worker())

        @rule()
        def hotels_looks_at_the_clock(self) -> None:
            assert set(self.run(town.sweep())) == self.model.on_sweep(town.moment)

        @rule(choice=choices, pays=st.sampled_from([True, True, False]))
        def the_traveler_acts(self, choice: int, pays: bool) -> None:
            """Pays a PIX code or a boleto, passes 3-D Secure; or not. Also too late, or for what was called off."""
            waiting = [id_ for id_, sale in self.model.sales.items() if sale.method in WAITS_FOR_TRAVELER]
            if not waiting:
                return
            booking_id = waiting[choice % len(waiting)]
            before = self.run(town.charge_of(booking_id))
            after = self.run(town.traveler_acts(booking_id, pays=pays))
            if before == "WAITING":
                sale = self.model.sales[booking_id]
                is_paid = pays and sale.method != "tok_3ds_fail"
                taken = "AUTHORIZED" if sale.method.startswith("tok_") else "CAPTURED"
                assert after == (taken if is_paid else "FAILED")
                sale.acted = pays
            else:
                assert after in {before, None}, "what does not wait for anybody stays as it is"

        @rule(
            choice=choices,
            first=st.integers(0, NIGHTS - 1),
            nights=st.integers(1, 3),
            rooms=st.sampled_from([1, 1, 2]),
            method=st.sampled_from(sorted(ENDS)),
        )
        def change_stay(self, choice: int, first: int, nights: int, rooms: int, method: str) -> None:
            """Another stay instead; it may be dearer, cheaper, not free, or not allowed any more."""
            self.is_asked_to_change(choice, first, nights, rooms, method)

        def is_asked_to_change(self, choice: int, first: int, nights: int, rooms: int, method: str) -> bool:
            if not self.model.sales:
                return False
            booking_id = list(self.model.sales)[choice % len(self.model.sales)]
            sale, now = self.model.sales[booking_id], town.moment
            account = self.note(booking_id)
            stay = Stay(first, min(nights, NIGHTS - first), rooms)
            may_change = self.model.may_change(booking_id, account.state, stay, now)
            total, fee = self.model.price_of_change(booking_id, stay, now) if may_change else (stay.price_minor, 0)
            # The rooms of an earlier change that came to nothing may still be on their way back.
            is_known = not sale.may_be_changing
            is_free = self.model.has_rooms(stay, instead_of=sale.hold_id)
            try:
                change_id = self.run(
                    town.ask_change(booking_id, stay.first, stay.nights, rooms, METHODS[method], total)
                )
            except NoRooms:
                assert not (is_free and is_known), "hotels has rooms that it does not offer"
                return False
            except PolicyRefuses:
                assert not (may_change and is_known), "a change was refused that the terms allow"
                return False
            assert may_change, "a change was accepted that the terms do not allow"
            assert is_free or not is_known, "hotels offers rooms that it does not have"
            sale.changes.append(Change(hold_id_of(change_id), stay, total, fee))
            sale.may_be_changing = True
            return True

        @rule(
            first=st.integers(0, NIGHTS - 2),
            other=st.integers(0, NIGHTS - 1),
            nights=st.integers(1, 3),
            days=st.sampled_from([40, 40, 5, 1]),
        )
        def sell_and_change_at_once(self, first: int, other: int, nights: int, days: int) -> None:
            """The usual case of a change: it is asked for, possible, and done."""
            before = set(self.model.sales)
            self.book(first, 2, 1, "tok_approve")
            if set(self.model.sales) == before:
                return
            booking_id = list(self.model.sales)[-1]
            self.settle()
            town.moment = max(town.moment, noon_of(SOON + timedelta(days=first - days)))
            if self.model.sales[booking_id].was_late or not self.is_asked_to_change(
                -1, other, nights, 1, "tok_approve"
            ):
                return
            change = self.model.sales[booking_id].changes[-1]
            self.settle()
            assert self.model.sales[booking_id].stay == change.stay, "nothing stood in the way of the change"

        @rule(choice=choices)
        def cancel(self, choice: int) -> None:
            if not self.model.sales:
                return
            booking_id = list(self.model.sales)[choice % len(self.model.sales)]
            state = self.note(booking_id).state
            fee = self.model.fee(booking_id, state, town.moment)
            try:
                cancelled = self.run(town.cancel(booking_id))
            except PolicyRefuses:
                assert fee is None, "a cancellation was refused that the terms allow"
                return
            assert fee == cancelled.fee_minor
            self.model.sales[booking_id].fee_minor = fee

        @rule(first=st.integers(0, NIGHTS - 2), days=st.sampled_from([8, 6, 3, 1, -1, -4]))
        def sell_and_cancel_close_to_arrival(self, first: int, days: int) -> None:
            """Free, at the price of a night, of the whole stay, or not at all any more."""
            self.book(first, 2, 1, "tok_approve")
            self.settle()
            town.moment = max(town.moment, noon_of(SOON - timedelta(days=days)))
            self.cancel(-1)
            self.settle()

        @rule(minutes=st.sampled_from([1, 5, 10, 15, 60, 4 * 24 * 60]))
        def time_passes(self, minutes: int) -> None:
            town.moment += timedelta(minutes=minutes)

        @rule(forged=st.booleans())
        def webhooks_come_again(self, forged: bool) -> None:
            answers = self.run(town.replay_webhooks(forged=forged))
            assert set(answers) <= {400 if forged else 200}

        @rule()
        def settle(self) -> None:
            """Everything that is under way comes to its end, as it does within two minutes when nothing is down."""
            quiet = 0
            for _ in range(MOST_ROUNDS):
                self.note_lateness()
                self.run(town.collect())
                moved = len(town.mailbag)
                while town.mailbag:
                    self.hand_over(town.mailbag.pop(0))
                moved += self.run(town.work())
                swept = self.run(town.sweep())
                assert set(swept) == self.model.on_sweep(town.moment)
                if moved + len(swept) == 0:
                    quiet += 1
                    if quiet > QUIET_RESTS:
                        break
                    town.moment += REST
            else:
                pytest.fail("the town does not come to rest")
            self.note_lateness()
            for booking_id, account in self.run(town.accounts()).items():
                self.check_at_rest(booking_id, account)

        def note(self, booking_id: UUID) -> Account:
            """How a booking stands, its stay compared with what the model has heard of."""
            account = self.run(town.accounts())[booking_id]
            self.model.note_stay(booking_id, Stay(account.first, account.nights, account.rooms))
            return account

        def note_lateness(self) -> None:
            """Sales that were not decided when their time ran out: what they come to depends on who noticed first."""
            for booking_id, account in self.run(town.accounts()).items():
                sale = self.model.sales[booking_id]
                if account.state not in DECIDED and town.moment >= sale.expires_at:
                    sale.was_late = True

        def check_at_rest(self, booking_id: UUID, account: Account) -> None:
            sale = self.model.sales[booking_id]
            self.model.note_stay(booking_id, Stay(account.first, account.nights, account.rooms))
            about = (sale, account)
            assert account.state in self.model.ends(booking_id), about
            assert account.kept_minor == account.charged_minor, about
            assert account.changing == 0, about
            assert not account.charges & {"AUTHORIZED", "PROCESSING"}, about
            match account.state:
                case "CONFIRMED":
                    assert account.charged_minor == account.total_minor == sale.total_minor, about
                    assert (account.holds, account.sale) == ({sale.hold_id: "CONFIRMED"}, "COMPLETED"), about
                case "HELD":
                    assert (account.charged_minor, account.sale) == (0, "RUNNING"), about
                    assert account.holds == {sale.hold_id: "HELD"}, about
                    assert sale.expires_at > town.moment, about
                case _:
                    assert account.charged_minor == (sale.fee_minor or 0), about
                    assert (account.holds, account.sale) == ({}, "COMPENSATED"), about
                    assert "WAITING" not in account.charges, about
            sale.may_be_changing = False

        @invariant()
        def the_books_agree(self) -> None:
            calendar = self.run(town.calendar())
            if not calendar:  # before the hotel is open
                return
            assert calendar == self.model.rooms.counts()
            assert all(held >= 0 <= sold and held + sold <= ROOMS for held, sold in calendar)
            assert self.run(town.imbalances()) == []
            accounts = self.run(town.accounts())
            assert accounts.keys() == self.model.sales.keys(), "no booking is lost, and none comes from nowhere"
            for booking_id, account in accounts.items():
                state, version = self.seen.get(booking_id, ("PENDING", 0))
                assert account.version >= version
                assert account.state == state or account.state in FORWARD.get(state, ()), (state, account)
                self.seen[booking_id] = (account.state, account.version)
                assert account.charged_minor >= account.kept_minor, "we count money that nobody has taken"
                if account.state == "CONFIRMED":
                    assert "CONFIRMED" in account.holds.values(), "a booking without rooms"
                    assert account.kept_minor >= account.total_minor, "a booking that is not paid"

        def teardown(self) -> None:
            """Days later nobody can pay any more, so everything has ended."""
            if self.model.sales:
                town.moment += timedelta(days=4)
                self.settle()
                assert {account.state for account in self.run(town.accounts()).values()} <= DECIDED

    return Sales


@pytest.mark.timeout(1800 if THOROUGH else 400)
async def test_any_sequence_of_sales_leaves_books_that_agree(town: Town) -> None:
    checks = settings(
        derandomize=not THOROUGH,
        database=None,
        max_examples=200 if THOROUGH else 8,
        stateful_step_count=40 if THOROUGH else 25,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        # A story takes seconds to tell, so making a failing one shorter takes longer than a test run may.
        phases=(Phase.generate, Phase.shrink) if THOROUGH else (Phase.generate,),
    )
    kind = machine(town, asyncio.get_running_loop())
    await asyncio.to_thread(run_state_machine_as_test, kind, settings=checks)
