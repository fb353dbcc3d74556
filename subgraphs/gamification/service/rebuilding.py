"""Works every traveler's standing out again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.db import Database
from subgraphs.gamification.events import Cause
from subgraphs.gamification.repository import travelers
from subgraphs.gamification.service.settling import settle

_BATCH: Final = 100


async def rebuild(database: Database, now: datetime, progress: Callable[[int], None]) -> tuple[int, int]:
    """Settle all travelers, each in a transaction of its own; how many there are, and how many changed by it."""
    seen = changed = 0
    last: UUID | None = None
    while True:
        async with database.read() as session:
            ids = await travelers.after(session, last, _BATCH)
        if not ids:
            return seen, changed
        for user_id in ids:
            async with database.transaction() as session:
                traveler = await travelers.lock(session, user_id)
                before = traveler.version
                await settle(session, traveler, now, Cause())
                changed += traveler.version != before
        last = ids[-1]
        seen += len(ids)
        progress(seen)
