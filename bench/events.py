"""Events handled per second by one consumer process, from the stream to the committed effect.

    cd bench && ../.venv/bin/python events.py             # 2,000 bookings of 200 travelers, for each consumer

`booking.confirmed` events wait in the broker; then one worker process of the domain starts and works them off:
gamification (points entries, activity, missions, leaderboards) and notifications (contact, notification, deliveries by
each channel). Counted are the rows of the consumer's inbox, which commit with the effects, from the first to the last.
The floor is as many transactions on the same server in the same run, from one process and as many connections, that
insert the inbox row and one row of effect and do nothing else. The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import uvloop
from sqlalchemy import text

from reservei.market.databases import open_databases
from shared.config import platform_settings
from shared.contracts.bookings import BookingEvent
from shared.contracts.users import UserRegistered
from shared.db import Database, new_id
from shared.messaging import record_event
from subgraphs.bookings.models import OutboxMessage as BookingsOutbox
from subgraphs.users.models import OutboxMessage as UsersOutbox

CONSUMERS = ("gamification", "notifications")
CONCURRENCY = 16
"""Of a consumer, by default."""


@contextmanager
def worker(folder: Path, *domains: str) -> Iterator[None]:
    """``reservei worker <domains>``, ended by its pid."""
    with (folder / f"worker-{'-'.join(domains)}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "reservei", "worker", *domains], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


async def count(database: Database, table: str) -> int:
    """How many rows a table has."""
    async with database.read() as session:
        return int((await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def wait_until(database: Database, table: str, rows: int) -> None:
    """Wait until a table has so many rows."""
    deadline = time.monotonic() + 600
    while await count(database, table) != rows:
        if time.monotonic() > deadline:
            sys.exit(f"{table} has {await count(database, table)} rows and not {rows}")
        await asyncio.sleep(0.1)


async def write(databases: dict[str, Database], travelers: int, events: int) -> None:
    """Travelers who registered, and a confirmed booking each in turn."""
    now = datetime.now(UTC)
    users = [new_id() for _ in range(travelers)]
    async with databases["users"].transaction() as session:
        for user in users:
            record_event(
                session, UsersOutbox, type=UserRegistered.type, aggregate_id=user, aggregate_sequence=1,
                payload=UserRegistered(
                    user_id=user, email=f"{user}@example.com", display_name="Rita Lima", locale="pt-BR",
                    roles=["TRAVELER"], member_since=now,
                ),
            )  # fmt: skip
    first = date.today() + timedelta(days=20)  # noqa: DTZ011  # any date does
    async with databases["bookings"].transaction() as session:
        for number in range(events):
            booking = new_id()
            record_event(
                session, BookingsOutbox, type="booking.confirmed", aggregate_id=booking, aggregate_sequence=4,
                payload=BookingEvent(
                    booking_id=booking, code=uuid4().hex[:8].upper(), state="CONFIRMED",
                    user_id=users[number % travelers],
                    hotel_id=new_id(), room_type_id=new_id(), check_in=first, check_out=first + timedelta(days=2),
                    guests=2, rooms=1, total_minor=50_000, currency="BRL", actor_id=None, failure_reason=None,
                    fee_minor=0, refund_due_minor=0, refunded_minor=0, hotel_name="Pousada do Sol", region="BA",
                    city="Salvador", country_code="BR", payment_method="card",
                ),
            )  # fmt: skip


async def floor(database: Database, events: int) -> float:
    """Transactions per second that insert an inbox row and one other row."""
    async with database.transaction() as session:
        await session.execute(text("CREATE TABLE bench_inbox (consumer text, id uuid, PRIMARY KEY (consumer, id))"))
        await session.execute(text("CREATE TABLE bench_effect (id uuid PRIMARY KEY, what text)"))
    numbers = iter(range(events))

    async def work() -> None:
        for _ in numbers:
            async with database.transaction() as session:
                values = {"id": new_id()}
                await session.execute(text("INSERT INTO bench_inbox VALUES ('bench', :id)"), values)
                await session.execute(text("INSERT INTO bench_effect VALUES (:id, 'effect')"), values)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return events / (time.perf_counter() - began)


async def main(folder: Path, travelers: int, events: int) -> None:
    """Measure, print, and one JSON object at the end."""
    settings = platform_settings()
    results: dict[str, float] = {}
    with worker(folder, "users", "bookings"):  # owns the embedded servers, and relays
        async with open_databases(settings, "users", "bookings", *CONSUMERS) as databases:
            # Each consumer once, so that the broker knows it and keeps for it what comes while it is away.
            with worker(folder, *CONSUMERS):
                await write(dict(databases), 1, 1)
                for domain in CONSUMERS:
                    await wait_until(databases[domain], "inbox", 2)
            began = time.perf_counter()
            await write(dict(databases), travelers, events)
            await wait_until(databases["bookings"], "outbox", 0)
            print(f"relayed {events:,} events in {time.perf_counter() - began:.1f} s, writing included")
            own = Database(str(databases["bookings"].engine.url.render_as_string(hide_password=False)),
                           application_name="bench", pool_size=CONCURRENCY)  # fmt: skip
            floor_rate = await floor(own, events)
            await own.close()
            for domain in CONSUMERS:
                with worker(folder, domain):
                    await wait_until(databases[domain], "inbox", 2 + travelers + events)
                async with databases[domain].read() as session:
                    span = text(
                        "SELECT count(*) / extract(epoch FROM max(processed_at) - min(processed_at)) FROM"
                        " (SELECT processed_at FROM inbox ORDER BY processed_at OFFSET 2) AS worked_off"
                    )
                    results[domain] = float((await session.execute(span)).scalar_one())
    print(f"floor: {floor_rate:.0f} transactions a second")
    for domain, rate in results.items():
        print(f"{domain}: {rate:.0f} events a second, {rate / floor_rate:.3f} of the floor")
    print(json.dumps({f"{domain}_of_floor": round(rate / floor_rate, 4) for domain, rate in results.items()}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--travelers", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="reservei-bench-") as name:
        os.environ["RESERVEI_DATA_DIR"] = str(Path(name) / "data")
        os.environ["RESERVEI_LOG_LEVEL"] = "WARNING"
        uvloop.run(main(Path(name), arguments.travelers, arguments.events))
