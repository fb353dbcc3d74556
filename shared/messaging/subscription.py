"""The port between a consumer and a broker: deliveries come in, and each is settled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit


class Delivery(Protocol):
    """One message in the hands of a consumer. It stays the broker's until it is settled by one of the methods."""

    @property
    def message_id(self) -> str:
        """The publisher's id of the message."""
        ...

    @property
    def topic(self) -> str:
        """Topic that it was published under."""
        ...

    @property
    def body(self) -> bytes:
        """The encoded envelope, as it was published."""
        ...

    @property
    def redeliveries(self) -> int:
        """How often it was handed out before without being settled."""
        ...

    async def ack(self) -> None:
        """Done: never deliver it again."""
        ...

    async def dead_letter(self, reason: str, attempts: int) -> None:
        """Keep it aside for a person to look at, and never deliver it again until that person says so."""
        ...


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """What a consumer wants of a broker."""

    consumer: str
    """Instances with the same name share the messages; each name gets all of them."""
    instance: str
    """This instance among them. On Redis Streams it gets back first what it had when the connection was lost."""
    patterns: Sequence[str]
    sources: Sequence[str] | None
    """Publishing domains to read; ``None`` is every one that there is. RabbitMQ finds the sources by itself."""
    prefetch: int
    """How many messages may be in hand at a time, those that wait for a retry included."""
    claim_after_seconds: float
    """Redis Streams: when an instance that holds a message is taken for dead. RabbitMQ sees the lost connection."""


class Subscription(Protocol):
    """An open subscription."""

    def deliveries(self) -> AsyncIterator[Delivery]:
        """Messages in the broker's order, without end. Raises when the broker is lost; then open a new one."""
        ...


def subscribe(url: str, settings: SubscriptionSettings) -> AbstractAsyncContextManager[Subscription]:
    """A subscription at the broker of ``url``; what was not settled when the block ends is delivered again.

    Raises:
        ValueError: for a scheme other than ``amqp(s)``, ``redis(s)`` and ``unix``.
    """
    scheme = urlsplit(url).scheme
    if scheme in {"amqp", "amqps"}:
        from shared.messaging.rabbitmq import rabbit_subscription

        return rabbit_subscription(url, settings)
    if scheme in {"redis", "rediss", "unix"}:
        from shared.messaging.redis_streams import redis_subscription

        return redis_subscription(url, settings)
    raise ValueError(f"RESERVEI_BROKER_URL must start with amqp:// or redis://, not {scheme}://")
