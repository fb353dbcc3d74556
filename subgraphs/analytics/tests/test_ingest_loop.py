"""The ingester between a real broker and a real store: nothing lost, nothing counted twice, poison set aside."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from shared.local.clickhouse import EmbeddedClickHouse
from shared.messaging import EventEnvelope, RetryPolicy, open_broker
from shared.messaging.dead_letters import DeadLetters, everything, open_dead_letters
from shared.pubsub import LiveUpdates
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from subgraphs.analytics.ingest.ingester import CONSUMER, BatchPolicy, Ingester
from subgraphs.analytics.ingest.live import live_channel
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.migrate import apply_migrations
from subgraphs.analytics.tests.test_ingest_rows import envelope, looks

QUICK = RetryPolicy(first_delay=0.02, max_delay=0.1)


@asynccontextmanager
async def ingesting(broker_url: str, redis_url: str, store: AnalyticsStore) -> AsyncIterator[None]:
    stop = asyncio.Event()
    async with LiveUpdates(redis_url) as live:
        ingester = Ingester(broker_url, store, live, batch=BatchPolicy(50, 0.02), retry=QUICK)
        running = asyncio.create_task(ingester.run(stop))
        try:
            await _takes_events(broker_url, store)
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, PATIENCE_SECONDS)


async def _takes_events(broker_url: str, store: AnalyticsStore) -> None:
    """Wait until the ingester has its queue: RabbitMQ keeps nothing for a consumer that it has never seen."""
    sent: list[EventEnvelope] = []

    async def one_came() -> bool:
        sent.extend(notices(1))
        await publish(broker_url, sent[-1:])
        return await stored(store, sent) > 0

    await eventually(one_came)


@pytest_asyncio.fixture(loop_scope="session")
async def no_dead_letters(broker_url: str) -> None:
    async with open_dead_letters(broker_url) as letters:
        await letters.drop(CONSUMER, everything)


async def publish(broker_url: str, envelopes: Sequence[EventEnvelope], *, raw: bytes | None = None) -> None:
    broker = open_broker(broker_url)
    try:
        for each in envelopes:
            body = raw or msgspec.json.encode(each)
            await broker.publish(domain="bookings", topic=each.type, message_id=str(each.id), body=body)
    finally:
        await broker.close()


async def dead(letters: DeadLetters) -> set[str]:
    return {letter.message_id for letter in await letters.read(CONSUMER)}


def notices(count: int) -> list[EventEnvelope]:
    return [envelope("notification.created", {"kind": str(number)}) for number in range(count)]


async def stored(store: AnalyticsStore, sent: Sequence[EventEnvelope]) -> int:
    ids = [each.id for each in sent]
    rows = await store.query("SELECT count() FROM events FINAL WHERE event_id IN {ids:Array(UUID)}", {"ids": ids})
    return int(rows[0][0])


@pytest.mark.usefixtures("no_dead_letters")
async def test_each_event_counts_once_however_often_it_comes(
    broker_url: str, redis_url: str, analytics_store: AnalyticsStore
) -> None:
    sent = notices(120)
    # On RabbitMQ a command that nobody takes comes back to its sender.
    is_kept = broker_url.startswith("redis")
    commands = [envelope("command.hotels.hold_inventory", {"hold_id": uuid4()})] if is_kept else []
    async with ingesting(broker_url, redis_url, analytics_store):
        for _ in range(2):
            await publish(broker_url, [*sent, *commands])

        async def arrived() -> bool:
            return await stored(analytics_store, sent) == len(sent)

        await eventually(arrived)
    assert await stored(analytics_store, commands) == 0


@pytest.mark.usefixtures("no_dead_letters")
async def test_poison_is_set_aside_and_the_rest_of_its_batch_kept(
    broker_url: str, redis_url: str, analytics_store: AnalyticsStore
) -> None:
    async with ingesting(broker_url, redis_url, analytics_store):
        pass  # from now on there is a queue
    before, after = notices(20), notices(20)
    refused, garbled = envelope("notification.created", {"kind": "poison"}), envelope("notification.created", {})
    await analytics_store.command("ALTER TABLE events ADD CONSTRAINT edible CHECK payload NOT LIKE '%poison%'")
    try:
        await publish(broker_url, [*before, refused])
        await publish(broker_url, [garbled], raw=b"{not json")
        await publish(broker_url, after)
        async with ingesting(broker_url, redis_url, analytics_store), open_dead_letters(broker_url) as letters:

            async def settled() -> bool:
                return await stored(analytics_store, [*before, *after]) == 40 and len(await dead(letters)) == 2

            await eventually(settled)
            assert await dead(letters) == {str(refused.id), str(garbled.id)}
    finally:
        await analytics_store.command("ALTER TABLE events DROP CONSTRAINT edible")


@pytest.mark.usefixtures("no_dead_letters")
async def test_a_store_that_is_killed_costs_nothing(broker_url: str, redis_url: str, tmp_path: Path) -> None:
    with EmbeddedClickHouse(tmp_path, durable=False) as server:
        await apply_migrations(server.url)
        async with AnalyticsStore(server.url) as store, ingesting(broker_url, redis_url, store):
            first, second = notices(60), notices(60)
            await publish(broker_url, first)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await publish(broker_url, second)
            await asyncio.to_thread(server.start)

            async def arrived() -> bool:
                return await stored(store, [*first, *second]) == 120

            await eventually(arrived)
    async with open_dead_letters(broker_url) as letters:
        assert await letters.read(CONSUMER) == []


@pytest.mark.usefixtures("no_dead_letters")
async def test_whoever_watches_a_hotel_is_told_to_look_again(
    broker_url: str, redis_url: str, analytics_store: AnalyticsStore
) -> None:
    hotel_id = uuid4()
    async with (
        LiveUpdates(redis_url) as live,
        live.changes(live_channel(hotel_id)) as changes,
        ingesting(broker_url, redis_url, analytics_store),
    ):
        await publish(broker_url, [envelope("review.added", {"hotel_id": hotel_id}), looks(1, uuid4())])
        await asyncio.wait_for(anext(changes), PATIENCE_SECONDS)
