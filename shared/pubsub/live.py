"""Live updates over Redis pub/sub: a change is announced on a channel, and every waiting subscriber looks again.

Only "something changed" travels, never the data: a subscriber reads the current state from its database, so nobody
sees a state that was not committed, a slow subscriber holds one pending mark instead of a queue, and a lost message
costs nothing once the next one comes. After a lost connection every subscriber is told to look again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 0.5
CONFIRM_SECONDS = 5.0
"""How long a new subscriber waits for the server to confirm before it is refused."""
HEARTBEAT_SECONDS = 15.0
"""A connection that says nothing for this long is asked, and given up after as long again."""
CHANNEL_PREFIX = "reservei:live:"


class LiveUpdates:
    """One connection to Redis for all subscribers of a process. Use as an async context manager."""

    def __init__(self, url: str) -> None:
        """Prepare without connecting.

        Args:
            url: The Redis or Valkey server.
        """
        # A client of its own: redis-py's health check reads the answer to its PING itself when nothing is subscribed,
        # and so collides with our reader on the same connection. The reader watches the connection instead.
        # Announcements come in hundreds at once: they wait for a connection instead of opening as many.
        pool = BlockingConnectionPool.from_url(url, max_connections=16, socket_keepalive=True)
        self._redis = Redis.from_pool(pool)
        self._pubsub: PubSub = self._redis.pubsub(ignore_subscribe_messages=False)
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._confirmed: dict[str, asyncio.Event] = {}
        self._lock = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        await self._pubsub.aclose()  # type: ignore[no-untyped-call]
        await self._redis.aclose()

    async def announce(self, channel: str) -> None:
        """Tell every subscriber of ``channel``, in any process, that something changed. Call it after the commit."""
        await self._redis.publish(CHANNEL_PREFIX + channel, b"")

    @asynccontextmanager
    async def changes(self, channel: str) -> AsyncIterator[AsyncIterator[None]]:
        """Changes on ``channel`` from the moment the block is entered, several at once merged into one.

        Read the snapshot inside the block: what happens between the two is then not missed.
        """
        name = CHANNEL_PREFIX + channel
        changed = asyncio.Event()
        self._waiting[name].add(changed)
        try:
            await self._subscribe(name)
            yield _each(changed)
        finally:
            self._waiting[name].discard(changed)
            if not self._waiting[name]:
                await self._unsubscribe(name)

    async def _subscribe(self, name: str) -> None:
        async with self._lock:
            confirmed = self._confirmed.get(name)
            if confirmed is None:
                # Before the command is sent: the reader may see its confirmation before we go on.
                confirmed = self._confirmed[name] = asyncio.Event()
                try:
                    await self._pubsub.subscribe(name)
                except BaseException:
                    del self._confirmed[name]  # whoever waits for the lock has to try for itself
                    raise
            if self._reader is None:
                self._reader = asyncio.create_task(self._read(), name="live-updates")
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await confirmed.wait()
        except TimeoutError:
            self._confirmed.pop(name, None)  # whoever comes next subscribes again
            raise

    async def _unsubscribe(self, name: str) -> None:
        async with self._lock:
            if self._waiting[name]:  # somebody came while we waited for the lock
                return
            del self._waiting[name]
            self._confirmed.pop(name, None)
            with contextlib.suppress(RedisError, OSError):  # without a connection there is nothing to unsubscribe
                await self._pubsub.unsubscribe(name)

    async def _read(self) -> None:
        is_silent = False
        while True:
            try:
                message = await self._pubsub.get_message(timeout=HEARTBEAT_SECONDS)
                if message is None:
                    if is_silent:
                        raise ConnectionError("no answer to the heartbeat")
                    await self._pubsub.ping()
                    is_silent = True
                    continue
            except (RedisError, OSError) as error:
                log.warning("live updates lost their connection", error=repr(error))
                await self._reconnect()
                is_silent = False
                continue
            is_silent = False
            channel = message["channel"]
            name = channel.decode() if isinstance(channel, bytes) else channel
            if message["type"] == "subscribe" and (confirmed := self._confirmed.get(name)) is not None:
                confirmed.set()
            elif message["type"] == "message":
                for changed in self._waiting.get(name, ()):
                    changed.set()

    async def _reconnect(self) -> None:
        while not await self._is_back():  # noqa: ASYNC110  # a server that is away sends us no event
            await asyncio.sleep(RECONNECT_SECONDS)
        log.info("live updates are connected again")
        for waiting in self._waiting.values():
            for changed in waiting:
                changed.set()

    async def _is_back(self) -> bool:
        try:
            connection: Any = self._pubsub.connection
            if connection is not None:
                await connection.disconnect()
            # redis-py subscribes the channels again by itself when it connects.
            await self._pubsub.ping()
        except (RedisError, OSError):
            return False
        return True


async def _each(changed: asyncio.Event) -> AsyncIterator[None]:
    while True:
        await changed.wait()
        changed.clear()
        yield
