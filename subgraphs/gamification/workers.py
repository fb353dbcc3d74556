"""What gamification does without being asked: points expire, windows move on, scores go to Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from redis.asyncio import Redis

from shared.config import PlatformSettings
from shared.db import Database, utc_now
from subgraphs.gamification.repository import progress, travelers
from subgraphs.gamification.service import boards
from subgraphs.gamification.service.settling import settle_all
from subgraphs.gamification.settings import GamificationSettings

log = structlog.get_logger(__name__)

BATCH: Final = 50
"""Travelers per transaction: their rows are locked for its length."""
_SECONDS_BETWEEN_PRUNES: Final = 3600.0


def background_tasks(
    settings: PlatformSettings, database: Database
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    knobs = GamificationSettings()

    async def keep_up(stop: asyncio.Event) -> None:
        await _repeat(lambda: settle_due(database, utc_now()), knobs.poll_seconds, stop)

    async def rank(stop: asyncio.Event) -> None:
        if settings.redis_url is None:
            raise RuntimeError("RESERVEI_REDIS_URL is not set")
        redis = Redis.from_url(settings.redis_url, decode_responses=True)
        try:
            await _repeat(lambda: boards.write_changes(database, redis), knobs.poll_seconds, stop)
        finally:
            await redis.aclose()

    async def prune(stop: asyncio.Event) -> None:
        async def once() -> int:
            async with database.transaction() as session:
                await progress.prune_updates(session, utc_now() - timedelta(days=knobs.update_days))
            return 0

        await _repeat(once, _SECONDS_BETWEEN_PRUNES, stop)

    return [keep_up, rank, prune]


async def settle_due(database: Database, now: datetime) -> int:
    """Settle travelers for whom it is time, and return how many. Any number of processes may do so at once."""
    async with database.transaction() as session:
        due = await travelers.due(session, now, BATCH)
        await settle_all(session, due, now)
    return len(due)


async def _repeat(work: Callable[[], Awaitable[int]], nap: float, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set, with a nap whenever there was nothing to do."""
    while not stop.is_set():
        try:
            is_idle = await work() == 0
        except Exception:  # the loop must outlive whatever the servers or a bug throw at it
            log.exception("a background task of gamification failed")
            is_idle = True
        if is_idle:
            try:
                await asyncio.wait_for(stop.wait(), nap)
            except TimeoutError:
                continue
