"""Statements on the calendar of rates and inventory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from shared.db import ReadSession, WriteSession
from subgraphs.hotels.models import InventoryNight


@dataclass(frozen=True, slots=True)
class NightRange:
    """Nights of one room type, from ``first`` to ``last``, both included."""

    room_type_id: UUID
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class CalendarChange:
    """What to set on every night of a range; ``None`` leaves it as it is."""

    price_minor: int | None = None
    min_stay: int | None = None
    total: int | None = None
    is_closed: bool | None = None


@dataclass(frozen=True, slots=True)
class TakenNight:
    """A night with more rooms held and sold than the new total would allow."""

    night: date
    taken: int


# One statement for the whole range. The rows are locked night by night in key order, as everybody locks them, so two
# changes and a booking that overlap wait for each other and never deadlock. A night where the new total is too small
# is locked, left as it is, and missing from the answer. New nights begin with the room type's own values.
_CHANGE = text("""
    INSERT INTO inventory_nights AS n (room_type_id, night, price_minor, min_stay, total, is_closed)
    SELECT rt.id, d.night::date,
        coalesce(CAST(:price_minor AS integer), rt.base_price_minor), coalesce(CAST(:min_stay AS smallint), 1),
        coalesce(CAST(:total AS smallint), rt.total_rooms), coalesce(CAST(:is_closed AS boolean), false)
    FROM room_types rt
    CROSS JOIN generate_series(CAST(:first AS date)::timestamp, CAST(:last AS date)::timestamp, '1 day') AS d(night)
    WHERE rt.id = :room_type_id AND extract(isodow FROM d.night)::integer = ANY(CAST(:weekdays AS integer[]))
    ORDER BY rt.id, d.night
    ON CONFLICT (room_type_id, night) DO UPDATE SET
        price_minor = coalesce(CAST(:price_minor AS integer), n.price_minor),
        min_stay = coalesce(CAST(:min_stay AS smallint), n.min_stay),
        total = coalesce(CAST(:total AS smallint), n.total),
        is_closed = coalesce(CAST(:is_closed AS boolean), n.is_closed)
    WHERE n.held + n.sold <= coalesce(CAST(:total AS smallint), n.total)
    RETURNING n.night
""")

_TAKEN = text("""
    SELECT night, held + sold AS taken FROM inventory_nights
    WHERE room_type_id = :room_type_id AND night BETWEEN :first AND :last
        AND extract(isodow FROM night)::integer = ANY(CAST(:weekdays AS integer[])) AND held + sold > :total
    ORDER BY night
""")

_NIGHTS = text("""
    SELECT a.ordinal, i.*
    FROM unnest(CAST(:room_type_ids AS uuid[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]))
        WITH ORDINALITY AS a(room_type_id, first, last, ordinal)
    JOIN inventory_nights i ON i.room_type_id = a.room_type_id AND i.night BETWEEN a.first AND a.last
    ORDER BY a.ordinal, i.night
""")


async def change(
    session: WriteSession, nights: NightRange, weekdays: Collection[int], what: CalendarChange
) -> list[date]:
    """Set ``what`` on the nights of a range that fall on ISO ``weekdays`` (1 is Monday).

    Returns:
        The nights that were set; one that is missing has more rooms taken than the new total.
    """
    result = await session.scalars(
        _CHANGE,
        {
            "room_type_id": nights.room_type_id,
            "first": nights.first,
            "last": nights.last,
            "weekdays": sorted(weekdays),
            "price_minor": what.price_minor,
            "min_stay": what.min_stay,
            "total": what.total,
            "is_closed": what.is_closed,
        },
    )
    return list(result)


async def taken_above(
    session: ReadSession, nights: NightRange, weekdays: Collection[int], total: int
) -> list[TakenNight]:
    """The nights of a range on which more than ``total`` rooms are held or sold."""
    result = await session.execute(
        _TAKEN,
        {
            "room_type_id": nights.room_type_id,
            "first": nights.first,
            "last": nights.last,
            "weekdays": sorted(weekdays),
            "total": total,
        },
    )
    return [TakenNight(row.night, row.taken) for row in result]


async def nights_of(session: ReadSession, ranges: Collection[NightRange]) -> dict[NightRange, Sequence[InventoryNight]]:
    """The nights of each range that the calendar has, in order: one query for all."""
    keys = list(ranges)
    result = await session.execute(
        _NIGHTS,
        {
            "room_type_ids": [key.room_type_id for key in keys],
            "firsts": [key.first for key in keys],
            "lasts": [key.last for key in keys],
        },
    )
    found: dict[NightRange, list[InventoryNight]] = {key: [] for key in keys}
    for row in result:
        found[keys[row.ordinal - 1]].append(
            InventoryNight(
                room_type_id=row.room_type_id,
                night=row.night,
                price_minor=row.price_minor,
                total=row.total,
                held=row.held,
                sold=row.sold,
                min_stay=row.min_stay,
                is_closed=row.is_closed,
            )
        )
    return {key: found[key] for key in keys}
