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
from shared.messaging import Broker, open_broker
from shared.pubsub import LiveUpdates
from shared.resilience import RateLimiter
from subgraphs.analytics.charts.render import Renderer
from subgraphs.analytics.loaders import Loaders
from subgraphs.analytics.settings import AnalyticsSettings
from subgraphs.analytics.store import AnalyticsStore


@dataclass(frozen=True, slots=True)
class AnalyticsResources:
    """The clients and settings of one process."""

    redis: Redis
    limiter: RateLimiter
    broker: Broker
    store: AnalyticsStore
    live: LiveUpdates
    renderer: Renderer
    platform: PlatformSettings
    settings: AnalyticsSettings
    clock: Callable[[], datetime]


class AnalyticsContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: AnalyticsResources, caller: Caller) -> None:
        super().__init__(caller)
        self.resources: Final = resources
        self.loaders: Final = Loaders(resources.store)
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
        broker = open_broker(runtime.settings.broker_url or runtime.redis_url)
        stack.push_async_callback(broker.close)
        if runtime.settings.clickhouse_url is None:
            raise RuntimeError(
                "RESERVEI_CLICKHOUSE_URL is not set. Start with `reservei up` or `reservei serve`, or set it."
            )
        renderer = Renderer()
        stack.push_async_callback(renderer.close)
        yield AnalyticsResources(
            redis=redis,
            limiter=RateLimiter(redis),
            broker=broker,
            store=await stack.enter_async_context(AnalyticsStore(runtime.settings.clickhouse_url)),
            live=await stack.enter_async_context(LiveUpdates(runtime.redis_url)),
            renderer=renderer,
            platform=runtime.settings,
            settings=settings or AnalyticsSettings(),
            clock=clock,
        )
