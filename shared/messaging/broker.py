"""Where domain events go: RabbitMQ, or Redis Streams, behind one port."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit


class Broker(Protocol):
    """Takes events and keeps them until each consumer has had them."""

    async def publish(self, *, domain: str, topic: str, message_id: str, body: bytes) -> None:
        """Hand over one event of ``domain``. Returns when the broker has it safe; raises when that is not known.

        Calls may overlap: those of one aggregate must be awaited in turn, for their order to hold.
        """
        ...

    async def ping(self) -> None:
        """Raise when the broker does not answer."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


def open_broker(url: str) -> Broker:
    """The broker at ``url``: ``amqp(s)://`` is RabbitMQ, ``redis(s)://`` is Redis Streams.

    Raises:
        ValueError: for any other scheme.
    """
    scheme = urlsplit(url).scheme
    if scheme in {"amqp", "amqps"}:
        from shared.messaging.rabbitmq import RabbitBroker

        return RabbitBroker(url)
    if scheme in {"redis", "rediss", "unix"}:
        from shared.messaging.redis_streams import RedisStreamsBroker

        return RedisStreamsBroker(url)
    raise ValueError(f"RESERVEI_BROKER_URL must start with amqp:// or redis://, not {scheme}://")
