"""Statements that take rooms and give them back: how many are held and sold on each night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession


@dataclass(frozen=True, slots=True)
class RoomChange:
    """Rooms to add to one night; negative ones are given back."""

    held: int = 0
    sold: int = 0

    def __add__(self, other: RoomChange) -> RoomChange:
        return RoomChange(self.held + other.held, self.sold + other.sold)

    def __neg__(self) -> RoomChange:
        return RoomChange(-self.held, -self.sold)


NightChanges: TypeAlias = Mapping[tuple[UUID, date], RoomChange]
"""What to add to nights, by room type and night."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why rooms could not be taken."""

    is_known: bool
    """Whether there is such a room type."""
    is_closed: bool
    """Whether it is not sold: the room type is not offered, or a night is closed or not in the calendar."""
    short_nights: tuple[date, ...]
    """The open nights without enough rooms, in order."""


class LostNight(Exception):
    """A night of which rooms are held or sold is no longer in the calendar."""


# Everybody who changes nights locks them first, in key order: so overlapping stays wait for each other in a line and
# never in a circle.
_LOCK = text("""
    SELECT FROM inventory_nights
    WHERE room_type_id = ANY(:room_type_ids) AND night = ANY(:nights)
    ORDER BY room_type_id, night
    FOR NO KEY UPDATE
""")

# A statement of its own, because its snapshot sees everything that the lock waited for. One night that is not free
# keeps every night as it is.
_TAKE = text("""
    WITH stay AS (
        SELECT i.room_type_id, i.night, w.rooms, i.is_closed,
            NOT i.is_closed AND i.total - i.held - i.sold >= w.rooms AS is_free
        FROM unnest(CAST(:nights AS date[]), CAST(:rooms AS integer[])) AS w(night, rooms)
        JOIN inventory_nights i ON i.room_type_id = :room_type_id AND i.night = w.night
    ), taken AS (
        UPDATE inventory_nights AS i SET held = i.held + stay.rooms
        FROM stay
        WHERE i.room_type_id = stay.room_type_id AND i.night = stay.night
            AND (SELECT count(*) = :night_count AND bool_and(is_free) FROM stay)
            AND (SELECT is_active FROM room_types WHERE id = :room_type_id)
        RETURNING i.night
    )
    SELECT (SELECT count(*) FROM taken) AS taken,
        (SELECT is_active FROM room_types WHERE id = :room_type_id) AS is_active,
        count(*) < :night_count OR coalesce(bool_or(is_closed), false) AS is_closed,
        coalesce(array_agg(night ORDER BY night) FILTER (WHERE NOT is_free AND NOT is_closed), '{}') AS short_nights
    FROM stay
""")

_MOVE = text("""
    UPDATE inventory_nights AS i SET held = i.held + change.held, sold = i.sold + change.sold
    FROM unnest(CAST(:room_type_ids AS uuid[]), CAST(:nights AS date[]),
                CAST(:held AS integer[]), CAST(:sold AS integer[])) AS change(room_type_id, night, held, sold)
    WHERE i.room_type_id = change.room_type_id AND i.night = change.night
    RETURNING i.night
""")


async def take(session: WriteSession, room_type_id: UUID, rooms_by_night: Mapping[date, int]) -> Shortage | None:
    """Hold so many rooms on each night, or none on any.

    Args:
        session: The transaction.
        room_type_id: Of which rooms.
        rooms_by_night: At least one on each night; when empty, nothing is missing.

    Returns:
        What is missing; ``None`` when the rooms are held.
    """
    if not rooms_by_night:
        return None
    await session.execute(
        _LOCK, {"room_type_ids": [room_type_id] * len(rooms_by_night), "nights": list(rooms_by_night)}
    )
    result = await session.execute(
        _TAKE,
        {
            "room_type_id": room_type_id,
            "nights": list(rooms_by_night),
            "rooms": list(rooms_by_night.values()),
            "night_count": len(rooms_by_night),
        },
    )
    row = result.one()
    if row.taken == len(rooms_by_night):
        return None
    return Shortage(
        is_known=row.is_active is not None,
        is_closed=row.is_active is not True or row.is_closed,
        short_nights=tuple(row.short_nights),
    )


async def move(session: WriteSession, changes: NightChanges) -> None:
    """Change the rooms of nights that the caller has a claim on, so that nothing has to be asked.

    Raises:
        LostNight: one of the nights does not exist.
        IntegrityError: the claim was wrong: a night would be oversold, or give back more than it had.
    """
    nights = {key: change for key, change in changes.items() if change != RoomChange()}
    if not nights:
        return
    parameters: dict[str, Any] = {
        "room_type_ids": [room_type_id for room_type_id, _ in nights],
        "nights": [night for _, night in nights],
        "held": [change.held for change in nights.values()],
        "sold": [change.sold for change in nights.values()],
    }
    await session.execute(_LOCK, {name: parameters[name] for name in ("room_type_ids", "nights")})
    moved = (await session.execute(_MOVE, parameters)).all()
    if len(moved) != len(nights):
        raise LostNight(f"{len(nights) - len(moved)} of {len(nights)} nights are not in the calendar")
