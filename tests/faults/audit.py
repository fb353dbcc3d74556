"""What must be true of all the books, read from the databases and the broker themselves."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg
import redis
from sqlalchemy import text

from reservei.domains import DOMAINS, has_database
from shared.config import PlatformSettings
from shared.db import Database, domain_database_url
from shared.messaging.names import DEAD_PREFIX, STREAM_PREFIX, dead_queue_name, queue_name
from subgraphs.bookings.payments.ledger_check import check_ledger
from tests.faults.platform import FaultyPlatform

SETTLE_WITHIN = 150.0
"""Seconds after the last restart within which everything under way must be over."""

_UNFINISHED = {
    "sagas": "SELECT id || ' ' || state || ' ' || step || ' ' || coalesce(last_error, '') FROM sagas"
    " WHERE state NOT IN ('COMPLETED', 'COMPENSATED')",
    "payments": "SELECT id || ' ' || state FROM payments WHERE state IN ('PENDING', 'ACTION_REQUIRED', 'AUTHORIZED')",
    "charges": "SELECT payment_id || ' ' || state FROM sandbox_charges WHERE state IN ('PROCESSING', 'AUTHORIZED')",
    "webhooks": "SELECT event_id || ' attempts: ' || attempts FROM sandbox_webhooks WHERE delivered_at IS NULL",
}
_HELD = "SELECT hold_id || ' of ' || booking_id FROM inventory_holds WHERE state = 'HELD'"
_OUTBOX = "SELECT topic || ' ' || attempts || ' ' || coalesce(last_error, '') FROM outbox"

_COUNTED = """
    WITH kept AS (
        SELECT room_type_id, night::date AS night,
               coalesce(sum(rooms) FILTER (WHERE state = 'HELD'), 0) AS held,
               coalesce(sum(rooms) FILTER (WHERE state = 'CONFIRMED'), 0) AS sold
        FROM inventory_holds, generate_series(check_in, check_out - 1, interval '1 day') AS night
        WHERE state IN ('HELD', 'CONFIRMED') GROUP BY 1, 2
    )
    SELECT room_type_id, n.night, n.held - coalesce(kept.held, 0) AS held, n.sold - coalesce(kept.sold, 0) AS sold
    FROM inventory_nights n LEFT JOIN kept USING (room_type_id, night)
    WHERE n.held <> coalesce(kept.held, 0) OR n.sold <> coalesce(kept.sold, 0)
"""
"""Nights whose counters say more or less than the holds do: what the demo market sold without bookings, or a bug."""

_BOOKING = """
    SELECT b.state,
           (SELECT count(*) FROM booking_events e WHERE e.booking_id = b.id AND e.type = 'booking.confirmed') AS confirmed,
           (SELECT array_agg(p.state::text) FROM payments p WHERE p.booking_id = b.id) AS payments,
           (SELECT coalesce(sum(p.captured_minor - p.refunded_minor), 0) FROM payments p WHERE p.booking_id = b.id) AS kept,
           (SELECT coalesce(sum(c.amount_minor - c.refunded_minor), 0) FROM sandbox_charges c JOIN payments p
            ON p.id = c.payment_id WHERE p.booking_id = b.id AND c.state = 'CAPTURED') AS charged,
           (SELECT count(*) FROM ledger_entries l WHERE l.booking_id = b.id AND l.kind = 'CAPTURE') AS captures,
           b.total_minor AS total, b.fee_minor AS fee
    FROM booking_list b WHERE b.id = $1
