"""Sales, and a kill in the midst of them at each boundary between two steps of their sagas."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.faults.audit import Audit
from tests.faults.callers import NO_ROUTER, Caller, offers
from tests.faults.platform import FaultyPlatform, Victim

TRAVELER = DEMO_ACCOUNTS[0]
REACHED_WITHIN = 90
"""Seconds within which a sale must get to the moment that is waited for, whatever an earlier kill left behind."""
CARDS = {
    # What each sale must come to, whatever is killed on the way: a fault of ours is no reason to turn a guest away.
    "tok_approve": "CONFIRMED",
    "tok_network_error": "CONFIRMED",
    "tok_late": "CONFIRMED",
    "tok_decline_insufficient_funds": "FAILED",
    "tok_capture_refused": "FAILED",
}
_EVENT = "EXISTS (SELECT FROM booking_events e WHERE e.booking_id = s.id AND e.type = '{}')"
BOUNDARIES = {
    "rooms are held": _EVENT.format("booking.held"),
    "payment is authorized": _EVENT.format("booking.authorized"),
    "rooms are sold": "s.step = 'CAPTURE_PAYMENT'",
    "it is confirmed": _EVENT.format("booking.confirmed"),
    "one is turned back": _EVENT.format("booking.failed"),
    "its money is back": "s.state = 'COMPENSATED' OR s.step = 'RELEASE_INVENTORY'",
}
"""Where sagas get to, each as a condition that stays true, so that no look comes too late to see it."""
CALLED_OFF = {
    "a sold one is called off": _EVENT.format("booking.cancelled"),
    "what was paid is back": "s.state = 'COMPENSATED' OR s.step = 'RELEASE_INVENTORY'",
}
"""The same for sales that were confirmed and are then cancelled."""
ASKED, ANSWERED = "while it is asked for", "when it is answered"
EVERY_MOMENT = (ASKED, ANSWERED, *BOUNDARIES, *CALLED_OFF)
_days = count(10)


@dataclass(frozen=True)
class Walk:
    """One victim, killed at one moment after the other."""

    platform: FaultyPlatform
    victim: Victim
    caller: Caller

    def kill_at(self, moment: str) -> dict[str, str]:
        """Sell, kill at the moment, restart; the bookings, and the state in which each must end."""
        return self._kill_calling_off(moment) if moment in CALLED_OFF else self._kill_selling(moment)

    def _kill_selling(self, moment: str) -> dict[str, str]:
        free = offers(self.platform.supergraph, datetime.now(UTC).date() + timedelta(days=next(_days)), 2)
        mark = asyncio.run(self._last_event())
        with ThreadPoolExecutor(len(CARDS)) as pool:
            asked = [
                pool.submit(self.caller.book, offer.booking(card), str(uuid4()))
                for card, offer in zip(CARDS, free, strict=False)
            ]
            if moment == ASKED:
                time.sleep(random.uniform(0, 0.15))  # anywhere in a request, so nothing is waited for
            elif moment == ANSWERED:
                for each in asked:
                    each.result()
            else:
                asyncio.run(self._reach(BOUNDARIES[moment], mark, asked))
            self._kill()
            answers = [each.result() for each in asked]
        # Declined at once, when the saga was faster than the answer.
        about = (self.victim, moment, answers, self.caller.errors)
        assert {answer["__typename"] for answer in answers} <= {"Booking", "PaymentDeclined"}, about
        booked = asyncio.run(self._requested_since(mark))
        assert sorted(booked.values()) == sorted(CARDS), (booked, *about)
        return {booking_id: CARDS[card] for booking_id, card in booked.items()}

    def _kill_calling_off(self, moment: str) -> dict[str, str]:
        offer = offers(self.platform.supergraph, datetime.now(UTC).date() + timedelta(days=next(_days)), 2)[0]
        mark = asyncio.run(self._last_event())
        booking_id = self.caller.book(offer.booking("tok_approve"), str(uuid4()))["id"]
        asyncio.run(self._reach(BOUNDARIES["it is confirmed"], mark, ()))
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(self.caller.cancel, booking_id)
            asyncio.run(self._reach(CALLED_OFF[moment], mark, (asked,)))
            self._kill()
            answer = asked.result()
        assert answer == {"__typename": "Booking", "id": booking_id, "state": "CANCELLED"}, (self.victim, moment)
        return {booking_id: "CANCELLED"}

    def _kill(self) -> None:
        self.platform.kill(self.victim)
        self.platform.restart(self.victim)

    async def _last_event(self) -> int:
        return int((await self._fetch("SELECT coalesce(max(position), 0) FROM booking_events"))[0][0])

    async def _requested_since(self, mark: int) -> dict[str, str]:
        """The bookings made behind ``mark``, with the card of each: also those that their caller never heard of."""
        query = (
            "SELECT booking_id::text, card_token FROM booking_events JOIN payments USING (booking_id)"
            " WHERE position > $1 AND type = 'booking.requested'"
        )
        return {row["booking_id"]: row["card_token"] for row in await self._fetch(query, mark)}

    async def _reach(self, condition: str, mark: int, asked: Sequence[Future[dict[str, Any]]]) -> None:
        """Return as soon as a sale that was asked for behind ``mark`` fulfils ``condition``."""
        connection = await asyncpg.connect(self.platform.database_url("bookings"))
        query = (
            "SELECT EXISTS (SELECT FROM booking_events asked JOIN sagas s ON s.id = asked.booking_id"
            f" WHERE asked.position > $1 AND asked.type = 'booking.requested' AND ({condition}))"
        )
        deadline = time.monotonic() + REACHED_WITHIN
        try:
            while not await connection.fetchval(query, mark):
                for each in asked:
                    if each.done():
                        each.result()  # a caller that gave up says why
                assert time.monotonic() < deadline, f"no sale gets to {condition}: {self.caller.errors}"
                await asyncio.sleep(0.005)
        finally:
            await connection.close()

    async def _fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.platform.database_url("bookings"))
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()


def walk(platform: FaultyPlatform, victim: Victim, moments: Sequence[str] = EVERY_MOMENT) -> None:
    """Kill ``victim`` at each of ``moments`` in turn; then all books must be right.

    The sales of earlier kills may still be recovering when the next one comes, as in a bad night.
    """
    audit = Audit.begin(platform)
    caller = Caller.signed_in(platform.supergraph, TRAVELER.email, TRAVELER.password)
    kill_at: Callable[[str], dict[str, str]] = Walk(platform, victim, caller).kill_at
    expected: dict[str, str] = {}
    for moment in moments:
        expected |= kill_at(moment)
    assert len(expected) == sum(1 if moment in CALLED_OFF else len(CARDS) for moment in moments)
    audit.wait_until_right(expected)
    # Only the router's own death may show as no answer at all.
    allowed = ("UNAVAILABLE: ", f"{NO_ROUTER}: ") if victim is Victim.ROUTER else ("UNAVAILABLE: ",)
    assert all(error.startswith(allowed) for error in caller.errors), caller.errors
