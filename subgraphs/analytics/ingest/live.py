"""Where it is announced that the figures of a hotel may have changed."""

from __future__ import annotations

from uuid import UUID


def live_channel(hotel_id: UUID | str) -> str:
    """The channel of ``LiveUpdates`` for one hotel."""
    return f"analytics:{hotel_id}"
