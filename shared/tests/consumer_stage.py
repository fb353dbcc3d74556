"""A stage for tests of consumers: a broker, a database, and names that no other test uses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import aio_pika
import msgspec
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import (
    Database,
    DomainBase,
    InboxMixin,
    OutboxMixin,
    WriteSession,
    domain_metadata,
    new_id,
    utc_now,
)
from shared.messaging import (
    Consumer,
    EventEnvelope,
    Handler,
    RetryPolicy,
    open_broker,
)
from shared.messaging.dead_letters import DeadLetter, open_dead_letters
from shared.messaging.names import (
    CONSUMERS_QUEUE,
    DEAD_PREFIX,
    REPLAY_PREFIX,
    SOURCES,
    STREAM_PREFIX,
    dead_queue_name,
    queue_name,
)
from shared.messaging.subscription import subscribe
from shared.testing.plugin import eventually

QUICK = RetryPolicy(max_attempts=3, first_delay=0.02, max_delay=0.1)
CLAIM_AFTER_SECONDS = 60.0
"""Nobody is taken for dead because the machine is busy: tests say who is, by :meth:`Stage.grow_old`."""


class Base(DomainBase):
    __abstract__ = True
    metadata = domain_metadata()


class OutboxMessage(OutboxMixin, Base):
    pass


class InboxMessage(InboxMixin, Base):
    pass


class Heard(Base):
    """The effect of a message."""

    __tablename__ = "heard"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str]
    by: Mapped[str]


class Said(msgspec.Struct):
    word: str


class Stage:
    """A broker, a database, and names that no other test uses."""

    def __init__(self, url: str, database: Database) -> None:
        self.url = url
        self.database = database
        self.broker = open_broker(url)
        self.domain = f"d{uuid4().hex[:12]}"
        self.topic = f"{self.domain}.said"
        self.names: set[str] = set()

    def name(self, suffix: str = "listener") -> str:
        name = f"{self.domain}-{suffix}"
        self.names.add(name)
        return name

    async def consumer(
        self, handlers: Handler | Mapping[str, Handler], *, suffix: str = "listener", url: str | None = None, **settings
    ) -> Consumer:
        """A consumer that is known to the broker, so that from now on messages are kept for it."""
        if not isinstance(handlers, Mapping):
            handlers = {self.topic: handlers}
        defaults = {"sources": [self.domain], "retry": QUICK, "claim_after_seconds": CLAIM_AFTER_SECONDS}
        consumer = Consumer(
            self.name(suffix), url or self.url, self.database, InboxMessage, handlers, **defaults | settings
        )
        async with subscribe(self.url, consumer._settings):
            return consumer

    async def say(self, *words: str, aggregate: UUID | None = None, topic: str | None = None) -> None:
        aggregate = aggregate or new_id()
        for sequence, word in enumerate(words, start=1):
            await self.publish(envelope_of(word, aggregate, sequence, topic or self.topic))

    async def publish(self, envelope: EventEnvelope) -> None:
        body = msgspec.json.encode(envelope)
        await self.broker.publish(domain=self.domain, topic=envelope.type, message_id=str(envelope.id), body=body)

    async def heard(self, by: str = "") -> list[str]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Heard.word).where(Heard.by == by).order_by(Heard.id)))

    async def until_heard(self, *words: str, by: str = "") -> None:
        """Wait for as many words, then compare."""

        async def enough() -> bool:
            return len(await self.heard(by)) >= len(words)

        await eventually(enough)
        assert await self.heard(by) == list(words)

    async def dead(self, suffix: str = "listener") -> list[DeadLetter]:
        async with open_dead_letters(self.url) as letters:
            return list(await letters.read(self.name(suffix)))

    async def until_dead(self, count: int = 1) -> list[DeadLetter]:
        async def enough() -> bool:
            return len(await self.dead()) >= count

        await eventually(enough)
        return await self.dead()

    async def grow_old(self, suffix: str = "listener") -> None:
        """What instances hold on Redis looks as if they had shown no life for long. RabbitMQ sees them go by itself."""
        if self.url.startswith("amqp"):
            return
        stream, group = STREAM_PREFIX + self.domain, self.name(suffix)
        async with Redis.from_url(self.url) as redis:
            for entry in await redis.xpending_range(stream, group, "-", "+", 100):
                idle = int(CLAIM_AFTER_SECONDS * 2000)
                await redis.xclaim(stream, group, entry["consumer"], 0, [entry["message_id"]], idle=idle, justid=True)

    async def ages(self, suffix: str = "listener") -> list[tuple[str, float]]:
        """What is held on Redis: the instance, and for how many seconds it has shown no life."""
        async with Redis.from_url(self.url) as redis:
            pending = await redis.xpending_range(STREAM_PREFIX + self.domain, self.name(suffix), "-", "+", 100)
        return [(entry["consumer"].decode(), entry["time_since_delivered"] / 1000) for entry in pending]

    async def clean(self) -> None:
        await self.broker.close()
        if self.url.startswith("amqp"):
            await forget_consumers(self.url, self.names)
            return
        async with Redis.from_url(self.url) as redis:
            await redis.srem(SOURCES, self.domain)
            keys = [prefix + name for prefix in (DEAD_PREFIX, REPLAY_PREFIX) for name in self.names]
            await redis.delete(STREAM_PREFIX + self.domain, *keys)


def envelope_of(word: str, aggregate: UUID, sequence: int, topic: str) -> EventEnvelope:
    event_id = new_id()
    return EventEnvelope(
        id=event_id,
        type=topic,
        version=1,
        occurred_at=utc_now(),
        aggregate_id=aggregate,
        aggregate_sequence=sequence,
        correlation_id=event_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(Said(word))),
    )


def word_of(envelope: EventEnvelope) -> str:
    return msgspec.json.decode(envelope.payload, type=Said).word


def listen_as(by: str = "") -> Handler:
    async def listen(session: WriteSession, envelope: EventEnvelope) -> None:
        session.add(Heard(word=word_of(envelope), by=by))

    return listen


@asynccontextmanager
async def running(*consumers: Consumer) -> AsyncIterator[None]:
    """Run the consumers, and end them as a worker does."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for consumer in consumers:
            tasks.create_task(consumer.run(stop))
        try:
            yield
        finally:
            stop.set()


