"""A watched booking while Redis restarts and the subgraph is replaced: every version once, in order, to the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

import asyncpg
import httpx
import pytest
import websockets

from reservei.demo_accounts import DEMO_ACCOUNTS
from shared.testing.plugin import eventually
from tests.faults.callers import Caller, offers
from tests.faults.platform import FaultyPlatform, Victim, running_platform

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

TRAVELER = DEMO_ACCOUNTS[0]
WITHIN = 120.0
WATCH = (
    "subscription($id: ID!, $after: Int) { bookingUpdated(id: $id, after: $after) { version state hotel { name } } }"
)
BOOKING = "query($id: ID!) { booking(id: $id) { version state timeline { version type } } }"
STATES = {
    "booking.requested": "PENDING",
    "booking.held": "HELD",
    "booking.payment_action_required": "HELD",
    "booking.authorized": "AUTHORIZED",
    "booking.confirmed": "CONFIRMED",
    "booking.cancelled": "CANCELLED",
    "booking.refunded": "CANCELLED",
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyPlatform]:
    """Every part in a process of its own, on a Redis that may be killed."""
    with running_platform(tmp_path_factory.mktemp("live")) as running:
        yield running


@dataclass
class Watcher:
    """Watches a booking as an app does: when the connection is lost, it asks for what came after the last version."""

    url: str
    token: str
    booking_id: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    kind: ClassVar[str]

    @property
    def last(self) -> int | None:
        return self.seen[-1]["version"] if self.seen else None

    async def run(self) -> None:
        """Watch without an end."""
        while True:
            self.connections += 1
            try:
                async with aclosing(self.payloads()) as payloads:
                    async for payload in payloads:
                        update = (payload.get("data") or {}).get("bookingUpdated")
                        if payload.get("errors") or update is None:
                            break
                        self.seen.append(update)
            except (OSError, httpx.TransportError, websockets.WebSocketException):
                pass  # lost, like all the rest: what counts is what comes after
            await asyncio.sleep(0.1)  # so as not to knock on a closed door all the time

    def payloads(self) -> AsyncGenerator[dict[str, Any], None]:
        """The payloads of one connection, until it ends."""
        raise NotImplementedError

    async def has(self, version: int) -> bool:
        return self.last is not None and self.last >= version


class SocketWatcher(Watcher):
    """Over graphql-transport-ws."""

    kind = "WebSocket"

    async def payloads(self) -> AsyncGenerator[dict[str, Any], None]:
        protocol = websockets.Subprotocol("graphql-transport-ws")
        url = self.url.replace("http", "ws") + "/graphql"
        async with websockets.connect(url, subprotocols=[protocol], proxy=None) as socket:
            hello = {"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}
            await socket.send(json.dumps(hello))
            payload = {"query": WATCH, "variables": {"id": self.booking_id, "after": self.last}}
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "ping":
                    await socket.send('{"type":"pong"}')
                elif message["type"] == "next":
                    yield message["payload"]
                else:
                    return


class StreamWatcher(Watcher):
    """Over server-sent events."""

    kind = "SSE"

    async def payloads(self) -> AsyncGenerator[dict[str, Any], None]:
        body = {"query": WATCH, "variables": {"id": self.booking_id, "after": self.last}}
        headers = {"accept": "text/event-stream", "authorization": f"Bearer {self.token}"}
        async with (
            httpx.AsyncClient(timeout=None) as client,  # an update may take any time
            client.stream("POST", f"{self.url}/graphql", json=body, headers=headers) as stream,
        ):
            async for line in stream.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))


async def _version(platform: FaultyPlatform, booking_id: str, *types: str) -> int:
    """The version of a booking as soon as it has had events of all ``types``."""
    connection = await asyncpg.connect(platform.database_url("bookings"))
    query = "SELECT type, sequence FROM booking_events WHERE booking_id = $1 ORDER BY sequence"
    found: list[asyncpg.Record] = []

    async def happened() -> bool:
        found[:] = await connection.fetch(query, booking_id)
        return {row["type"] for row in found}.issuperset(types)

    try:
        await eventually(happened, within=WITHIN)
    finally:
        await connection.close()
    return int(found[-1]["sequence"])


async def _pay(platform: FaultyPlatform, booking_id: str) -> None:
    """As the traveler does on the page of the payment company."""
    connection = await asyncpg.connect(platform.database_url("bookings"))
    query = "SELECT reference FROM sandbox_charges JOIN payments p ON p.id = payment_id WHERE p.booking_id = $1"
    try:
        reference = await connection.fetchval(query, booking_id)
    finally:
        await connection.close()
    port = platform.supergraph.environment["RESERVEI_BOOKINGS_PORT"]
    async with httpx.AsyncClient(timeout=30) as client:
        page = f"http://127.0.0.1:{port}/sandbox/payments/{reference}"
        answer = await client.post(page, data={"action": "pay"}, headers={"accept": "text/plain"})
    assert answer.status_code < 400, answer.text


async def test_watchers_get_every_version_once_though_redis_and_the_subgraph_are_replaced(
    platform: FaultyPlatform,
) -> None:
    caller = await asyncio.to_thread(Caller.signed_in, platform.supergraph, TRAVELER.email, TRAVELER.password)
    in_a_month = datetime.now(UTC).date() + timedelta(days=30)
    offer = (await asyncio.to_thread(offers, platform.supergraph, in_a_month, 2))[0]
    request = {**offer.booking(""), "payment": {"method": "PIX"}}
    booking_id = (await asyncio.to_thread(caller.book, request, str(uuid4())))["id"]
    watchers = [kind(platform.supergraph.url, caller.token, booking_id) for kind in (SocketWatcher, StreamWatcher)]

    async def everybody_has(*types: str) -> int:
        version = await _version(platform, booking_id, *types)
        for watcher in watchers:
            await eventually(lambda watcher=watcher: watcher.has(version), within=WITHIN)  # type: ignore[misc]
        return version

    tasks = [asyncio.create_task(watcher.run()) for watcher in watchers]
    try:
        snapshots = [await everybody_has("booking.payment_action_required")]
        # Redis is away, which here is the broker too; what happens meanwhile waits in the outbox.
        await asyncio.to_thread(platform.kill, Victim.VALKEY)
        await _pay(platform, booking_id)
        await asyncio.to_thread(platform.restart, Victim.VALKEY)
        await everybody_has("booking.confirmed")
        # The subgraph dies with the watchers connected, and the refund happens while it is away.
        cancelled = await asyncio.to_thread(caller.cancel, booking_id)
        assert cancelled["state"] == "CANCELLED"
        before = [watcher.connections for watcher in watchers]
        await asyncio.to_thread(platform.kill, Victim.BOOKINGS)
        refunded = await _version(platform, booking_id, "booking.refunded")
        await asyncio.to_thread(platform.restart, Victim.BOOKINGS)
        assert await everybody_has("booking.refunded") == refunded > snapshots[0]
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended

    shown = await asyncio.to_thread(platform.supergraph.data, BOOKING, {"id": booking_id}, token=caller.token)
    history = {entry["version"]: STATES[entry["type"]] for entry in shown["booking"]["timeline"]}
    for watcher, connections in zip(watchers, before, strict=True):
        first = watcher.seen[0]["version"]
        expected = [(version, history[version]) for version in range(first, refunded + 1)]
        assert [(update["version"], update["state"]) for update in watcher.seen] == expected, watcher.kind
        assert all(update["hotel"]["name"] for update in watcher.seen), watcher.kind
        assert watcher.connections > connections, f"{watcher.kind} did not notice that the subgraph was replaced"


async def test_who_comes_back_with_an_old_version_gets_exactly_the_later_ones(platform: FaultyPlatform) -> None:
    caller = await asyncio.to_thread(Caller.signed_in, platform.supergraph, TRAVELER.email, TRAVELER.password)
    in_a_month = datetime.now(UTC).date() + timedelta(days=35)
    offer = (await asyncio.to_thread(offers, platform.supergraph, in_a_month, 1))[0]
    booking_id = (await asyncio.to_thread(caller.book, offer.booking("tok_approve"), str(uuid4())))["id"]
    last = await _version(platform, booking_id, "booking.confirmed")
    for kind in (SocketWatcher, StreamWatcher):
        for after in range(last):
            watcher = kind(platform.supergraph.url, caller.token, booking_id)
            watcher.seen = [{"version": after}]
            task = asyncio.create_task(watcher.run())
            try:
                await eventually(lambda watcher=watcher: watcher.has(last), within=WITHIN)  # type: ignore[misc]
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            versions = [update["version"] for update in watcher.seen]
            assert versions == list(range(after, last + 1)), (kind.kind, after)
