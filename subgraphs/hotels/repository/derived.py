"""Values that are copies of other rows, and the statements that keep them right.

Each first locks the rows it will change, in key order, and then computes in a second statement, whose snapshot sees
everything that the lock waited for. A single statement would compute from what it saw before it waited.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession

_LOCK_HOTELS = text("SELECT id FROM hotels WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

_RATINGS = text("""
    UPDATE hotels AS h SET rating_sum = n.rating_sum, rating_count = n.rating_count
    FROM (
        SELECT x.id,
            coalesce(x.external_rating_tenths, 0) * x.external_review_count
                + coalesce(sum(r.rating_tenths), 0) AS rating_sum,
            CASE WHEN x.external_rating_tenths IS NULL THEN 0 ELSE x.external_review_count END
                + count(r.id) AS rating_count
        FROM hotels x
        LEFT JOIN reviews r ON r.hotel_id = x.id
            AND (r.source IS DISTINCT FROM x.source OR x.external_review_count = 0)
        WHERE x.id = ANY(:ids)
        GROUP BY x.id
    ) AS n
    WHERE h.id = n.id AND (h.rating_sum, h.rating_count) IS DISTINCT FROM (n.rating_sum, n.rating_count)
""")

_FROM_PRICES = text("""
    UPDATE hotels AS h SET from_price_minor = n.price
    FROM (
        SELECT x.id, min(i.price_minor) AS price
        FROM hotels x
        LEFT JOIN room_types rt ON rt.hotel_id = x.id AND rt.is_active
        LEFT JOIN inventory_nights i ON i.room_type_id = rt.id AND NOT i.is_closed AND i.total > 0
            AND i.night >= (coalesce(CAST(:now AS timestamptz), now()) AT TIME ZONE x.time_zone)::date
        WHERE x.id = ANY(:ids)
        GROUP BY x.id
    ) AS n
    WHERE h.id = n.id AND h.from_price_minor IS DISTINCT FROM n.price
""")

_PLACES = text("""
    UPDATE hotels AS h SET place = n.place
    FROM (
        SELECT x.id, concat_ws(' ', x.neighborhood, d.name, d.name_en, d.region) AS place
        FROM hotels x JOIN destinations d ON d.id = x.destination_id
        WHERE x.id = ANY(:ids)
    ) AS n
    WHERE h.id = n.id AND h.place <> n.place
""")

_LOCK_DESTINATIONS = text("SELECT id FROM destinations WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")

_HOTEL_COUNTS = text("""
    UPDATE destinations AS d
    SET hotel_count = (SELECT count(*) FROM hotels h WHERE h.destination_id = d.id AND h.is_listed)
    WHERE d.id = ANY(:ids)
""")

# Slugs are chosen by looking which are free, and names are copied between destinations and hotels: whoever does
# either takes this lock first. It is held for one short transaction by rare operations.
_LOCK_DIRECTORY = text("SELECT pg_advisory_xact_lock(hashtext('reservei-hotels-directory'))")


async def lock_directory(session: WriteSession) -> None:
    """Until the transaction ends, be the only one who chooses slugs or moves names about."""
    await session.execute(_LOCK_DIRECTORY)


async def lock_hotels(session: WriteSession, hotel_ids: Collection[UUID]) -> None:
    """Until the transaction ends, be the only one who changes these hotels. Reading them stays possible."""
    await session.execute(_LOCK_HOTELS, {"ids": list(hotel_ids)})


async def refresh_ratings(session: WriteSession, hotel_ids: Collection[UUID]) -> None:
    """Recount the ratings of hotels from their reviews and what their source published."""
    await lock_hotels(session, hotel_ids)
    await session.execute(_RATINGS, {"ids": list(hotel_ids)})


async def refresh_from_prices(
    session: WriteSession, hotel_ids: Collection[UUID], *, now: datetime | None = None
) -> None:
    """Set each hotel's cheapest open night from its hotel-local today on, by default as the database's clock has it."""
    await lock_hotels(session, hotel_ids)
    await session.execute(_FROM_PRICES, {"ids": list(hotel_ids), "now": now})


async def refresh_places(session: WriteSession, hotel_ids: Collection[UUID]) -> None:
    """Copy the names of their destinations to hotels, for the search. Take the directory lock first."""
    await lock_hotels(session, hotel_ids)
    await session.execute(_PLACES, {"ids": list(hotel_ids)})


async def refresh_hotel_counts(session: WriteSession, destination_ids: Collection[UUID]) -> None:
    """Count the listed hotels of destinations."""
    await session.execute(_LOCK_DESTINATIONS, {"ids": list(destination_ids)})
    await session.execute(_HOTEL_COUNTS, {"ids": list(destination_ids)})
