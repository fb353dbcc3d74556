"""Dead letters: what consumers gave up on, for a person to look at, send back or drop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that a consumer will not get again by itself."""

    message_id: str
    """The publisher's id of the message, which is the event's id."""
    consumer: str
    topic: str
    reason: str
    attempts: int
    """How often its handler was tried; 0 when the message never reached it."""
    died_at: str
    """When, as ISO 8601 in UTC."""
    body: bytes
    """The message as it was published."""


Selection = Callable[[DeadLetter], bool]
"""Says of a dead letter whether it is meant."""


class DeadLetters(Protocol):
    """The dead letters at one broker."""

    async def consumers(self) -> Sequence[str]:
        """Names of the consumers that can have dead letters, sorted."""
        ...

    async def read(self, consumer: str) -> Sequence[DeadLetter]:
        """A consumer's dead letters, the oldest first. An unknown consumer has none."""
        ...

    async def replay(self, consumer: str, chosen: Selection) -> int:
        """Send the chosen ones back to that consumer alone, in their order; return how many.

        A crash in the middle may send one twice, which the inbox makes harmless, and loses none.
        """
        ...

    async def drop(self, consumer: str, chosen: Selection) -> int:
        """Delete the chosen ones for good; return how many."""
        ...


def open_dead_letters(url: str) -> AbstractAsyncContextManager[DeadLetters]:
    """The dead letters at the broker of ``url``, connected while the block lasts.

    Raises:
        ValueError: for a scheme other than ``amqp(s)``, ``redis(s)`` and ``unix``.
    """
    scheme = urlsplit(url).scheme
    if scheme in {"amqp", "amqps"}:
        from shared.messaging.rabbitmq_dead_letters import rabbit_dead_letters

        return rabbit_dead_letters(url)
    if scheme in {"redis", "rediss", "unix"}:
        from shared.messaging.redis_dead_letters import redis_dead_letters

        return redis_dead_letters(url)
    raise ValueError(f"RESERVEI_BROKER_URL must start with amqp:// or redis://, not {scheme}://")


def with_ids(ids: Collection[str]) -> Selection:
    """Chooses by message id."""
    return lambda letter: letter.message_id in ids


def everything(_letter: DeadLetter) -> bool:
    """Chooses all."""
    return True
