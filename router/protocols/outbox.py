"""The messages a WebSocket client has still to read: bounded, with a rule for the client that does not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import Send


class SlowClient(Exception):
    """The client lags further behind than it may."""


class Outbox:
    """A queue between the operations of one socket and the socket.

    Args:
        limit: how many messages may wait.
        drop_oldest: over the limit, forget the oldest result (`next`); otherwise :class:`SlowClient` is raised.
    """

    def __init__(self, limit: int, *, drop_oldest: bool) -> None:
        self._limit = limit
        self._drop_oldest = drop_oldest
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._something = asyncio.Event()

    @property
    def crowded(self) -> bool:
        """Whether the writer has fallen behind by a quarter of the limit."""
        return len(self._waiting) * 4 >= self._limit

    def put(self, message: Mapping[str, Any]) -> None:
        """Queue ``message``. Raises :class:`SlowClient` when there is no room."""
        if len(self._waiting) >= self._limit and not (self._drop_oldest and self._forget_one()):
            raise SlowClient
        self._waiting.append(message)
        self._something.set()

    async def write_to(self, send: Send) -> None:
        """Send what is queued, for ever."""
        while True:
            await self._something.wait()
            await self.flush(send)
            self._something.clear()

    async def flush(self, send: Send) -> None:
        """Send what is queued now. ``send`` waits while the client's socket is full."""
        while self._waiting:
            await send({"type": "websocket.send", "text": orjson.dumps(self._waiting[0]).decode()})
            self._waiting.popleft()

    def _forget_one(self) -> bool:
        """Drop the oldest result. What ends an operation is kept, or the client would wait for it for ever."""
        # The first one may be in the writer's hands already.
        for index in range(1, len(self._waiting)):
            if self._waiting[index]["type"] == "next":
                del self._waiting[index]
                return True
        return False
