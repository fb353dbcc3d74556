"""What the AI subgraph holds open, and the context of its operations."""

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
from subgraphs.ai.search.embedder import Embedder, process_embedder
from subgraphs.ai.settings import AiSettings


@dataclass(frozen=True, slots=True)
class AiResources:
    """The pools, clients and settings of one process."""

    database: Database
    redis: Redis
    platform: PlatformSettings
    settings: AiSettings
    embedder: Embedder
    clock: Callable[[], datetime]


class AiContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: AiResources, caller: Caller) -> None:
        super().__init__(caller)
        self.resources: Final = resources
        self.database: Final = resources.database
        self.now: Final = resources.clock()
        """One moment for the whole operation."""


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: AiSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[AiResources]:
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
        yield AiResources(
            database=database,
            redis=redis,
            platform=runtime.settings,
            settings=settings or AiSettings(),
            embedder=process_embedder(),
            clock=clock,
        )
