"""What the commands about gamification share: its database, and one snapshot of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.db import Database

T = TypeVar("T")


def with_gamification(use: Callable[[Database, Redis], Awaitable[T]]) -> T:
    """Run ``use`` on the gamification database and cache of this machine, or of ``RESERVEI_*_URL``."""
    from reservei.cli.serve import local_platform
    from shared.config import platform_settings
    from shared.db import Database, domain_database_url

    async def run() -> T:
        from redis.asyncio import Redis

        settings = platform_settings()
        assert settings.redis_url is not None  # `local_platform` has seen to it
        database = Database(
            domain_database_url(settings, "gamification"), application_name="reservei-operator", pool_size=2
        )
        redis = Redis.from_url(settings.redis_url, decode_responses=True)
        try:
            return await use(database, redis)
        finally:
            await redis.aclose()
            await database.close()

    with local_platform(("gamification",)):
        return asyncio.run(run())