"""  # noqa: E501


@dataclass(frozen=True)
class Audit:
    """The books of one platform. ``expected`` of the methods is the state in which each booking must end."""

    platform: FaultyPlatform
    sold_without_bookings: Mapping[tuple[UUID, Any], tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def begin(cls, platform: FaultyPlatform) -> Audit:
        """Take down the counters with which the test starts."""
        return cls(platform, asyncio.run(cls(platform)._unexplained_nights()))

    def wait_until_right(self, expected: Mapping[str, str]) -> None:
        """Wait until everything is over and right; fails with all that is wrong when that takes too long."""
        deadline = time.monotonic() + SETTLE_WITHIN
        while wrong := asyncio.run(self._wrong(expected)):
            assert time.monotonic() < deadline, "\n".join([*wrong, f"worker: …{self._worker_log()}"])
            time.sleep(0.2)

    def wait_until_over(self) -> None:
        """Wait until nothing is under way any more, whatever came of it."""
        self.wait_until_right({})

    def states(self, room_type_id: str, night: date) -> dict[str, str]:
        """Where each booking of a room type for a night stands."""
        query = "SELECT id::text, state FROM booking_list WHERE room_type_id = $1 AND check_in <= $2 AND $2 < check_out"
        rows = asyncio.run(self._fetch("bookings", query, UUID(room_type_id), night))
        return {row["id"]: row["state"] for row in rows}

    def buyers(self, room_type_id: str, night: date) -> set[str]:
        """The bookings that have bought a room of this type for a night."""
        query = (
            "SELECT booking_id::text FROM inventory_holds WHERE state = 'CONFIRMED' AND room_type_id = $1"
            " AND check_in <= $2 AND $2 < check_out"
        )
        return {row[0] for row in asyncio.run(self._fetch("hotels", query, UUID(room_type_id), night))}

    async def _fetch(self, domain: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with _connected(self.platform, domain) as connection:
            return list(await connection.fetch(query, *arguments))

    def _worker_log(self) -> str:
        return self.platform.processes.log("worker")[-4000:]

    async def _wrong(self, expected: Mapping[str, str]) -> list[str]:
        unfinished = await self._unfinished()
        if unfinished:
            return unfinished
        return [*await self._wrong_bookings(expected), *await self._wrong_nights(), *await self._wrong_ledger()]

    async def _unfinished(self) -> list[str]:
        """Whatever has not come to its end."""
        found = [*self._undelivered(), *await self._queued(), *self.platform.dead_processes()]
        for domain in filter(has_database, DOMAINS):
            queries = {"outbox": _OUTBOX}
            if domain == "bookings":
                queries |= _UNFINISHED
            elif domain == "hotels":
                queries["hold"] = _HELD
            async with _connected(self.platform, domain) as connection:
                for name, query in queries.items():
                    found += [f"{domain}: {name}: {row[0]}" for row in await connection.fetch(query)]
        return found

    def _undelivered(self) -> list[str]:
        """Dead letters, and messages that a consumer has and has not acknowledged."""
        found = []
        with redis.Redis.from_url(self.platform.valkey.url, decode_responses=True) as broker:
            for key in broker.scan_iter(match=f"{DEAD_PREFIX}*"):
                found += [f"dead letter of {key}: {entry}" for entry in broker.xrange(key)]
            for key in broker.scan_iter(match=f"{STREAM_PREFIX}*", _type="stream"):
                found += [
                    f"{key}: {group['pending']} pending of {group['name']}"
                    for group in broker.xinfo_groups(key)
                    if group["pending"]
                ]
        return found

    async def _queued(self) -> list[str]:
        """The same of RabbitMQ, where it is the broker; what a consumer has in hand shows in the databases."""
        if self.platform.rabbitmq is None:
            return []
        found = []
        async with await aio_pika.connect(self.platform.rabbitmq.url) as connection:
            for domain in DOMAINS:
                if find_spec(f"subgraphs.{domain}.consumers") is None:
                    continue
                for name in (queue_name(domain), dead_queue_name(domain)):
                    channel = await connection.channel()
                    queue = await channel.declare_queue(name, passive=True)
                    if count := queue.declaration_result.message_count:
                        found.append(f"{name}: {count} messages")
        return found

    async def _wrong_bookings(self, expected: Mapping[str, str]) -> list[str]:
        found = []
        async with (
            _connected(self.platform, "bookings") as bookings,
            _connected(self.platform, "hotels") as hotels,
        ):
            for booking_id, state in expected.items():
                row = await bookings.fetchrow(_BOOKING, UUID(booking_id))
                holds = Counter(
                    each["state"]
                    for each in await hotels.fetch(
                        "SELECT state FROM inventory_holds WHERE booking_id = $1", UUID(booking_id)
                    )
                )
                if row is None:
                    found.append(f"booking {booking_id} is lost")
                elif not _is_right(row, holds, state):
                    found.append(f"booking {booking_id} should be {state}: {dict(row)}, holds {dict(holds)}")
        return found

    async def _wrong_nights(self) -> list[str]:
        now = await self._unexplained_nights()
        return [
            f"room type {key[0]} on {key[1]}: (held, sold) differ from the holds by {now.get(key, (0, 0))}, "
            f"at first by {self.sold_without_bookings.get(key, (0, 0))}"
            for key in now.keys() | self.sold_without_bookings.keys()
            if now.get(key) != self.sold_without_bookings.get(key)
        ]

    async def _unexplained_nights(self) -> dict[tuple[UUID, Any], tuple[int, int]]:
        async with _connected(self.platform, "hotels") as connection:
            return {
                (row["room_type_id"], row["night"]): (int(row["held"]), int(row["sold"]))
                for row in await connection.fetch(_COUNTED)
            }

    async def _wrong_ledger(self) -> list[str]:
        environment = self.platform.supergraph.environment
        settings = PlatformSettings.model_validate(
            {
                "database_url": self.platform.postgres.url,
                "database_prefix": environment["RESERVEI_DATABASE_PREFIX"],
            }
        )
        database = Database(domain_database_url(settings, "bookings"), application_name="fault-audit")
        try:
            async with database.transaction() as session:
                await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
                return [f"ledger: {imbalance}" for imbalance in await check_ledger(session)]
        finally:
            await database.close()


def _is_right(row: Mapping[str, Any], holds: Mapping[str, int], state: str) -> bool:
    if row["state"] != state:
        return False
    if state == "CANCELLED":  # after it was sold
        is_returned = row["kept"] == row["charged"] == row["fee"]
        is_once = row["confirmed"] == row["captures"] == 1
        return is_once and is_returned and not holds.keys() & {"HELD", "CONFIRMED"}
    if state == "CONFIRMED":
        return (
            row["confirmed"] == 1
            and row["payments"] == ["CAPTURED"]
            and row["captures"] == 1
            and row["kept"] == row["charged"] == row["total"]
            and holds == {"CONFIRMED": 1}
        )
    return row["confirmed"] == 0 and row["kept"] == row["charged"] == 0 and not holds.keys() & {"HELD", "CONFIRMED"}


@asynccontextmanager
async def _connected(platform: FaultyPlatform, domain: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a domain's database."""
    connection = await asyncpg.connect(platform.database_url(domain))
    try:
        yield connection
    finally:
        await connection.close()
