"""Commands that come as messages, and holds that expire by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from redis.asyncio import Redis

from shared.config import PlatformSettings
from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from shared.db import Database, new_id, utc_now
from shared.messaging import EventEnvelope, open_broker
from shared.messaging.consumer import Consumer, Reject
from shared.messaging.dead_letters import open_dead_letters
from shared.messaging.names import DEAD_PREFIX, SOURCES, STREAM_PREFIX
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from subgraphs.hotels import workers
from subgraphs.hotels.consumers import build_handlers
from subgraphs.hotels.models import InboxMessage
from subgraphs.hotels.service import holds
from subgraphs.hotels.tests.builders import Market
from subgraphs.hotels.tests.front_desk import FrontDesk, counts, replies


@pytest_asyncio.fixture(loop_scope="session")
async def desk(market: Market, database: Database) -> FrontDesk:
    """Books rooms of a type that has two."""
    return FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))


def envelope(command: Any, *, version: int = 1, event_id: UUID | None = None) -> EventEnvelope:
    """The command as bookings sends it."""
    return EventEnvelope(
        id=event_id or new_id(),
        type=command.topic,
        version=version,
        occurred_at=utc_now(),
        aggregate_id=command.booking_id,
        aggregate_sequence=1,
        correlation_id=new_id(),
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(command)),
    )


@asynccontextmanager
async def running(*loops: Any) -> AsyncIterator[None]:
    """Background loops, until the block ends."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for loop in loops:
            tasks.create_task(loop(stop))
        try:
            yield
        finally:
            stop.set()


async def test_a_booking_by_messages_from_hold_to_release(
    market: Market, database: Database, desk: FrontDesk, platform: PlatformSettings, redis_url: str
) -> None:
    """Each command delivered twice has one answer, in the order of the booking; a broken one is a dead letter."""
    source = f"bookings{new_id().hex[-12:]}"
    consumer = Consumer(
        f"{source}-hotels", redis_url, database, InboxMessage, build_handlers(platform), sources=[source]
    )
    broker = open_broker(redis_url)

    async def send(sent: EventEnvelope) -> None:
        for _ in range(2):
            body = msgspec.json.encode(sent)
            await broker.publish(domain=source, topic=sent.type, message_id=str(sent.id), body=body)

    async def answered(count: int) -> bool:
        return len(await replies(market)) >= count

    ids = {"hold_id": new_id(), "booking_id": desk.booking_id}
    commands = [
        envelope(desk.hold_command(0, 3, rooms=2, hold_id=ids["hold_id"])),
        envelope(ConfirmInventory(**ids)),
        envelope(ReleaseInventory(**ids)),
    ]
    expected = [[(2, 0)] * 3, [(0, 2)] * 3, []]
    try:
        async with running(consumer.run):
            # The first is sent until the consumer is there to take it.
            for number, (command, taken) in enumerate(zip(commands, expected, strict=True), start=1):
                await _until(lambda number=number: answered(number), lambda command=command: send(command))
                assert await counts(market, desk.room_type_id) == taken
            await send(envelope(desk.hold_command(3, 3)))
            async with open_dead_letters(redis_url) as letters:
                await eventually(lambda: _any(letters.read(f"{source}-hotels")))
    finally:
        await broker.close()
        async with Redis.from_url(redis_url) as redis:
            await redis.srem(SOURCES, source)
            await redis.delete(STREAM_PREFIX + source, DEAD_PREFIX + f"{source}-hotels")
    written = await replies(market)
    assert [one.type for one in written] == ["inventory.held", "inventory.confirmed", "inventory.released"]
    assert [one.causation_id for one in written] == [command.id for command in commands]
    assert [one.correlation_id for one in written] == [command.correlation_id for command in commands]
    assert [one.aggregate_sequence for one in written] == [1, 2, 3]
    assert await market.value("SELECT count(*) FROM inbox") == 3


async def _until(condition: Any, again: Any) -> None:
    """Do ``again`` until it has shown effect: a message may come before its consumer, and a repeated one is no news."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            await again()
            try:
                await eventually(condition, within=1)
            except TimeoutError:
                continue
            return


async def _any(reading: Any) -> bool:
    return bool(list(await reading))


@pytest.mark.parametrize(
    "broken",
    [
        {"version": 2},
        {"payload": msgspec.Raw(b'{"hold_id": "no"}')},
        {"payload": msgspec.Raw(b"{}")},
    ],
)
async def test_a_command_that_cannot_be_understood_is_rejected(
    database: Database, desk: FrontDesk, platform: PlatformSettings, broken: dict[str, Any]
) -> None:
    handle = build_handlers(platform)[HoldInventory.topic]
    sent = msgspec.structs.replace(envelope(desk.hold_command(0, 1)), **broken)
    with pytest.raises(Reject):
        async with database.transaction() as session:
            await handle(session, sent)


async def test_holds_expire_by_themselves_when_they_are_due(
    market: Market, database: Database, desk: FrontDesk, platform: PlatformSettings
) -> None:
    """Two workers at once: each hold expires once, and one that is not due stays."""
    for _ in range(3):
        await desk.hold(0, 2, expires_at=utc_now() + timedelta(seconds=0.5))
    await desk.another_booking().held(4, 6)
    loops = workers.background_tasks(platform, database)
    async with running(*loops, *loops):
        await eventually(lambda: _is(market, desk, [(0, 0)] * 4 + [(1, 0)] * 2))
    assert [one.type for one in await replies(market)].count("inventory.expired") == 2


async def _is(market: Market, desk: FrontDesk, expected: list[tuple[int, int]]) -> bool:
    return await counts(market, desk.room_type_id) == expected


async def test_the_expiry_outlives_an_error(
    market: Market, desk: FrontDesk, database: Database, platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([ConnectionError("the database is away")])

    async def expire_due(*arguments: Any) -> Any:
        for failure in failures:
            raise failure
        return await holds.expire_due(*arguments)

    monkeypatch.setattr(workers, "LONGEST_NAP_SECONDS", 0.05)
    monkeypatch.setattr(workers, "expire_due", expire_due)
    await desk.hold(0, 2, expires_at=utc_now() + timedelta(seconds=0.3))
    async with running(*workers.background_tasks(platform, database)):
        await eventually(lambda: _is(market, desk, []))
    assert list(failures) == []
