"""Removes the sagas that nobody will ask about any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database, utc_now
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.settings import BookingsSettings

log = structlog.get_logger(__name__)

BATCH: Final = 500


class SagaCleaner:
    """Looks now and then. Any number may run: they skip each other's rows."""

    def __init__(
        self, database: Database, settings: BookingsSettings, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Clean until ``stop`` is set."""
        while not stop.is_set():
            try:
                await self.run_once()
            except (SQLAlchemyError, OSError) as error:
                log.warning("old sagas not removed, will try again", error=repr(error))
            try:
                await asyncio.wait_for(stop.wait(), self._settings.housekeeping_seconds)
            except TimeoutError:
                continue

    async def run_once(self) -> int:
        """Remove all that is old enough, a short transaction a batch, and return how many sagas that were."""
        before = self._clock() - timedelta(days=self._settings.finished_sagas_days)
        removed = 0
        after: sagas.Position | None = None
        while True:
            async with self._database.transaction() as session:
                count, after = await sagas.purge(session, before=before, after=after, limit=BATCH)
            removed += count
            if after is None:
                return removed
