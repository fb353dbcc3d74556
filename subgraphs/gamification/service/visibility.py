"""Whether travelers are shown on leaderboards."""

from __future__ import annotations

from uuid import UUID

from shared.db import WriteSession
from subgraphs.gamification.repository import travelers
from subgraphs.gamification.service.errors import AccountGone


async def show(session: WriteSession, user_id: UUID, *, is_visible: bool) -> None:
    """Show a traveler on leaderboards, or do not. Raises :class:`AccountGone` when the account was deleted."""
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is not None:
        raise AccountGone
    if traveler.is_on_leaderboards != is_visible:
        traveler.is_on_leaderboards = is_visible
        await travelers.note_board_change(session, user_id)
