"""Takes events from the broker into the store, in batches.

An event is acknowledged after it is in the store, so it is in the store at least once; what it describes is counted
once, see ``docs/decisions/0016-analytics-store.md``. The store's absence is waited for with the broker holding what
comes: no more than ``prefetch`` events are ever in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import msgspec
import structlog
from redis.exceptions import RedisError

from shared.contracts.analytics import ClientEvents
from shared.messaging import EventEnvelope, RetryPolicy
from shared.messaging.pauses import end_if_cancelled, rest
from shared.messaging.subscription import Delivery, Subscription, SubscriptionSettings, subscribe
from shared.pubsub import LiveUpdates
from subgraphs.analytics.ingest.live import live_channel
from subgraphs.analytics.ingest.payloads import ALLOWED
from subgraphs.analytics.ingest.rows import EventRow, UnusableEvent, rows_of, write_rows
from subgraphs.analytics.store import AnalyticsStore, StoreRefused, StoreUnavailable

log = structlog.get_logger(__name__)

CONSUMER: Final = "analytics"
"""Names what the broker keeps for us; for ever."""
TOPICS: Final = (*(pattern for pattern in ALLOWED if pattern.endswith(".*")), ClientEvents.topic)
_ACKS_AT_A_TIME: Final = 64


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """When a batch is written."""

    events: int = 5_000
    """So many messages at most."""
    seconds: float = 1.0
    """So long after its first message at the latest."""


@dataclass(frozen=True, slots=True)
class _Taken:
    delivery: Delivery
    rows: list[EventRow]


class Ingester:
    """The consumer ``analytics``. Several may run; they share the events."""

    def __init__(
        self,
        broker_url: str,
        store: AnalyticsStore,
        live: LiveUpdates,
        *,
        batch: BatchPolicy = BatchPolicy(),  # frozen
        retry: RetryPolicy | None = None,
        claim_after_seconds: float = 10.0,
    ) -> None:
        """Set up without connecting; ``retry`` gives the pauses while the store or the broker is away."""
        self._broker_url = broker_url
        self._store = store
        self._live = live
        self._batch = batch
        self._retry = retry or RetryPolicy(max_delay=5)
        self._settings = SubscriptionSettings(
            consumer=CONSUMER,
            instance=f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}",
            patterns=TOPICS,
            sources=None,
            prefetch=2 * batch.events,
            claim_after_seconds=claim_after_seconds,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Take events in until ``stop`` is set; the batch in hand is finished, unless the store is away."""
        failures = 0
        while not stop.is_set():
            end_if_cancelled()
            try:
                async with subscribe(self._broker_url, self._settings) as subscription:
                    failures = 0
                    await self._consume(subscription, stop)
            except Exception as error:  # noqa: BLE001  # the loop must outlive whatever the broker throws at it
                failures += 1
                log.warning("analytics lost its broker", error=repr(error))
                await rest(stop, self._retry.delay(failures))

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        waiting: asyncio.Queue[Delivery] = asyncio.Queue()  # bounded by the subscription's prefetch
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read(subscription, waiting))
            while not stop.is_set():
                batch = await self._collect(waiting, stop)
                if batch:
                    await self._settle(batch, stop)
            reading.cancel()

    async def _collect(self, waiting: asyncio.Queue[Delivery], stop: asyncio.Event) -> list[Delivery]:
        """The next messages; empty when ``stop`` came first."""
        first = await _next(waiting, stop, None)
        if first is None:
            return []
        batch = [first]
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._batch.seconds
        while len(batch) < self._batch.events:
            if not waiting.empty():
                batch.append(waiting.get_nowait())
                continue
            left = deadline - loop.time()
            following = await _next(waiting, stop, left) if left > 0 else None
            if following is None:
                break
            batch.append(following)
        return batch

    async def _settle(self, batch: Sequence[Delivery], stop: asyncio.Event) -> None:
        taken: list[_Taken] = []
        for delivery in batch:
            try:
                envelope = msgspec.json.decode(delivery.body, type=EventEnvelope)
                taken.append(_Taken(delivery, rows_of(envelope)))
            except (msgspec.MsgspecError, UnusableEvent) as error:
                await self._bury(delivery, f"not an event: {error}")
        written = await self._write(taken, stop)
        for start in range(0, len(written), _ACKS_AT_A_TIME):
            await asyncio.gather(*(each.delivery.ack() for each in written[start : start + _ACKS_AT_A_TIME]))
        await self._announce(written)

    async def _write(self, taken: Sequence[_Taken], stop: asyncio.Event) -> list[_Taken]:
        """Those that are in the store now. A block that it refuses is halved until the events at fault are alone."""
        rows = [row for each in taken for row in each.rows]
        failures = 0
        while True:
            end_if_cancelled()
            try:
                await write_rows(self._store, rows)
            except StoreUnavailable as error:
                failures += 1
                log.warning("analytics waits for its store", events=len(taken), error=str(error)[:300])
                await rest(stop, self._retry.delay(failures))
                if stop.is_set():
                    return []  # not acknowledged: the broker delivers them again
            except StoreRefused as error:
                if len(taken) == 1:
                    await self._bury(taken[0].delivery, f"the store refuses it: {error}"[:500])
                    return []
                middle = len(taken) // 2
                return [*await self._write(taken[:middle], stop), *await self._write(taken[middle:], stop)]
            else:
                return list(taken)

    async def _bury(self, delivery: Delivery, reason: str) -> None:
        log.error("dead letter", consumer=CONSUMER, topic=delivery.topic, id=delivery.message_id, reason=reason)
        await delivery.dead_letter(reason, 1)

    async def _announce(self, written: Sequence[_Taken]) -> None:
        hotels = {hotel for each in written for row in each.rows if (hotel := _hotel_of(row)) is not None}
        with contextlib.suppress(RedisError, OSError):  # the next batch announces again
            for hotel in hotels:
                await self._live.announce(live_channel(hotel))


class _HotelOnly(msgspec.Struct):
    hotel_id: str | None = None


def _hotel_of(row: EventRow) -> str | None:
    return msgspec.json.decode(row.payload, type=_HotelOnly).hotel_id


async def _read(subscription: Subscription, waiting: asyncio.Queue[Delivery]) -> None:
    async with aclosing(subscription.deliveries()) as deliveries:  # type: ignore[type-var]
        async for delivery in deliveries:
            waiting.put_nowait(delivery)


async def _next(waiting: asyncio.Queue[Delivery], stop: asyncio.Event, seconds: float | None) -> Delivery | None:
    """The next message; ``None`` when ``stop`` or the time came first."""
    taking = asyncio.ensure_future(waiting.get())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([taking, stopping], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return taking.result() if taking.done() else None
    finally:
        taking.cancel()
        stopping.cancel()
