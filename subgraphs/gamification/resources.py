"""What the gamification subgraph lives on while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from shared.db import Database, utc_now
from shared.graphql import Caller, SubgraphContext, SubgraphRuntime
from shared.pubsub import LiveUpdates
from subgraphs.gamification.loaders import Loaders
from subgraphs.gamification.settings import GamificationSettings


@dataclass(frozen=True, slots=True)
class GamificationResources:
    """The pools and settings of one process."""

    database: Database
    redis: Redis
    live: LiveUpdates
    settings: GamificationSettings
    clock: Callable[[], datetime]


class GamificationContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: GamificationResources, caller: Caller) -> None:
        super().__init__(caller)
        self.database: Final = resources.database
        self.redis: Final = resources.redis
        self.live: Final = resources.live
        self.settings: Final = resources.settings
        self._clock: Final = resources.clock
        self.look_again()

    def look_again(self) -> None:
        """Begin anew with nothing loaded, as each event of a subscription must."""
        self.loaders = Loaders(self.database, self.redis)
        self.now = self._clock()
        """One moment for the whole operation, so that all its parts agree on what is past."""


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: GamificationSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[GamificationResources]:
    """Open everything.

    Args:
        runtime: From the platform.
        settings: The domain's knobs; by default from the environment.
        clock: The present moment, for tests that travel in time.
    """
    async with AsyncExitStack() as stack:
        database = runtime.database()
        stack.push_async_callback(database.close)
        redis = runtime.redis()
        stack.push_async_callback(redis.aclose)
        live = await stack.enter_async_context(LiveUpdates(runtime.redis_url))
        yield GamificationResources(
            database=database, redis=redis, live=live, settings=settings or GamificationSettings(), clock=clock
        )