async def until_settled(stage: Stage) -> None:
    """Wait until the broker holds nothing for the stage's consumers."""

    async def settled() -> bool:
        if stage.url.startswith("amqp"):
            connection = await aio_pika.connect(stage.url)
            async with connection:
                channel = await connection.channel()
                # Ready messages; those in hand come back as ready when their instance ends.
                queues = [await channel.declare_queue(queue_name(name), passive=True) for name in stage.names]
                return all(queue.declaration_result.message_count == 0 for queue in queues)
        async with Redis.from_url(stage.url) as redis:
            pending = [await redis.xpending(STREAM_PREFIX + stage.domain, name) for name in stage.names]
            return all(summary["pending"] == 0 for summary in pending)

    await eventually(settled)


async def forget_consumers(url: str, names: set[str]) -> None:
    """Delete the queues of consumers at RabbitMQ, and take their names from the list of those that ever were."""
    left = set(names)
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for name in names:
            await channel.queue_delete(queue_name(name))
            await channel.queue_delete(dead_queue_name(name))

        async def all_found() -> bool:  # while another test looks at the list, it holds the names
            async with await connection.channel() as looking:
                known = await looking.declare_queue(CONSUMERS_QUEUE, passive=True)
                while (message := await known.get(fail=False)) is not None:
                    if message.body.decode() in names:
                        await message.ack()
                        left.discard(message.body.decode())
            return not left

        await eventually(all_found)
