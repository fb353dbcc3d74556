"""Rooms that were sold before we knew: other systems' bookings, and the demo market's full nights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldRow:
    """So many rooms of a room type are sold on a night; more than there are means all of them."""

    room_type_id: UUID
    night: date
    rooms: int


# Rows are locked in key order, as bookings do, so that neither waits for the other in a circle.
_SELL = text("""
    WITH wanted AS (
        SELECT i.room_type_id, i.night, w.rooms
        FROM unnest(CAST(:room_type_ids AS uuid[]), CAST(:nights AS date[]), CAST(:rooms AS integer[]))
            AS w(room_type_id, night, rooms)
        JOIN inventory_nights i ON i.room_type_id = w.room_type_id AND i.night = w.night
        WHERE i.sold = 0 AND i.held = 0 AND i.total > 0
        ORDER BY i.room_type_id, i.night
        FOR NO KEY UPDATE OF i
    )
    UPDATE inventory_nights AS i SET sold = least(i.total, wanted.rooms)
    FROM wanted
    WHERE i.room_type_id = wanted.room_type_id AND i.night = wanted.night
""")


async def record_sold_nights(session: WriteSession, rows: Sequence[SoldRow]) -> None:
    """Mark rooms as sold on nights of which no room is sold or held yet; every other night stays as it is."""
    if not rows:
        return
    await session.execute(
        _SELL,
        {
            "room_type_ids": [row.room_type_id for row in rows],
            "nights": [row.night for row in rows],
            "rooms": [row.rooms for row in rows],
        },
    )
