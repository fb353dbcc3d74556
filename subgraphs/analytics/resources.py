"""What the analytics subgraph holds open, and the context of its operations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from redis.asyncio import Redis

from shared.config import PlatformSettings
from shared.db import utc_now
from shared.graphql import Caller, SubgraphContext, SubgraphRuntime
from subgraphs.analytics.settings import AnalyticsSettings


@dataclass(frozen=True, slots=True)
class AnalyticsResources:
    """The clients and settings of one process."""

    redis: Redis
    platform: PlatformSettings
    settings: AnalyticsSettings
    clock: Callable[[], datetime]


class AnalyticsContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: AnalyticsResources, caller: Caller) -> None:
        super().__init__(caller)
        self.resources: Final = resources
        self.now: Final = resources.clock()
        """One moment for the whole operation."""


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: AnalyticsSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[AnalyticsResources]:
    """Open everything.

    Args:
        runtime: From the platform.
        settings: The domain's knobs; by default from the environment.
        clock: The present moment, for tests that travel in time.
    """
    async with AsyncExitStack() as stack:
        redis = runtime.redis()
        stack.push_async_callback(redis.aclose)
        yield AnalyticsResources(
            redis=redis, platform=runtime.settings, settings=settings or AnalyticsSettings(), clock=clock
        )
