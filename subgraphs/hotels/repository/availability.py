"""Which room types are free for a stay, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, FromClause, cast, func, or_, select, text

from shared.db import ReadSession
from subgraphs.hotels.models import Hotel, InventoryNight, RoomType
from subgraphs.hotels.stays import Stay


@dataclass(frozen=True, slots=True)
class Offer:
    """A room type that is free on every night of a stay."""

    room_type_id: UUID
    nightly_minor: tuple[int, ...]
    """Price of one room, per night in order."""
    total_minor: int
    """Price of all rooms for the whole stay."""
    rooms_left: int
    """Rooms free on the fullest night."""


def cheapest_total(stay: Stay) -> FromClause:
    """For a row of ``hotels``: ``total``, the cheapest price of the stay in one room type; NULL when none is free.

    A lateral join, so that a search in the order of an index prices only the hotels it comes to. The same rule as
    :func:`offers`: every night exists, is open and has enough rooms, the arrival night accepts so few nights, and the
    guests fit.
    """
    night, room_type = InventoryNight, RoomType
    per_type = (
        select((func.sum(night.price_minor) * stay.rooms).label("total"))
        .join_from(room_type, night, night.room_type_id == room_type.id)
        .where(
            room_type.hotel_id == Hotel.id,
            room_type.is_active,
            room_type.max_guests * stay.rooms >= stay.guests,
            night.night >= stay.check_in,
            night.night < stay.check_out,
            ~night.is_closed,
            night.total - night.held - night.sold >= stay.rooms,
            or_(night.night > stay.check_in, night.min_stay <= stay.night_count),
        )
        .group_by(room_type.id)
        .having(func.count() == stay.night_count)
        .correlate(Hotel)
        .subquery("per_type")
    )
    return select(cast(func.min(per_type.c.total), BigInteger).label("total")).lateral("stay")


_OFFERS = text("""
    SELECT a.ordinal, rt.id AS room_type_id,
        array_agg(i.price_minor ORDER BY i.night) AS nightly,
        sum(i.price_minor) * a.rooms AS total,
        min(i.total - i.held - i.sold + least(coalesce(h.rooms, 0), a.rooms)) AS rooms_left
    FROM unnest(
        CAST(:hotel_ids AS uuid[]), CAST(:check_ins AS date[]), CAST(:check_outs AS date[]),
        CAST(:guests AS integer[]), CAST(:rooms AS integer[]), CAST(:replaced AS uuid[])
    ) WITH ORDINALITY AS a(hotel_id, check_in, check_out, guests, rooms, replaced, ordinal)
    JOIN room_types rt ON rt.hotel_id = a.hotel_id AND rt.is_active AND rt.max_guests * a.rooms >= a.guests
    JOIN inventory_nights i ON i.room_type_id = rt.id AND i.night >= a.check_in AND i.night < a.check_out
    LEFT JOIN inventory_holds h ON h.hold_id = a.replaced AND h.state = 'CONFIRMED' AND h.room_type_id = rt.id
        AND i.night >= h.check_in AND i.night < h.check_out
    WHERE NOT i.is_closed AND i.total - i.held - i.sold + least(coalesce(h.rooms, 0), a.rooms) >= a.rooms
        AND (i.night > a.check_in OR i.min_stay <= a.check_out - a.check_in)
    GROUP BY a.ordinal, a.check_in, a.check_out, a.rooms, rt.id
    HAVING count(*) = a.check_out - a.check_in
    ORDER BY a.ordinal, total, rt.position, rt.id
""")


async def offers(session: ReadSession, asked: Collection[tuple[UUID, Stay]]) -> dict[tuple[UUID, Stay], list[Offer]]:
    """The free room types of each hotel for its stay, the cheapest first: one query for all.

    Rooms that a stay's ``replaces_hold_id`` has bought count as free, as they do when a hold takes its place.
    """
    keys = list(asked)
    result = await session.execute(
        _OFFERS,
        {
            "hotel_ids": [hotel_id for hotel_id, _ in keys],
            "check_ins": [stay.check_in for _, stay in keys],
            "check_outs": [stay.check_out for _, stay in keys],
            "guests": [stay.guests for _, stay in keys],
            "rooms": [stay.rooms for _, stay in keys],
            "replaced": [stay.replaces_hold_id for _, stay in keys],
        },
    )
    found: defaultdict[tuple[UUID, Stay], list[Offer]] = defaultdict(list)
    for row in result:
        found[keys[row.ordinal - 1]].append(
            Offer(row.room_type_id, tuple(row.nightly), int(row.total), int(row.rooms_left))
        )
    return {key: found[key] for key in keys}
