"""What the notifications subgraph lives on while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from shared.config import PlatformSettings
from shared.db import Database, utc_now
from shared.graphql import Caller, SubgraphContext, SubgraphRuntime
from shared.pubsub import LiveUpdates
from subgraphs.notifications.channels.vapid import public_key, vapid_key
from subgraphs.notifications.loaders import Loaders
from subgraphs.notifications.secrets import Secrets
from subgraphs.notifications.settings import NotificationsSettings


@dataclass(frozen=True, slots=True)
class NotificationsResources:
    """The pools and settings of one process."""

    database: Database
    redis: Redis
    live: LiveUpdates
    platform: PlatformSettings
    settings: NotificationsSettings
    secrets: Secrets
    vapid_public_key: str | None
    clock: Callable[[], datetime]


class NotificationsContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: NotificationsResources, caller: Caller) -> None:
        super().__init__(caller)
        self.database: Final = resources.database
        self.live: Final = resources.live
        self.settings: Final = resources.settings
        self.vapid_public_key: Final = resources.vapid_public_key
        self.now: Final = resources.clock()
        """One moment for the whole operation."""
        self.look_again()

    def look_again(self) -> None:
        """Begin anew with nothing loaded, as after a change and at each event of a subscription."""
        self.loaders = Loaders(self.database)


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: NotificationsSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[NotificationsResources]:
    """Open everything.

    Args:
        runtime: From the platform.
        settings: The domain's knobs; by default from the environment.
        clock: The present moment, for tests that travel in time.
    """
    knobs = settings or NotificationsSettings()
    key = vapid_key(runtime.settings, knobs)
    async with AsyncExitStack() as stack:
        database = runtime.database()
        stack.push_async_callback(database.close)
        redis = runtime.redis()
        stack.push_async_callback(redis.aclose)
        live = await stack.enter_async_context(LiveUpdates(runtime.redis_url))
        yield NotificationsResources(
            database=database,
            redis=redis,
            live=live,
            platform=runtime.settings,
            settings=knobs,
            secrets=Secrets(runtime.settings),
            vapid_public_key=None if key is None else public_key(key),
            clock=clock,
        )
