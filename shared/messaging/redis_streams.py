"""Events on Redis Streams, also Valkey's: a stream per publishing domain, a consumer group per consumer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import ResponseError

from shared.db import utc_now
from shared.messaging.names import DEAD_PREFIX, REPLAY_PREFIX, SOURCES, STREAM_PREFIX
from shared.messaging.pauses import end_if_cancelled, rest
from shared.messaging.subscription import SubscriptionSettings
from shared.messaging.topics import TopicTable

log = structlog.get_logger(__name__)

STREAM_LENGTH = 1_000_000
"""About how many events a stream keeps; consumers are expected to be days ahead of that."""
_LONGEST_BLOCK_SECONDS = 1.0
_FORGET_INSTANCE_SECONDS = 86_400


@dataclass(slots=True)
class _Publication:
    domain: str
    fields: dict[Any, Any]
    done: asyncio.Future[None]


class RedisStreamsBroker:
    """Publishes to one stream per domain, so that the order of an aggregate's events is kept.

    Calls that overlap leave together in one pipeline.
    """

    def __init__(self, url: str) -> None:
        # Short: the relay holds a transaction open meanwhile, and tries again by itself.
        retry = Retry(ExponentialBackoff(cap=0.2, base=0.02), 3)
        self._redis = Redis.from_url(url, health_check_interval=30, retry=retry)
        self._waiting: list[_Publication] = []
        self._sending: asyncio.Task[None] | None = None

    async def publish(self, *, domain: str, topic: str, message_id: str, body: bytes) -> None:
        fields = {"id": message_id, "topic": topic, "body": body}
        publication = _Publication(domain, fields, asyncio.get_running_loop().create_future())
        self._waiting.append(publication)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        await publication.done

    async def ping(self) -> None:
        await self._redis.ping()

    async def close(self) -> None:
        if self._sending is not None:
            await asyncio.wait([self._sending])
        await self._redis.aclose()

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    results = await self._add(batch)
                except Exception as error:  # noqa: BLE001  # every publisher is told
                    results = [error] * len(batch)
                for publication, result in zip(batch, results, strict=True):
                    if publication.done.done():  # its caller was cancelled meanwhile
                        continue
                    if isinstance(result, Exception):
                        publication.done.set_exception(result)
                    else:
                        publication.done.set_result(None)
        finally:
            self._sending = None

    async def _add(self, batch: Sequence[_Publication]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for publication in batch:
                stream = STREAM_PREFIX + publication.domain
                pipeline.xadd(stream, publication.fields, maxlen=STREAM_LENGTH, approximate=True)
            # Consumers find the streams by this.
            pipeline.sadd(SOURCES, *{publication.domain for publication in batch})
            results = await pipeline.execute(raise_on_error=False)
        return results[: len(batch)]


@dataclass(slots=True)
class RedisDelivery:
    """An entry in this instance's list of pending ones."""

    subscription: RedisSubscription
    stream: str
    entry_id: str
    message_id: str
    topic: str
    body: bytes
    redeliveries: int

    async def ack(self) -> None:
        await self.subscription.settle(self, None)

    async def dead_letter(self, reason: str, attempts: int) -> None:
        fields = {
            "id": self.message_id,
            "topic": self.topic,
            "body": self.body,
            "reason": reason,
            "attempts": attempts,
            "died_at": utc_now().isoformat(),
        }
        await self.subscription.settle(self, fields)


