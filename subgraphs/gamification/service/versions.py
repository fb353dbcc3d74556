"""Every change of a traveler's points and progress, in order: what live updates show.

Changes are read from the tables whenever something is announced, so none is lost when announcements are merged or
missed; and there is no queue, so a slow reader costs nothing but time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeAlias
from uuid import UUID

from shared.db import Database
from shared.pubsub import LiveUpdates
from subgraphs.gamification.models import LedgerEntry, Progress, ProgressUpdate, Traveler
from subgraphs.gamification.repository import ledger, progress, travelers

LOOK_ANYWAY_SECONDS: Final = 5.0
"""An announcement may get lost."""

MissionChange: TypeAlias = Progress | ProgressUpdate
"""Progress as it is, or as it was after a change: both say the same."""


async def follow_points(
    database: Database, live: LiveUpdates, user_id: UUID, *, after: int | None = None
) -> AsyncGenerator[Traveler | LedgerEntry, None]:
    """The traveler's balances as they are now, then after each later entry of the ledger, once and in order.

    Args:
        database: Of gamification.
        live: Says when to look again.
        user_id: The traveler.
        after: The last sequence that the reader has seen: then every entry behind it, and no snapshot.
    """
    async with _news(live, user_id) as news:
        shown = after
        if shown is None:
            async with database.read() as session:
                traveler = (await travelers.by_ids(session, [user_id])).get(user_id)
            if traveler is None:
                traveler = Traveler(user_id=user_id, pending=0, available=0, reserved=0, ledger_sequence=0)
            yield traveler
            shown = traveler.ledger_sequence
        while True:
            async with database.read() as session:
                newer: Sequence[LedgerEntry] = await ledger.newer(session, user_id, shown)
            for entry in newer:
                shown = entry.sequence
                yield entry
            if not newer:
                await anext(news)


async def follow_missions(
    database: Database, live: LiveUpdates, user_id: UUID, *, after: int | None = None
) -> AsyncGenerator[MissionChange, None]:
    """The traveler's progress in each mission that they have begun, then each later change, once and in order.

    Args:
        database: Of gamification.
        live: Says when to look again.
        user_id: The traveler.
        after: The last sequence that the reader has seen: then every change behind it, and no snapshot.
    """
    async with _news(live, user_id) as news:
        shown = after
        if shown is None:
            async with database.read() as session:
                rows = (await progress.of_users(session, [user_id])).get(user_id, ())
            for row in sorted(rows, key=lambda each: each.sequence):
                yield row
            shown = max((row.sequence for row in rows), default=0)
        while True:
            async with database.read() as session:
                newer: Sequence[ProgressUpdate] = await progress.newer(session, user_id, shown)
            for update in newer:
                shown = update.sequence
                yield update
            if not newer:
                await anext(news)


@asynccontextmanager
async def _news(live: LiveUpdates, user_id: UUID) -> AsyncIterator[AsyncIterator[None]]:
    """Says when to look again: something was announced, or it is time to look anyway."""
    async with live.changes(f"gamification:{user_id}") as changes:

        async def look() -> AsyncGenerator[None, None]:
            waiting = asyncio.ensure_future(anext(changes))
            try:
                while True:
                    await asyncio.wait([waiting], timeout=LOOK_ANYWAY_SECONDS)
                    if waiting.done():
                        waiting.result()
                        waiting = asyncio.ensure_future(anext(changes))
                    yield
            finally:
                waiting.cancel()

        news = look()
        try:
            yield news
        finally:
            await news.aclose()
