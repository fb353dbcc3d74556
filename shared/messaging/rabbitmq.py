"""Events on RabbitMQ: a durable topic exchange, persistent messages, a quorum queue per consumer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import (
    AbstractChannel,
    AbstractIncomingMessage,
    AbstractQueue,
    AbstractRobustChannel,
    AbstractRobustConnection,
    AbstractRobustExchange,
)
from aio_pika.exceptions import ChannelNotFoundEntity

from shared.db import utc_now
from shared.messaging.names import CONSUMERS_QUEUE, EXCHANGE, dead_queue_name, queue_name
from shared.messaging.subscription import SubscriptionSettings
from shared.messaging.topics import COMMAND_PREFIX

TOPIC_HEADER = "x-reservei-topic"
"""The topic of a message that goes straight to a queue, where the routing key is the queue's name."""
REASON_HEADER = "x-reservei-reason"
ATTEMPTS_HEADER = "x-reservei-attempts"
DIED_AT_HEADER = "x-reservei-died-at"

_TIMEOUT_SECONDS = 10
_UNLIMITED = 1_000_000_000
"""RabbitMQ 4 drops what was delivered 20 times unless told otherwise; we count for ourselves."""


class RabbitBroker:
    """Publishes to the exchange and waits for the broker's confirmation."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opening = asyncio.Lock()
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractRobustChannel | None = None
        self._exchange: AbstractRobustExchange | None = None

    async def publish(self, *, domain: str, topic: str, message_id: str, body: bytes) -> None:
        exchange = await self._open()
        await exchange.publish(
            aio_pika.Message(
                body,
                app_id=domain,
                message_id=message_id,
                content_type="application/json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            ),
            routing_key=topic,
            # An event may have no consumer yet, and that is no failure of the publisher. A command that nobody
            # takes comes back as an error, and is published again until its addressee has made its queue.
            mandatory=topic.startswith(COMMAND_PREFIX),
            timeout=_TIMEOUT_SECONDS,
        )

    async def ping(self) -> None:
        await self._open()
        if self._channel is None or self._channel.is_closed or not self._connected():
            raise ConnectionError("the broker connection is closed")

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = self._channel = self._exchange = None

    def _connected(self) -> bool:
        return self._connection is not None and self._connection.connected.is_set()

    async def _open(self) -> AbstractRobustExchange:
        async with self._opening:
            if self._exchange is None:
                self._connection = await aio_pika.connect_robust(self._url, timeout=_TIMEOUT_SECONDS)
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._channel = channel
                self._exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
            return self._exchange


@dataclass(frozen=True, slots=True)
class RabbitDelivery:
    """A message that the broker has not been told about yet."""

    channel: AbstractChannel
    consumer: str
    message: AbstractIncomingMessage

    @property
    def message_id(self) -> str:
        return self.message.message_id or ""

    @property
    def topic(self) -> str:
        return str(self.message.headers.get(TOPIC_HEADER) or self.message.routing_key or "")

    @property
    def body(self) -> bytes:
        return self.message.body

    @property
    def redeliveries(self) -> int:
        count = self.message.headers.get("x-delivery-count", 0)
        return count if isinstance(count, int) else 0

    async def ack(self) -> None:
        await self.message.ack()

    async def dead_letter(self, reason: str, attempts: int) -> None:
        headers: dict[str, Any] = {
            TOPIC_HEADER: self.topic,
            REASON_HEADER: reason,
            ATTEMPTS_HEADER: attempts,
            DIED_AT_HEADER: utc_now().isoformat(),
        }
        await send_to_queue(self.channel, dead_queue_name(self.consumer), self.message, headers)
        # A crash before this makes a second dead letter; replaying both has effect once.
        await self.message.ack()


class RabbitSubscription:
    """One instance's share of its consumer's queue."""

    def __init__(self, channel: AbstractChannel, consumer: str) -> None:
        self._channel = channel
        self._consumer = consumer
        self._arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()

    async def start(self, queue: AbstractQueue) -> None:
        """Ask for messages; what arrives before ``deliveries`` is read waits."""

        async def arrived(message: AbstractIncomingMessage) -> None:
            self._arrived.put_nowait(message)

        def lost(*_: object) -> None:
            self._arrived.put_nowait(None)

        self._channel.close_callbacks.add(lost)
        # The broker's own cancellation: the queue was deleted, or moved to another node.
        (await self._channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(lost)
        await queue.consume(arrived)

    async def deliveries(self) -> AsyncIterator[RabbitDelivery]:
        """See ``Subscription``."""
        while (message := await self._arrived.get()) is not None:
            yield RabbitDelivery(self._channel, self._consumer, message)
        raise ConnectionError("the broker has closed the subscription")


async def send_to_queue(
    channel: AbstractChannel, queue: str, message: AbstractIncomingMessage, headers: dict[str, Any]
) -> None:
    """Write a copy of ``message`` to a queue, safe when this returns. Raises when there is no such queue."""
    copy = aio_pika.Message(
        message.body,
        app_id=message.app_id,
        # Somebody else's message may have none, and what lies among the dead must have a name.
        message_id=message.message_id or str(uuid4()),
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        headers=headers,
    )
    await channel.default_exchange.publish(copy, routing_key=queue, mandatory=True, timeout=_TIMEOUT_SECONDS)


async def declare_quorum_queue(channel: AbstractChannel, name: str) -> AbstractQueue:
    """A durable queue, replicated where the broker is a cluster, that never drops a message by itself."""
    arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": _UNLIMITED}
    return await channel.declare_queue(name, durable=True, arguments=arguments)


@asynccontextmanager
async def rabbit_connection(url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    """A connection that stays lost when it is lost: whoever uses it begins anew."""
    connection = await aio_pika.connect(url, timeout=_TIMEOUT_SECONDS)
    async with connection:
        yield connection


@asynccontextmanager
async def rabbit_subscription(url: str, settings: SubscriptionSettings) -> AsyncIterator[RabbitSubscription]:
    """See ``shared.messaging.subscription.subscribe``. Declares whatever is not there yet."""
    async with rabbit_connection(url) as connection:
        await _announce(connection, settings.consumer)
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=settings.prefetch)
        exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
        await declare_quorum_queue(channel, dead_queue_name(settings.consumer))
        queue = await declare_quorum_queue(channel, queue_name(settings.consumer))
        for pattern in settings.patterns:
            await queue.bind(exchange, routing_key=pattern)
        subscription = RabbitSubscription(channel, settings.consumer)
        await subscription.start(queue)
        yield subscription


async def _announce(connection: aio_pika.abc.AbstractConnection, consumer: str) -> None:
    """Write a new consumer's name down, before its dead-letter queue exists, for those who look for dead letters."""
    probe = await connection.channel()
    try:
        await probe.declare_queue(dead_queue_name(consumer), passive=True)
    except ChannelNotFoundEntity:  # that closes the probe
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await declare_quorum_queue(channel, CONSUMERS_QUEUE)
        await channel.default_exchange.publish(
            aio_pika.Message(consumer.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
            routing_key=CONSUMERS_QUEUE,
            mandatory=True,
            timeout=_TIMEOUT_SECONDS,
        )
        await channel.close()
    else:
        await probe.close()
