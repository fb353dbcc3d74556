"""Removing what is old, now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from shared.db import Database, utc_now
from shared.messaging.pauses import rest
from subgraphs.notifications.repository import retention
from subgraphs.notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 3600.0
EVENTS_KEPT_FOR: Final = timedelta(days=60)
"""Longer than any broker or provider repeats itself: an old event must not bring back what is over."""


class Housekeeper:
    """Any number may run at once: each skips what another is just removing."""

    def __init__(
        self, database: Database, settings: NotificationsSettings, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Remove what is old every hour until ``stop`` is set. A database that is away is waited for."""
        while not stop.is_set():
            try:
                await self.run_once(stop)
            except Exception as error:  # the loop must outlive whatever the database or a bug throws at it
                log.warning("housekeeping failed, will try again", exc_info=error)
            await rest(stop, PAUSE_SECONDS)

    async def run_once(self, stop: asyncio.Event) -> int:
        """Remove all that is old, and say how much that was; ends early when ``stop`` is set."""
        now = self._clock()
        kept_from = now - timedelta(days=self._settings.keep_days)
        total = 0
        for delete, before in (
            (retention.delete_notifications, kept_from),
            (retention.delete_schedules, now - EVENTS_KEPT_FOR),
            (retention.delete_reports, now - EVENTS_KEPT_FOR),
        ):
            removed = retention.BATCH
            while removed >= retention.BATCH and not stop.is_set():
                async with self._database.transaction() as session:
                    removed = await delete(session, before)
                total += removed
        return total
