"""A user's notifications as they come, in order and each once: what live updates show.

They are read from the table whenever something is announced, so none is lost when announcements are merged or missed;
and there is no queue, so a slow reader costs nothing but time. Numbers are given under the lock of the user's feed:
whoever has seen one will meet no smaller one later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from shared.db import Database
from shared.pubsub import LiveUpdates
from subgraphs.notifications.events import live_channel
from subgraphs.notifications.models import Notification
from subgraphs.notifications.repository import feeds, notifications

LATEST: Final = 20
"""How many unread notifications begin the stream: the newest."""
AT_ONCE: Final = 100
LOOK_ANYWAY_SECONDS: Final = 5.0
"""An announcement may get lost."""


async def follow(
    database: Database, live: LiveUpdates, user_id: UUID, *, after: int | None = None
) -> AsyncGenerator[Notification, None]:
    """The user's newest unread notifications, the oldest of them first, and then each new one, without an end.

    Args:
        database: Of notifications.
        live: Says when to look again.
        user_id: Whose.
        after: The last sequence that the reader has seen: then every notification behind it, and no snapshot.
    """
    async with live.changes(live_channel(user_id)) as changes:
        change = asyncio.ensure_future(anext(changes))
        try:
            if after is None:
                # The counter first: what is written between the two is then in the stream, and perhaps in both.
                async with database.read() as session:
                    after = await feeds.last_sequence(session, user_id)
                    unread = await notifications.newest_unread(session, user_id, LATEST)
                for notification in reversed(unread):
                    if notification.sequence <= after:
                        yield notification
            while True:
                async with database.read() as session:
                    newer = await notifications.after(session, user_id, after, AT_ONCE)
                for notification in newer:
                    after = notification.sequence
                    yield notification
                if len(newer) == AT_ONCE:
                    continue
                await asyncio.wait({change}, timeout=LOOK_ANYWAY_SECONDS)
                if change.done():
                    change = asyncio.ensure_future(anext(changes))
        finally:
            change.cancel()
