"""Holds at the same time: nobody gets a room twice, nobody waits in a circle."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.contracts.inventory import InventoryConfirmed, InventoryExpired, InventoryHeld, InventoryRefused
from shared.db import Database, new_id
from subgraphs.hotels.tests.builders import SOON, Market
from subgraphs.hotels.tests.front_desk import FrontDesk, counts

T = TypeVar("T")
ROOMS = 7
RIVALS = 200
AT_ONCE = 10
"""Connections that fight over a row; more only wait longer."""


async def together(rivals: Iterable[Awaitable[T]]) -> list[T]:
    """Run all, so many at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def run(rival: Awaitable[T]) -> T:
        async with slots:
            return await rival

    return await asyncio.gather(*(run(rival) for rival in rivals))


async def test_looking_first_and_holding_then_oversells_but_for_the_constraint(
    market: Market, database: Database
) -> None:
    """The race that the next test shows to be absent: both see the last room free before either takes it."""
    room_type_id = await market.room_type(await market.hotel(), rooms=1, nights=1)
    both_have_looked = asyncio.Barrier(2)

    async def naive() -> bool:
        async with database.transaction() as session:
            free = await session.scalar(
                text("SELECT total - held - sold FROM inventory_nights WHERE room_type_id = :id"), {"id": room_type_id}
            )
            await both_have_looked.wait()
            if free:
                await session.execute(
                    text("UPDATE inventory_nights SET held = held + 1 WHERE room_type_id = :id"), {"id": room_type_id}
                )
            return bool(free)

    outcomes = await asyncio.gather(naive(), naive(), return_exceptions=True)
    assert Counter(type(outcome) for outcome in outcomes) == {bool: 1, IntegrityError: 1}
    await market.execute("UPDATE inventory_nights SET held = 0")
    await market.execute("ALTER TABLE inventory_nights DROP CONSTRAINT ck_inventory_nights_not_oversold")
    try:
        assert await asyncio.gather(naive(), naive()) == [True, True]
        assert await counts(market, room_type_id) == [(2, 0)]
    finally:
        await market.execute("DELETE FROM inventory_nights")
        await market.execute(
            "ALTER TABLE inventory_nights ADD CONSTRAINT ck_inventory_nights_not_oversold "
            "CHECK (0 <= held AND 0 <= sold AND held + sold <= total)"
        )


async def test_200_at_once_for_the_last_7_rooms_over_overlapping_stays(market: Market, database: Database) -> None:
    """Exactly what fits is held, everybody else is told so, and nobody meets a deadlock."""
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=ROOMS, nights=12))
    dice = random.Random(7)
    stays = [(first, first + dice.randint(1, 5)) for first in (dice.randint(0, 7) for _ in range(RIVALS))]

    async def one(first: int, until: int) -> tuple[int, int] | None:
        reply = await desk.another_booking().hold(first, until)
        if isinstance(reply, InventoryHeld):
            return first, until
        assert reply.reason == "sold_out"
        assert reply.sold_out_nights
        return None

    won = [stay for stay in await together(one(*stay) for stay in stays) if stay is not None]
    expected = [sum(first <= night < until for first, until in won) for night in range(12)]
    assert await counts(market, desk.room_type_id) == [(taken, 0) for taken in expected]
    assert max(expected) == ROOMS
    # Nobody was refused who would still fit.
    lost = Counter(stays) - Counter(won)
    assert all(any(expected[night] == ROOMS for night in range(*stay)) for stay in lost)


async def test_200_at_once_for_the_same_night_get_exactly_7_rooms(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=ROOMS))
    replies = await together(desk.another_booking().hold(n % 3, 4) for n in range(RIVALS))
    assert Counter(type(reply) for reply in replies) == {InventoryHeld: ROOMS, InventoryRefused: RIVALS - ROOMS}
    assert (await counts(market, desk.room_type_id))[3] == (ROOMS, 0)


async def test_one_command_at_once_from_20_places_holds_once(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=ROOMS))
    command = desk.hold_command(0, 3)
    assert len(set(map(repr, await asyncio.gather(*(desk.send_hold(command) for _ in range(20)))))) == 1
    assert await counts(market, desk.room_type_id) == [(1, 0)] * 3
    await asyncio.gather(*(desk.confirm(command.hold_id) for _ in range(20)))
    assert await counts(market, desk.room_type_id) == [(0, 1)] * 3
    await asyncio.gather(*(desk.release(command.hold_id) for _ in range(20)))
    assert await counts(market, desk.room_type_id) == []


async def test_a_hold_and_its_release_at_once_leave_nothing_held(market: Market, database: Database) -> None:
    room_type_id = await market.room_type(await market.hotel(), rooms=1)
    for _ in range(30):
        desk = FrontDesk(database, room_type_id)
        hold_id = new_id()
        await asyncio.gather(desk.hold(0, 3, hold_id=hold_id), desk.release(hold_id), desk.release(hold_id))
        assert await counts(market, room_type_id) == []
        assert await market.value("SELECT state FROM inventory_holds WHERE hold_id = :id", id=hold_id) == "RELEASED"


