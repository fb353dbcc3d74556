"""Read models: they follow all events, miss none, and can be made again while everything goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import Database, utc_now
from shared.testing.plugin import eventually
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.payments.methods import Card, Pix
from subgraphs.bookings.projections import PROJECTIONS, Projector, rebuild
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings, projections
from subgraphs.bookings.tests.world import SOON, World


async def _contents(world: World, name: str) -> list[Any]:
    rows = await world.rows(f"SELECT to_jsonb(t) AS row FROM {name} t ORDER BY to_jsonb(t)::text")
    return [row.row for row in rows]


async def _some_bookings(world: World) -> None:
    await world.sell()
    await world.sell(method=Pix(), rooms=2)
    await world.sell(method=Card("tok_decline_stolen"))
    await world.cancel(await world.sell(nights=4))
    await world.run()


async def _follow(database: Database) -> None:
    """Until nothing is left; a transaction of anybody else on the server may hold us up for a moment."""

    async def all_seen() -> bool:
        await Projector(database).run_once()
        async with database.read() as session:
            return all([(await projections.lag(session, name)).events == 0 for name in PROJECTIONS])

    await eventually(all_seen)


@pytest.mark.parametrize("name", sorted(PROJECTIONS))
async def test_a_rebuild_makes_what_following_made(world: World, database: Database, name: str) -> None:
    await _some_bookings(world)
    await _follow(database)
    live = await _contents(world, name)
    assert live
    await world.execute(f"DELETE FROM {name}")
    assert await rebuild(database, name, batch=2) == 4
    assert await _contents(world, name) == live


async def test_a_rebuild_beside_changes_ends_with_all_of_them(world: World, database: Database) -> None:
    for _ in range(6):
        await world.book()
    await asyncio.gather(world.run(), *(rebuild(database, name, batch=1) for name in PROJECTIONS))
    await _follow(database)
    for name in PROJECTIONS:
        live = await _contents(world, name)
        await world.execute(f"DELETE FROM {name}")
        await rebuild(database, name)
        assert await _contents(world, name) == live


async def test_the_list_shows_a_booking_in_the_transaction_that_makes_it(world: World) -> None:
    booking_id = await world.book()
    assert await world.value("SELECT state FROM booking_list WHERE id = :id", id=booking_id) == "PENDING"


async def test_an_event_of_a_transaction_that_ends_late_is_not_passed_over(world: World, database: Database) -> None:
    """The trap of following a sequence: the later number is visible first."""
    slow, quick = await world.sell(), await world.sell()
    await _follow(database)
    async with database.transaction() as open_session:
        booking = await bookings.load(open_session, slow)
        await record(open_session, slow, booking, e.CheckedIn(), now=utc_now())
        async with database.transaction() as session:
            other = await bookings.load(session, quick)
            await record(session, quick, other, e.CheckedIn(), now=utc_now())
        await Projector(database).run_once()  # could see the second, and must not pass over the first
    await _follow(database)
    assert await world.value("SELECT count(*) FROM hotel_arrivals WHERE has_arrived") == 2


async def test_lag_is_what_has_not_been_followed(world: World, database: Database) -> None:
    await world.sell()
    async with database.read() as session:
        before = await projections.lag(session, "hotel_calendar")
    await _follow(database)
    async with database.read() as session:
        after = await projections.lag(session, "hotel_calendar")
    assert (before.events, after.events, after.seconds) == (4, 0, 0.0)


async def test_of_projectors_at_the_same_time_one_moves_a_projection(world: World, database: Database) -> None:
    await world.sell()
    async with database.transaction() as session:
        assert await projections.take_turn(session, "hotel_calendar", wait=False)
        await Projector(database).run_once()
        assert await session.scalar(text("SELECT count(*) FROM hotel_calendar")) == 0
    await _follow(database)
    assert len(await _contents(world, "hotel_calendar")) == 2


async def test_arrivals_and_sold_nights_are_those_of_sold_bookings(world: World, database: Database) -> None:
    booking_id = await world.sell(rooms=2)
    await world.sell(method=Card("tok_decline_stolen"))
    await _follow(database)
    hotel_id = (await world.booking(booking_id)).terms.hotel_id
    async with database.read() as session:
        (day,) = await projections.arrivals(session, hotel_id, SOON, SOON)
        nights = await projections.calendar(session, hotel_id, SOON, SOON)
    assert (day.bookings, day.rooms, day.guests, day.arrived) == (1, 2, 4, 0)
    assert [(night.rooms, night.revenue_minor) for night in nights] == [(2, 40_000)]
    assert await world.value("SELECT count(*) FROM hotel_arrivals") == 1
