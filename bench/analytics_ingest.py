"""Events per second into the embedded store through the ingester, next to bare inserts of the same rows.

    .venv/bin/python bench/analytics_ingest.py [--events 100000]

Both are measured in one run. The ingester's figure counts everything from the broker's stream to the last
acknowledgement: reading, decoding, picking the fields that are kept, the insert with its materialised views, and
acknowledging each message. The floor is clickhouse-connect inserting rows that were made before, into a table without
views, in blocks of the same size. The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import msgspec
import psutil
from redis.asyncio import Redis

from shared.contracts.bookings import BookingEvent
from shared.db import new_id, utc_now
from shared.local.clickhouse import EmbeddedClickHouse
from shared.local.valkey import EmbeddedValkey
from shared.messaging import EventEnvelope, open_broker
from shared.pubsub import LiveUpdates
from subgraphs.analytics.ingest.ingester import BatchPolicy, Ingester
from subgraphs.analytics.ingest.rows import EventRow, rows_of
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.migrate import apply_migrations

BLOCK = 5_000
HOTELS = [uuid4() for _ in range(200)]


def booking_event(number: int) -> EventEnvelope:
    """A confirmed booking."""
    now, booking_id = utc_now(), uuid4()
    payload = BookingEvent(
        booking_id=booking_id,
        code=f"B{number}",
        state="CONFIRMED",
        user_id=uuid4(),
        hotel_id=HOTELS[number % len(HOTELS)],
        room_type_id=uuid4(),
        check_in=now.date(),
        check_out=now.date().replace(year=now.year + 1, month=1, day=3),
        guests=2,
        rooms=1,
        total_minor=100_00 + number,
        currency="BRL",
        actor_id=None,
        failure_reason=None,
        fee_minor=0,
        refund_due_minor=0,
        refunded_minor=0,
        city="Recife",
        region="PE",
        country_code="BR",
        payment_method="pix",
    )
    return EventEnvelope(
        id=new_id(),
        type="booking.confirmed",
        version=1,
        occurred_at=now,
        aggregate_id=booking_id,
        aggregate_sequence=3,
        correlation_id=booking_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )


async def floor(store: AnalyticsStore, rows: list[EventRow]) -> float:
    """Seconds for bare inserts."""
    await store.command("CREATE TABLE bare AS events")
    started = time.perf_counter()
    for start in range(0, len(rows), BLOCK):
        await store.insert("bare", EventRow._fields, rows[start : start + BLOCK])
    seconds = time.perf_counter() - started
    await store.command("DROP TABLE bare")
    return seconds


async def through_ingester(store: AnalyticsStore, redis_url: str, count: int) -> float:
    """Seconds until ``count`` events, which the broker has, are in the store and acknowledged."""
    stop = asyncio.Event()
    async with LiveUpdates(redis_url) as live, Redis.from_url(redis_url) as redis:
        started = time.perf_counter()
        running = asyncio.create_task(Ingester(redis_url, store, live, batch=BatchPolicy(BLOCK, 1.0)).run(stop))
        while True:
            await asyncio.sleep(0.05)
            ((stored,),) = await store.query("SELECT count() FROM events")
            if stored >= count:
                groups = await redis.xinfo_groups("reservei:events:bookings")
                if all(group["pending"] == 0 for group in groups):
                    break
        seconds = time.perf_counter() - started
        stop.set()
        await running
        return seconds


async def main(count: int) -> None:
    """Measure both and print them."""
    with (
        tempfile.TemporaryDirectory(prefix="reservei-bench-") as folder,
        EmbeddedValkey(Path(folder), durable=False) as valkey,
        EmbeddedClickHouse(Path(folder)) as engine,
    ):
        await apply_migrations(engine.url)
        assert engine.pid is not None
        process = psutil.Process(engine.pid)
        idle = process.memory_info().rss
        envelopes = [booking_event(number) for number in range(count)]
        async with AnalyticsStore(engine.url) as store:
            bare = await floor(store, [row for each in envelopes for row in rows_of(each)])
            broker = open_broker(valkey.url)
            for start in range(0, count, BLOCK):
                await asyncio.gather(
                    *(
                        broker.publish(
                            domain="bookings",
                            topic=each.type,
                            message_id=str(each.id),
                            body=msgspec.json.encode(each),
                        )
                        for each in envelopes[start : start + BLOCK]
                    )
                )
            await broker.close()
            ingested = await through_ingester(store, valkey.url, count)
        after = process.memory_info().rss
    figures = {
        "events": count,
        "ingester_per_second": round(count / ingested),
        "bare_inserts_per_second": round(count / bare),
        "ratio": round(bare / ingested, 3),
        "engine_rss_idle_mb": round(idle / 1e6),
        "engine_rss_after_mb": round(after / 1e6),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--events", type=int, default=50_000)
    asyncio.run(main(arguments.parse_args().events))
