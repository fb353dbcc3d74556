"""Where hotels lie among each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import aliased

from shared.db import ReadSession
from subgraphs.ai.models.search import HotelText


async def nearest_hotels(session: ReadSession, hotel_id: UUID, limit: int) -> list[tuple[UUID, float]]:
    """Listed hotels whose texts are closest to this one's, the closest first, with their cosine similarity.

    Empty for a hotel that is unknown or not embedded yet.
    """
    own = aliased(HotelText)
    origin = select(own.embedding, own.embedding_model).where(own.hotel_id == hotel_id, own.embedding.is_not(None))
    found = (await session.execute(origin)).one_or_none()
    if found is None:
        return []
    vector, model = found
    distance = HotelText.embedding.cosine_distance(vector)
    rows = await session.execute(
        select(HotelText.hotel_id, distance)
        .where(
            HotelText.is_listed,
            HotelText.embedding.is_not(None),
            HotelText.embedding_model == model,
            HotelText.hotel_id != hotel_id,
        )
        .order_by(distance)
        .limit(limit)
    )
    return [(other, 1.0 - float(far)) for other, far in rows]


async def vectors_of(session: ReadSession, ids: Collection[UUID]) -> Mapping[UUID, NDArray[np.float32]]:
    """The vectors, of length one, of those hotels that have one."""
    rows = await session.execute(
        select(HotelText.hotel_id, HotelText.embedding).where(
            HotelText.hotel_id.in_(ids), HotelText.embedding.is_not(None)
        )
    )
    return {hotel_id: np.asarray(vector, dtype=np.float32) for hotel_id, vector in rows}
