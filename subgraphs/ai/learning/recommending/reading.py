"""What recommendations read from the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from shared.db import ReadSession
from subgraphs.ai.learning.recommending.history import Catalogue, History, Interaction, catalogue_of, history_of
from subgraphs.ai.learning.stays import SOLD
from subgraphs.ai.models.learning import StayRow, ViewRow
from subgraphs.ai.models.search import HotelText

VIEWS_COUNT_FOR: Final = timedelta(days=180)
STAYS_COUNT_FOR: Final = timedelta(days=3 * 365)
MOST_INTERACTIONS: Final = 300
"""The newest of a traveler that count."""


@dataclass(frozen=True, slots=True)
class HotelName:
    """What a reason says about a hotel."""

    name: str
    place: str
    """Its destination's names; the first line or part is shown."""
    destination_id: UUID
    is_listed: bool


async def training_data(session: ReadSession, now: datetime) -> tuple[Catalogue, History]:
    """Everything that recommendations are learned from."""
    hotels = await session.execute(
        sa.select(HotelText.hotel_id, HotelText.destination_id, HotelText.embedding)
        .where(HotelText.is_listed)
        .order_by(HotelText.hotel_id)
    )
    catalogue = catalogue_of([(row.hotel_id, row.destination_id, row.embedding) for row in hotels])
    stays = await session.execute(
        sa.select(StayRow.user_id, StayRow.hotel_id, StayRow.booked_at, StayRow.check_in).where(
            StayRow.state.in_(SOLD), StayRow.booked_at > now - STAYS_COUNT_FOR
        )
    )
    interactions = [Interaction(row.user_id, row.hotel_id, row.booked_at.date(), row.check_in.month) for row in stays]
    views = await session.execute(
        sa.select(ViewRow.user_id, ViewRow.hotel_id, ViewRow.viewed_at).where(ViewRow.viewed_at > now - VIEWS_COUNT_FOR)
    )
    interactions += [
        Interaction(row.user_id, row.hotel_id, row.viewed_at.date(), row.viewed_at.month, is_view=True) for row in views
    ]
    return catalogue, history_of(catalogue, interactions)


async def interests_of(session: ReadSession, user_id: UUID, now: datetime) -> Sequence[tuple[UUID, bool]]:
    """The hotels a traveler booked or looked at, the newest first, and whether they only looked."""
    stays = sa.select(StayRow.hotel_id, sa.literal(False).label("is_view"), StayRow.booked_at.label("at")).where(
        StayRow.user_id == user_id, StayRow.state.in_(SOLD)
    )
    views = sa.select(ViewRow.hotel_id, sa.literal(True), ViewRow.viewed_at).where(
        ViewRow.user_id == user_id, ViewRow.viewed_at > now - VIEWS_COUNT_FOR
    )
    both = sa.union_all(stays, views).subquery()
    rows = await session.execute(
        sa.select(both.c.hotel_id, both.c.is_view).order_by(both.c.at.desc()).limit(MOST_INTERACTIONS)
    )
    return [(row.hotel_id, row.is_view) for row in rows]


async def names_of(session: ReadSession, hotel_ids: Collection[UUID]) -> Mapping[UUID, HotelName]:
    """Names and places of those hotels that we know of."""
    rows = await session.execute(
        sa.select(
            HotelText.hotel_id, HotelText.name, HotelText.place, HotelText.destination_id, HotelText.is_listed
        ).where(HotelText.hotel_id == sa.any_(sa.literal(list(hotel_ids), sa.ARRAY(sa.Uuid()))))
    )
    return {row.hotel_id: HotelName(row.name, row.place, row.destination_id, row.is_listed) for row in rows}


async def popular_in(session: ReadSession, month: int | None, limit: int) -> Sequence[tuple[UUID, int]]:
    """Listed hotels by bookings in a month and those beside it, the most first; those without any come last."""
    counted = sa.select(StayRow.hotel_id, sa.func.count().label("bookings")).where(StayRow.state.in_(SOLD))
    if month is not None:
        months = [(month - 2) % 12 + 1, month, month % 12 + 1]
        counted = counted.where(sa.extract("month", StayRow.check_in).in_(months))
    counts = counted.group_by(StayRow.hotel_id).subquery()
    bookings = sa.func.coalesce(counts.c.bookings, 0)
    rows = await session.execute(
        sa.select(HotelText.hotel_id, bookings)
        .outerjoin(counts, counts.c.hotel_id == HotelText.hotel_id)
        .where(HotelText.is_listed)
        .order_by(bookings.desc(), HotelText.hotel_id)
        .limit(limit)
    )
    return [(hotel_id, int(count)) for hotel_id, count in rows]


_NEAREST: Final = sa.text("""
    SELECT origin.hotel_id AS origin, near.hotel_id, near.distance
    FROM hotels AS origin
    CROSS JOIN LATERAL (
        SELECT other.hotel_id, other.embedding <=> origin.embedding AS distance
        FROM hotels AS other
        WHERE other.is_listed AND other.hotel_id <> origin.hotel_id
            AND other.embedding_model = origin.embedding_model
        ORDER BY other.embedding <=> origin.embedding
        LIMIT :each
    ) AS near
    WHERE origin.hotel_id = ANY(:hotel_ids) AND origin.embedding IS NOT NULL
    ORDER BY origin.hotel_id, near.distance
""").bindparams(sa.bindparam("hotel_ids", type_=sa.ARRAY(sa.Uuid())))


async def nearest_to_each(
    session: ReadSession, hotel_ids: Collection[UUID], each: int
) -> Mapping[UUID, Sequence[tuple[UUID, float]]]:
    """Listed hotels with texts like those of each hotel, and their cosine similarity, the most alike first."""
    found: dict[UUID, list[tuple[UUID, float]]] = {}
    for row in await session.execute(_NEAREST, {"hotel_ids": list(hotel_ids), "each": each}):
        found.setdefault(row.origin, []).append((row.hotel_id, 1.0 - float(row.distance)))
    return found
