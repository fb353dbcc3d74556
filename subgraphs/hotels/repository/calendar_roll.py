"""Statements that keep calendars as long as stays may begin ahead."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import ReadSession, WriteSession

# The last night that a calendar should have, by its hotel's own date.
_LAST = "((CAST(:now AS timestamptz) AT TIME ZONE h.time_zone)::date + CAST(:days AS integer))"

_PAGE = text("SELECT id FROM hotels WHERE CAST(:after AS uuid) IS NULL OR id > :after ORDER BY id LIMIT :limit")

# A calendar goes on from its last night, so that gaps stay what they are: nights that the manager does not sell. A new
# night costs what the same weekday cost 52 weeks before, because that is the best guess at its season.
_EXTEND = text(f"""
    WITH added AS (
        INSERT INTO inventory_nights (room_type_id, night, price_minor, total, min_stay)
        SELECT rt.id, d.night::date, coalesce(y.price_minor, rt.base_price_minor), rt.total_rooms,
            coalesce(y.min_stay, 1)
        FROM hotels h
        JOIN room_types rt ON rt.hotel_id = h.id AND rt.is_active
        CROSS JOIN LATERAL (SELECT max(i.night) AS night FROM inventory_nights i WHERE i.room_type_id = rt.id) AS last
        CROSS JOIN LATERAL generate_series(
            (last.night + 1)::timestamp, {_LAST}::timestamp, '1 day'
        ) AS d(night)
        LEFT JOIN inventory_nights y ON y.room_type_id = rt.id AND y.night = d.night::date - 364
        WHERE h.id = ANY(:hotel_ids) AND last.night IS NOT NULL
        ORDER BY rt.id, d.night
        ON CONFLICT (room_type_id, night) DO NOTHING
        RETURNING 1
    )
    SELECT count(*) FROM added
""")  # noqa: S608  # a constant


async def hotel_ids(session: ReadSession, *, after: UUID | None, limit: int) -> list[UUID]:
    """Hotels in the order of their ids, behind ``after``."""
    return list(await session.scalars(_PAGE, {"after": after, "limit": limit}))


async def extend(session: WriteSession, hotel_ids: Collection[UUID], *, now: datetime, days: int) -> int:
    """Add the nights up to ``days`` from today to the calendars of hotels, which must be locked; return how many."""
    return int(await session.scalar(_EXTEND, {"now": now, "days": days, "hotel_ids": list(hotel_ids)}) or 0)
