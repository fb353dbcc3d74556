"""What analytics does without being asked: takes events into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings
from shared.pubsub import LiveUpdates
from subgraphs.analytics.ingest.ingester import BatchPolicy, Ingester
from subgraphs.analytics.settings import AnalyticsSettings
from subgraphs.analytics.store import AnalyticsStore


def background_tasks(settings: PlatformSettings) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    knobs = AnalyticsSettings()

    async def ingest(stop: asyncio.Event) -> None:
        assert settings.clickhouse_url is not None
        assert settings.redis_url is not None
        batch = BatchPolicy(knobs.batch_events, knobs.batch_seconds)
        async with AnalyticsStore(settings.clickhouse_url) as store, LiveUpdates(settings.redis_url) as live:
            await Ingester(settings.broker_url or settings.redis_url, store, live, batch=batch).run(stop)

    return [ingest]
