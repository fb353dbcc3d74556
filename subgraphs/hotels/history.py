"""What hotels, their room types and their nights are now, as the events that would say so.

Bulk loads tell of hotels only, not of rooms and nights; and a read model elsewhere that begins late has missed even
those. The domain keeps no events of its own, so this is the present state, not how it came about.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import func, select, text

from shared.contracts.hotels import HotelEvent
from shared.db import Database, ReadSession
from shared.messaging import EventEnvelope
from subgraphs.hotels.events import HotelCreated, InventoryChanged, RoomTypeChanged
from subgraphs.hotels.models import Hotel, RoomType

BATCH: Final = 200
"""Hotels that are read at a time."""
_EVERY_DAY: Final = [1, 2, 3, 4, 5, 6, 7]

# Runs of nights that are alike in being unlike the room type: other rooms than it has, or closed. A night like all
# others needs no telling, and almost all are.
_UNUSUAL_NIGHTS: Final = text("""
    WITH unusual AS (
        SELECT r.hotel_id, i.room_type_id, i.night, i.total, i.is_closed,
            i.night - (row_number() OVER (PARTITION BY i.room_type_id, i.total, i.is_closed ORDER BY i.night))::integer
                AS run
        FROM room_types r
        JOIN inventory_nights i ON i.room_type_id = r.id
        WHERE r.hotel_id = ANY(:hotel_ids) AND (i.total <> r.total_rooms OR i.is_closed)
    )
    SELECT hotel_id, room_type_id, total, is_closed, min(night) AS first_night, max(night) AS last_night
    FROM unusual
    GROUP BY hotel_id, room_type_id, total, is_closed, run
    ORDER BY room_type_id, first_night
""")


async def present_state(
    database: Database, *, after: UUID | None = None, batch: int = BATCH
) -> AsyncIterator[list[EventEnvelope]]:
    """Every hotel as ``hotel.created``, its room types, and the nights that are unlike their room type.

    The sequence of each is the hotel's version, and the ids follow from what they are about and that version: telling
    twice without a change between tells the same. Prices are not told; ``rates.changed`` has no reader that needs them.

    No transaction stays open between two batches. Changes that are made meanwhile are published in the ordinary way,
    with a higher version.

    Args:
        database: Of hotels.
        after: Go on behind this hotel; from the beginning when ``None``.
        batch: Hotels of one batch.
    """
    last = after
    while True:
        async with database.read() as session:
            hotels = await _hotels(session, last, batch)
            if not hotels:
                return
            # Read after their hotels: they may be newer than the version that they are told with, never older.
            ids = [hotel.id for hotel in hotels]
            rooms = await _by_hotel(session, ids)
            nights = await session.execute(_UNUSUAL_NIGHTS, {"hotel_ids": ids})
            unusual: dict[UUID, list[Any]] = {}
            for run in nights:
                unusual.setdefault(run.hotel_id, []).append(run)
        yield [
            envelope
            for hotel in hotels
            for envelope in _envelopes(hotel, rooms.get(hotel.id, ()), unusual.get(hotel.id, ()))
        ]
        last = hotels[-1].id


async def hotel_count(database: Database) -> int:
    """How many hotels there are, for showing how far a reading is."""
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(Hotel)) or 0


async def _hotels(session: ReadSession, after: UUID | None, limit: int) -> Sequence[Hotel]:
    statement = select(Hotel).order_by(Hotel.id).limit(limit)
    if after is not None:
        statement = statement.where(Hotel.id > after)
    return (await session.scalars(statement)).all()


async def _by_hotel(session: ReadSession, hotel_ids: Collection[UUID]) -> Mapping[UUID, Sequence[RoomType]]:
    rows = await session.scalars(
        select(RoomType).where(RoomType.hotel_id.in_(hotel_ids)).order_by(RoomType.position, RoomType.id)
    )
    found: dict[UUID, list[RoomType]] = {}
    for row in rows:
        found.setdefault(row.hotel_id, []).append(row)
    return found


def _envelopes(hotel: Hotel, rooms: Sequence[RoomType], unusual: Sequence[Any]) -> list[EventEnvelope]:
    told = [_envelope(hotel, HotelCreated.of(hotel), hotel.id, "hotel")]
    told += [_envelope(hotel, RoomTypeChanged.of(room, hotel.currency), room.id, "room type") for room in rooms]
    for run in unusual:
        event = InventoryChanged(
            hotel_id=hotel.id,
            room_type_id=run.room_type_id,
            first_night=run.first_night,
            last_night=run.last_night,
            weekdays=_EVERY_DAY,
            total=run.total,
            is_closed=run.is_closed,
        )
        about = f"nights {run.first_night} {run.last_night} {run.total} {run.is_closed}"
        told.append(_envelope(hotel, event, run.room_type_id, about))
    return told


def _envelope(hotel: Hotel, event: HotelEvent, subject: UUID, about: str) -> EventEnvelope:
    event_id = uuid5(subject, f"{about} {hotel.version}")
    return EventEnvelope(
        id=event_id,
        type=event.type,
        version=1,
        occurred_at=hotel.updated_at,
        aggregate_id=hotel.id,
        aggregate_sequence=hotel.version,
        correlation_id=event_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(event)),
    )
