"""Any sequence of commands, repeated and out of order, leaves the calendar that a simple model of it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.contracts.inventory import InventoryConfirmed, InventoryHeld, InventoryRefused
from shared.db import Database, new_id
from subgraphs.hotels.tests.builders import Market
from subgraphs.hotels.tests.front_desk import FrontDesk, counts

NIGHTS = 6
ROOMS = 3

firsts = st.integers(0, NIGHTS - 1)
lengths = st.integers(1, 3)
rooms = st.sampled_from([1, 1, 1, 2])
minutes = st.integers(5, 60)


@dataclass(frozen=True)
class Hold:
    """A hold as the model knows it: what it counts on each night is kept as lists, and never worked out again."""

    first: int
    until: int
    rooms: int
    state: str
    due: int
    """On the model's clock, in minutes."""
    held: tuple[int, ...] = (0,) * NIGHTS
    sold: tuple[int, ...] = (0,) * NIGHTS
    replaces: UUID | None = None
    sharing: bool = False

    def nights(self) -> range:
        return range(self.first, self.until)


def full(hold: Hold) -> tuple[int, ...]:
    return tuple(hold.rooms if night in hold.nights() else 0 for night in range(NIGHTS))


class Model:
    """The inventory in plain Python: one list of holds, each move spelled out night by night."""

    def __init__(self) -> None:
        self.clock = 0
        self.holds: dict[UUID, Hold] = {}

    def counts(self) -> list[tuple[int, int]]:
        return [
            (
                sum(hold.held[night] for hold in self.holds.values()),
                sum(hold.sold[night] for hold in self.holds.values()),
            )
            for night in range(NIGHTS)
        ]

    def hold(self, hold_id: UUID, new: Hold) -> str:
        known = self.holds.get(hold_id)
        if known is not None:
            return "held" if known.state in ("HELD", "CONFIRMED") else over(known)
        old = self.holds.get(new.replaces) if new.replaces is not None else None
        taken = any(one.sharing and one.replaces == new.replaces for one in self.holds.values())
        shares = (
            old is not None and old.state == "CONFIRMED" and not taken and bool(set(old.nights()) & set(new.nights()))
        )
        wanted = list(full(new))
        if old is not None and shares:
            wanted = [max(0, count - old.sold[night]) for night, count in enumerate(wanted)]
        if any(
            count and held + sold + count > ROOMS for count, (held, sold) in zip(wanted, self.counts(), strict=True)
        ):
            self.holds[hold_id] = replace(new, state="REFUSED")
            return "sold_out"
        self.holds[hold_id] = replace(
            new, held=tuple(wanted), sharing=shares, replaces=None if old is None else new.replaces
        )
        return "held"

    def confirm(self, hold_id: UUID) -> str:
        hold = self.holds[hold_id]
        if hold.state == "HELD" and hold.due > self.clock:
            self.holds[hold_id] = replace(hold, state="CONFIRMED", held=(0,) * NIGHTS, sold=full(hold), sharing=False)
            if hold.replaces is not None:
                self.release(hold.replaces)
        elif hold.state == "HELD":
            self.end(hold_id, "EXPIRED")
        hold = self.holds[hold_id]
        return "confirmed" if hold.state == "CONFIRMED" else over(hold)

    def release(self, hold_id: UUID) -> None:
        hold = self.holds.get(hold_id)
        if hold is None:
            self.holds[hold_id] = Hold(0, 0, 0, "RELEASED", 0)
        elif hold.state in ("HELD", "CONFIRMED"):
            self.end(hold_id, "RELEASED")
            for heir_id, heir in self.holds.items():
                if heir.sharing and heir.replaces == hold_id:
                    self.holds[heir_id] = replace(heir, held=full(heir), sharing=False)

    def expire(self) -> set[UUID]:
        due = {hold_id for hold_id, hold in self.holds.items() if hold.state == "HELD" and hold.due <= self.clock}
        for hold_id in due:
            self.end(hold_id, "EXPIRED")
        return due

    def end(self, hold_id: UUID, state: str) -> None:
        self.holds[hold_id] = replace(
            self.holds[hold_id], state=state, held=(0,) * NIGHTS, sold=(0,) * NIGHTS, sharing=False
        )


def over(hold: Hold) -> str:
    return {"RELEASED": "released", "EXPIRED": "expired", "REFUSED": "sold_out"}[hold.state]


def name_of(reply: Any) -> str:
    match reply:
        case InventoryHeld():
            return "held"
        case InventoryConfirmed():
            return "confirmed"
        case InventoryRefused():
            return str(reply.reason)
        case _:
            return "released"