async def test_of_expiry_and_confirmation_at_once_exactly_one_wins(market: Market, database: Database) -> None:
    """The clocks of two machines differ by the blink in which the hold is due."""
    room_type_id = await market.room_type(await market.hotel(), rooms=1)
    winners: Counter[str] = Counter()
    for number in range(50):
        desk = FrontDesk(database, room_type_id)
        hold_id = await desk.held(0, 3)
        ahead = FrontDesk(database, room_type_id)
        ahead.later(timedelta(minutes=16))
        confirming: Any
        match number % 3:  # one after the other in both orders too, so that each wins at least then
            case 0:
                confirming, expiring = await desk.confirm(hold_id), await ahead.expire()
            case 1:
                expiring, confirming = await ahead.expire(), await desk.confirm(hold_id)
            case _:
                confirming, expiring = await asyncio.gather(desk.confirm(hold_id), ahead.expire())
        if isinstance(confirming, InventoryConfirmed):
            winners["confirmed"] += 1
            assert expiring == []
            assert await counts(market, room_type_id) == [(0, 1)] * 3
            await desk.release(hold_id)
        else:
            winners["expired"] += 1
            assert confirming.reason == "expired"
            assert expiring == [InventoryExpired(hold_id=hold_id, booking_id=desk.booking_id)]
        assert await counts(market, room_type_id) == []
    assert winners["confirmed"] + winners["expired"] == 50
    assert len(winners) == 2


async def test_several_expire_at_once_and_each_hold_expires_once(market: Market, database: Database) -> None:
    room_types = [await market.room_type(await market.hotel(), rooms=40) for _ in range(2)]
    desks = [FrontDesk(database, room_type) for room_type in room_types]
    ids = [await desks[n % 2].held(n % 5, n % 5 + 6) for n in range(60)]

    async def worker() -> list[UUID]:
        mine: list[UUID] = []
        desk = FrontDesk(database, room_types[0])
        desk.later(timedelta(hours=1))
        while batch := await desk.expire(limit=4):
            mine += [one.hold_id for one in batch]
        return mine

    shares = await asyncio.gather(*(worker() for _ in range(6)))
    expired = [hold_id for share in shares for hold_id in share]
    desks[0].later(timedelta(hours=1))
    expired += [one.hold_id for one in await desks[0].expire()]  # what all of them passed over
    assert sorted(expired) == sorted(ids)
    for room_type in room_types:
        assert await counts(market, room_type) == []


@pytest.mark.parametrize("seed", range(3))
async def test_a_busy_day_ends_with_the_rooms_that_the_holds_say(market: Market, database: Database, seed: int) -> None:
    """Bookings, changes, cancellations, expiry and the manager at once, over the same few nights."""
    room_type_id = await market.room_type(await market.hotel(), rooms=5, nights=10)

    async def guest(number: int) -> None:
        dice = random.Random(seed * 1000 + number)
        desk = FrontDesk(database, room_type_id)
        first = dice.randint(0, 6)
        reply = await desk.hold(first, first + dice.randint(1, 3), rooms=dice.randint(1, 2))
        if isinstance(reply, InventoryRefused) or dice.random() < 0.2:
            return
        await desk.confirm(reply.hold_id)
        change = await desk.hold(max(first - 1, 0), first + 2, replaces_hold_id=reply.hold_id)
        await asyncio.gather(
            desk.confirm(change.hold_id) if dice.random() < 0.6 else desk.release(change.hold_id),
            desk.release(reply.hold_id) if dice.random() < 0.3 else desk.confirm(reply.hold_id),
        )

    async def clock() -> None:
        desk = FrontDesk(database, room_type_id)
        desk.later(timedelta(hours=1))
        for _ in range(10):
            await desk.expire(limit=3)

    async def manager() -> None:
        for number in range(10):
            closed = {"is_closed": number % 2 == 0}
            await market.set_nights(room_type_id, SOON + timedelta(days=number), **closed)

    await together([clock(), clock(), manager(), *(guest(number) for number in range(60))])
    wrong = await market.rows("""
        SELECT i.night, i.held, i.sold, k.held, k.sold FROM inventory_nights i
        CROSS JOIN LATERAL (
            SELECT
                coalesce(sum(h.rooms - CASE WHEN i.night >= h.shared_from AND i.night < h.shared_until
                    THEN h.shared_rooms ELSE 0 END) FILTER (WHERE h.state = 'HELD'), 0) AS held,
                coalesce(sum(h.rooms) FILTER (WHERE h.state = 'CONFIRMED'), 0) AS sold
            FROM inventory_holds h
            WHERE h.room_type_id = i.room_type_id AND i.night >= h.check_in AND i.night < h.check_out
        ) AS k
        WHERE (i.held, i.sold) IS DISTINCT FROM (k.held, k.sold)
    """)
    assert wrong == []
    # Not how many ended in which state: that is the scheduler's choice. But everybody was heard.
    assert await market.value("SELECT count(*) FROM inventory_holds") >= 60
