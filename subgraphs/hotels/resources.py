"""What the hotels subgraph lives on while it runs."""

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
from subgraphs.hotels.loaders import Loaders
from subgraphs.hotels.models import Hotel
from subgraphs.hotels.service.access import manages
from subgraphs.hotels.settings import HotelsSettings


@dataclass(frozen=True, slots=True)
class HotelsResources:
    """The pools and settings of one process."""

    database: Database
    redis: Redis
    live: LiveUpdates
    settings: HotelsSettings
    clock: Callable[[], datetime]


class HotelsContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: HotelsResources, caller: Caller) -> None:
        super().__init__(caller)
        self.database: Final = resources.database
        self.settings: Final = resources.settings
        self.live: Final = resources.live
        self._clock: Final = resources.clock
        self.look_again()

    def look_again(self) -> None:
        """Begin anew with nothing loaded, as each event of a subscription must."""
        self.loaders = Loaders(self.database)
        self.now = self._clock()
        """One moment for the whole operation, so that all its parts agree on what is past."""

    def manages(self, hotel: Hotel) -> bool:
        """Whether the caller may see and change the inner workings of ``hotel``."""
        return manages(self.principal, hotel)


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: HotelsSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[HotelsResources]:
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
        yield HotelsResources(
            database=database, redis=redis, live=live, settings=settings or HotelsSettings(), clock=clock
        )