@dataclass(slots=True)
class RedisSubscription:
    """One instance's view of its consumer group in each source stream, and in the consumer's replay stream."""

    redis: Redis
    settings: SubscriptionSettings
    _wanted: TopicTable[bool] = field(init=False)
    _streams: list[str] = field(default_factory=list, init=False)
    _unsettled: set[tuple[str, str]] = field(default_factory=set, init=False)
    _room: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _beat_seconds: float = field(init=False)

    def __post_init__(self) -> None:
        self._wanted = TopicTable(dict.fromkeys(self.settings.patterns, True))
        # Four beats before anybody else takes this instance for dead.
        self._beat_seconds = min(_LONGEST_BLOCK_SECONDS, self.settings.claim_after_seconds / 4)

    async def deliveries(self) -> AsyncIterator[RedisDelivery]:
        """See ``Subscription``. What this instance had in hand before it lost the connection comes first."""
        loop = asyncio.get_running_loop()
        next_beat = 0.0
        while True:
            end_if_cancelled()
            if loop.time() >= next_beat:
                next_beat = loop.time() + self._beat_seconds
                for stream in await self._new_streams():
                    async for delivery in self._read_pending(stream):
                        yield delivery
                await self._show_life()
                async for delivery in self._claim_abandoned():
                    yield delivery
            room = self.settings.prefetch - len(self._unsettled)
            if room <= 0:
                await self._wait_for_room(next_beat - loop.time())
                continue
            answer: Any = await self.redis.xreadgroup(
                self.settings.consumer,
                self.settings.instance,
                dict.fromkeys(self._streams, ">"),
                # The count holds for each stream.
                count=max(1, room // len(self._streams)),
                block=max(1, int((next_beat - loop.time()) * 1000)),
            )
            for stream, entries in answer or ():
                for delivery in await self._take(_text(stream), entries, {}):
                    yield delivery

    async def settle(self, delivery: RedisDelivery, dead: Mapping[Any, Any] | None) -> None:
        """Take an entry off the pending list, and write it among the dead in the same step when it is."""
        async with self.redis.pipeline(transaction=True) as pipeline:
            if dead is not None:
                pipeline.xadd(DEAD_PREFIX + self.settings.consumer, dict(dead))
            pipeline.xack(delivery.stream, self.settings.consumer, delivery.entry_id)
            if delivery.stream == REPLAY_PREFIX + self.settings.consumer:
                pipeline.xdel(delivery.stream, delivery.entry_id)
            await pipeline.execute()
        self._unsettled.discard((delivery.stream, delivery.entry_id))
        self._room.set()

    async def hand_over(self) -> None:
        """Let other instances claim at once what this one leaves behind."""
        idle = int(self.settings.claim_after_seconds * 1000) + 1
        for stream, ids in self._unsettled_by_stream().items():
            await self.redis.xclaim(
                stream, self.settings.consumer, self.settings.instance, 0, ids, idle=idle, justid=True
            )

    async def _wait_for_room(self, seconds: float) -> None:
        self._room.clear()
        await rest(self._room, max(seconds, 0))

    async def _new_streams(self) -> list[str]:
        """Streams not read before; the consumer group is made where there is none, to begin at the first entry."""
        if self.settings.sources is not None:
            sources = list(self.settings.sources)
        else:
            sources = sorted(_text(source) for source in await self.redis.smembers(SOURCES))
        streams = [REPLAY_PREFIX + self.settings.consumer, *(STREAM_PREFIX + source for source in sources)]
        new = [stream for stream in streams if stream not in self._streams]
        for stream in new:
            try:
                await self.redis.xgroup_create(stream, self.settings.consumer, id="0", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise
                await self._forget_instances(stream)
            self._streams.append(stream)
        return new

    async def _forget_instances(self, stream: str) -> None:
        """Instances that went long ago and left nothing behind. With something pending they must stay known."""
        for known in await self.redis.xinfo_consumers(stream, self.settings.consumer):
            if known["pending"] == 0 and known["idle"] > _FORGET_INSTANCE_SECONDS * 1000:
                await self.redis.xgroup_delconsumer(stream, self.settings.consumer, known["name"])

    async def _read_pending(self, stream: str) -> AsyncIterator[RedisDelivery]:
        after = "0"
        while True:
            answer: Any = await self.redis.xreadgroup(
                self.settings.consumer, self.settings.instance, {stream: after}, count=100
            )
            entries = answer[0][1] if answer else []
            if not entries:
                return
            after = _text(entries[-1][0])
            for delivery in await self._take(stream, entries, await self._redeliveries(stream, entries)):
                yield delivery

    async def _show_life(self) -> None:
        """Entries that wait for a retry look abandoned unless somebody says otherwise."""
        for stream, ids in self._unsettled_by_stream().items():
            await self.redis.xclaim(stream, self.settings.consumer, self.settings.instance, 0, ids, justid=True)

    async def _claim_abandoned(self) -> AsyncIterator[RedisDelivery]:
        idle = int(self.settings.claim_after_seconds * 1000)
        for stream in self._streams:
            cursor = "0-0"
            while len(self._unsettled) < self.settings.prefetch:
                answer: Any = await self.redis.xautoclaim(
                    stream, self.settings.consumer, self.settings.instance, idle, start_id=cursor, count=100
                )
                cursor, entries = _text(answer[0]), answer[1]
                for delivery in await self._take(stream, entries, await self._redeliveries(stream, entries)):
                    yield delivery
                if cursor == "0-0":
                    break

    async def _redeliveries(self, stream: str, entries: Sequence[Any]) -> dict[str, int]:
        if not entries:
            return {}
        pending: Any = await self.redis.xpending_range(
            stream,
            self.settings.consumer,
            min=entries[0][0],
            max=entries[-1][0],
            count=self.settings.prefetch + len(entries),
            consumername=self.settings.instance,
        )
        return {_text(entry["message_id"]): entry["times_delivered"] - 1 for entry in pending}

    async def _take(self, stream: str, entries: Sequence[Any], redeliveries: dict[str, int]) -> list[RedisDelivery]:
        """Deliveries for the entries that this consumer wants. The others are acknowledged and forgotten."""
        taken: list[RedisDelivery] = []
        unwanted: list[str] = []
        for raw_id, fields in entries:
            entry_id = _text(raw_id)
            if (stream, entry_id) in self._unsettled:
                continue
            if not fields:
                log.error("an event was trimmed before it was consumed", stream=stream, entry=entry_id)
                unwanted.append(entry_id)
                continue
            topic = _text(fields.get(b"topic", b""))
            if self._wanted.get(topic) is None and stream != REPLAY_PREFIX + self.settings.consumer:
                unwanted.append(entry_id)
                continue
            self._unsettled.add((stream, entry_id))
            message_id, body = _text(fields.get(b"id", raw_id)), fields.get(b"body", b"")
            times = redeliveries.get(entry_id, 0)
            taken.append(RedisDelivery(self, stream, entry_id, message_id, topic, body, times))
        if unwanted:
            await self.redis.xack(stream, self.settings.consumer, *unwanted)
        return taken

    def _unsettled_by_stream(self) -> dict[str, list[Any]]:
        streams: dict[str, list[Any]] = {}
        for stream, entry_id in self._unsettled:
            streams.setdefault(stream, []).append(entry_id)
        return streams


@asynccontextmanager
async def redis_subscription(url: str, settings: SubscriptionSettings) -> AsyncIterator[RedisSubscription]:
    """See ``shared.messaging.subscription.subscribe``."""
    # Nothing is tried again behind our back: an answer lost on the way has entries in it that only
    # a new subscription asks for.
    redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=_LONGEST_BLOCK_SECONDS + 5)
    async with redis:
        subscription = RedisSubscription(redis, settings)
        yield subscription
        await subscription.hand_over()


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
