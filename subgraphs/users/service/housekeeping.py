"""Removes what nobody can use any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from shared.db import WriteSession
from subgraphs.users.repository import one_time_tokens, sessions, signing_keys

KEPT_FOR: Final = timedelta(days=30)
"""Ended sessions and used tokens stay for this long: a stolen token that turns up late is still recognised."""
BATCH: Final = 1_000


async def purge(session: WriteSession, now: datetime) -> int:
    """Delete one batch of each kind of expired row, and return how many rows that were (without cascades)."""
    return (
        await one_time_tokens.purge(session, before=now, limit=BATCH)
        + await sessions.purge(session, before=now - KEPT_FOR, limit=BATCH)
        + await sessions.purge_refresh_tokens(session, before=now - KEPT_FOR, limit=BATCH)
        + await signing_keys.purge(session, before=now - KEPT_FOR)
    )