def machine(market: Market, database: Database, loop: asyncio.AbstractEventLoop) -> type[RuleBasedStateMachine]:
    """The machine, driven from a thread so that the hypothesis API, which is not async, may wait for the loop."""

    class InventoryMachine(RuleBasedStateMachine):
        """The same commands for the service and for the model."""

        def run(self, what: Any) -> Any:
            return asyncio.run_coroutine_threadsafe(what, loop).result(timeout=60)

        @initialize()
        def open_hotel(self) -> None:
            self.room_type_id = self.run(self.new_room_type())
            self.desk = FrontDesk(database, self.room_type_id)
            self.model = Model()
            self.stays: dict[UUID, tuple[int, int, dict[str, Any]]] = {}

        async def new_room_type(self) -> UUID:
            hotel = await market.rows("SELECT id FROM hotels LIMIT 1")
            hotel_id = hotel[0].id if hotel else await market.hotel()
            return await market.room_type(hotel_id, rooms=ROOMS, nights=NIGHTS)

        @rule(first=firsts, nights=lengths, rooms=rooms, minutes=minutes, data=st.data())
        def hold(self, first: int, nights: int, rooms: int, minutes: int, data: st.DataObject) -> None:
            """A new hold, sometimes under the id of a release that came first."""
            tombstones = [hold_id for hold_id in self.model.holds if hold_id not in self.stays]
            self.ask(data.draw(st.sampled_from([new_id(), *tombstones])), first, nights, rooms, minutes, None)

        @precondition(lambda self: self.model.holds)
        @rule(shift=st.sampled_from([-1, 0, 1]), nights=lengths, rooms=rooms, minutes=minutes, data=st.data())
        def change(self, shift: int, nights: int, rooms: int, minutes: int, data: st.DataObject) -> None:
            """A hold in the place of another one, near it."""
            sold = [hold_id for hold_id, hold in self.model.holds.items() if hold.state == "CONFIRMED"]
            replaced = self.draw_hold(data, sold * 9)
            first = min(max(self.model.holds[replaced].first + shift, 0), NIGHTS - 1)
            self.ask(new_id(), first, nights, rooms, minutes, replaced)

        def ask(self, hold_id: UUID, first: int, nights: int, rooms: int, minutes: int, replaces: UUID | None) -> None:
            until = min(first + nights, NIGHTS)
            others = {
                "rooms": rooms, "replaces_hold_id": replaces, "expires_at": self.desk.now + timedelta(minutes=minutes),
            }  # fmt: skip
            self.stays[hold_id] = (first, until, others)
            reply = self.run(self.desk.hold(first, until, hold_id=hold_id, **others))
            new = Hold(first, until, rooms, "HELD", self.model.clock + minutes, replaces=replaces)
            assert name_of(reply) == self.model.hold(hold_id, new)

        @rule(first=firsts, nights=lengths, rooms=rooms)
        def sell(self, first: int, nights: int, rooms: int) -> None:
            """A stay, and a change of it that is not decided yet: what all the trouble is about."""
            hold_id, until = new_id(), min(first + nights, NIGHTS)
            self.ask(hold_id, first, nights, rooms, 15, None)
            assert name_of(self.run(self.desk.confirm(hold_id))) == self.model.confirm(hold_id)
            self.ask(new_id(), max(until - 2, 0), nights, rooms, 15, hold_id)

        def draw_hold(self, data: st.DataObject, preferred: Sequence[UUID] = ()) -> UUID:
            """Any hold, but those that keep rooms three times as often, and ``preferred`` ones even more."""
            alive = [hold_id for hold_id, hold in self.model.holds.items() if hold.state in ("HELD", "CONFIRMED")]
            return data.draw(st.sampled_from([*alive * 3, *self.model.holds, *preferred]))

        @precondition(lambda self: self.stays)
        @rule(data=st.data())
        def hold_again(self, data: st.DataObject) -> None:
            hold_id = data.draw(st.sampled_from(list(self.stays)))
            first, until, others = self.stays[hold_id]
            others = {**others, "expires_at": self.desk.now + timedelta(minutes=1)}
            reply = self.run(self.desk.hold(first, until, hold_id=hold_id, **others))
            assert name_of(reply) == self.model.hold(hold_id, self.model.holds[hold_id])

        @precondition(lambda self: self.model.holds)
        @rule(data=st.data(), times=st.integers(1, 2))
        def confirm(self, data: st.DataObject, times: int) -> None:
            hold_id = self.draw_hold(data)
            for _ in range(times):
                assert name_of(self.run(self.desk.confirm(hold_id))) == self.model.confirm(hold_id)

        @precondition(lambda self: self.model.holds)
        @rule(data=st.data(), times=st.integers(1, 2))
        def release(self, data: st.DataObject, times: int) -> None:
            hold_id = self.draw_hold(data)
            for _ in range(times):
                self.run(self.desk.release(hold_id))
                self.model.release(hold_id)

        @rule()
        def release_what_was_not_held_yet(self) -> None:
            hold_id = new_id()
            self.run(self.desk.release(hold_id))
            self.model.release(hold_id)

        @rule(minutes=st.integers(1, 20))
        def time_passes(self, minutes: int) -> None:
            self.desk.later(timedelta(minutes=minutes))
            self.model.clock += minutes

        @rule()
        def expire(self) -> None:
            assert {one.hold_id for one in self.run(self.expire_own())} == self.model.expire()

        async def expire_own(self) -> list[Any]:
            # Machines that went before may have left holds; they are another booking's.
            return [one for one in await self.desk.expire() if one.booking_id == self.desk.booking_id]

        @invariant()
        def the_calendar_says_what_the_model_says(self) -> None:
            found = self.run(counts(market, self.room_type_id))
            assert found + [(0, 0)] * (NIGHTS - len(found)) == self.model.counts()

    return InventoryMachine


async def test_any_sequence_of_commands_leaves_what_the_model_says(market: Market, database: Database) -> None:
    checks = settings(
        max_examples=12,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    kind = machine(market, database, asyncio.get_running_loop())
    await asyncio.to_thread(run_state_machine_as_test, kind, settings=checks)
