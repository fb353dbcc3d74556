"""The event store: two who append, the history that stays, snapshots."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from shared.db import Database, utc_now
from shared.testing.plugin import count_queries
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.tests.world import World


async def test_of_two_who_change_the_same_version_one_must_decide_again(world: World, database: Database) -> None:
    booking_id = await world.book()
    both_have_read = asyncio.Barrier(2)

    async def fail() -> str:
        try:
            async with database.transaction() as session:
                booking = await bookings.load(session, booking_id)
                await both_have_read.wait()
                await record(session, booking_id, booking, e.Expired(), now=utc_now())
        except Conflict:
            return "conflict"
        return "done"

    assert sorted(await asyncio.gather(fail(), fail())) == ["conflict", "done"]
    assert (await world.booking(booking_id)).version == 2
    assert await world.value("SELECT count(*) FROM booking_events WHERE booking_id = :id", id=booking_id) == 2


@pytest.mark.parametrize("statement", ["UPDATE booking_events SET type = 'x'", "DELETE FROM booking_events"])
async def test_the_database_itself_refuses_to_rewrite_history(world: World, statement: str) -> None:
    await world.book()
    with pytest.raises(IntegrityError, match="append-only"):
        await world.execute(statement)


async def test_a_long_history_is_read_from_its_snapshot(world: World, database: Database) -> None:
    booking_id = await world.sell()
    for number in range(60):
        async with database.transaction() as session:
            booking = await bookings.load(session, booking_id)
            assert booking is not None
            refunded = e.Refunded(refund_id=booking_id, amount_minor=number)
            await record(session, booking_id, booking, refunded, now=utc_now())
    assert await world.value("SELECT sequence FROM booking_snapshots") == 50
    whole = await world.booking(booking_id)
    assert (whole.version, whole.refunded_minor) == (64, sum(range(60)))
    with count_queries(database) as statements:
        assert await world.booking(booking_id) == whole
    assert len(statements) == 2
    await world.execute("UPDATE booking_snapshots SET schema_version = 0")  # of an older shape: passed over
    assert await world.booking(booking_id) == whole


async def test_a_code_belongs_to_one_booking(world: World, database: Database) -> None:
    first, second = await world.book(), await world.book()
    code = (await world.booking(first)).terms.code
    async with database.transaction() as session:
        assert not await bookings.take_code(session, code, second)
        assert await bookings.ids_by_codes(session, [code]) == {code: first}
