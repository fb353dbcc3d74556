"""Dead letters on Redis Streams: a stream per consumer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from shared.messaging.dead_letters import DeadLetter, Selection
from shared.messaging.names import DEAD_PREFIX, REPLAY_PREFIX

_PAGE = 500


class RedisDeadLetters:
    """See ``DeadLetters``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def consumers(self) -> Sequence[str]:
        found = [key async for key in self._redis.scan_iter(match=f"{DEAD_PREFIX}*", count=1000)]
        return sorted(_text(key).removeprefix(DEAD_PREFIX) for key in found)

    async def read(self, consumer: str) -> Sequence[DeadLetter]:
        return [letter async for _, letter in self._entries(consumer)]

    async def replay(self, consumer: str, chosen: Selection) -> int:
        count = 0
        async for entry_id, letter in self._entries(consumer):
            if chosen(letter):
                fields = {"id": letter.message_id, "topic": letter.topic, "body": letter.body}
                async with self._redis.pipeline(transaction=True) as pipeline:
                    pipeline.xadd(REPLAY_PREFIX + consumer, fields)  # type: ignore[arg-type]
                    pipeline.xdel(DEAD_PREFIX + consumer, entry_id)
                    await pipeline.execute()
                count += 1
        return count

    async def drop(self, consumer: str, chosen: Selection) -> int:
        count = 0
        async for entry_id, letter in self._entries(consumer):
            if chosen(letter):
                count += int(await self._redis.xdel(DEAD_PREFIX + consumer, entry_id))
        return count

    async def _entries(self, consumer: str) -> AsyncIterator[tuple[str, DeadLetter]]:
        """Those that there are now, with the ids of their entries. Later ones wait for the next look."""
        stream = DEAD_PREFIX + consumer
        newest: Any = await self._redis.xrevrange(stream, count=1)
        after = "-"
        while newest:
            entries: Any = await self._redis.xrange(stream, min=after, max=newest[0][0], count=_PAGE)
            if not entries:
                return
            for raw_id, fields in entries:
                yield _text(raw_id), _letter(consumer, fields)
            after = f"({_text(entries[-1][0])}"


def _letter(consumer: str, fields: dict[bytes, bytes]) -> DeadLetter:
    return DeadLetter(
        message_id=_text(fields[b"id"]),
        consumer=consumer,
        topic=_text(fields[b"topic"]),
        reason=_text(fields[b"reason"]),
        attempts=int(fields[b"attempts"]),
        died_at=_text(fields[b"died_at"]),
        body=fields[b"body"],
    )


@asynccontextmanager
async def redis_dead_letters(url: str) -> AsyncIterator[RedisDeadLetters]:
    """See ``shared.messaging.dead_letters.open_dead_letters``."""
    async with Redis.from_url(url) as redis:
        yield RedisDeadLetters(redis)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
