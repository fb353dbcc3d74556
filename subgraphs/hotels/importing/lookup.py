"""What importers ask before they write: which rows of a source are there already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import text

from shared.db import ReadSession

_DESTINATIONS = text("SELECT id, source_id FROM destinations WHERE source = :source AND source_id = ANY(:source_ids)")
_HOTELS = text("SELECT id, source_id FROM hotels WHERE source = :source AND source_id = ANY(:source_ids)")
_HOTELS_BY_NAME = text("SELECT id, name FROM hotels WHERE source = :source AND name = ANY(:names) ORDER BY id")
_ANY_HOTEL = text("SELECT EXISTS (SELECT FROM hotels)")


async def destination_ids(session: ReadSession, source: str, source_ids: Collection[str]) -> dict[str, UUID]:
    """Ids of the destinations of ``source`` that exist, by ``source_id``."""
    found = await session.execute(_DESTINATIONS, {"source": source, "source_ids": list(source_ids)})
    return {row.source_id: row.id for row in found}


async def hotel_ids(session: ReadSession, source: str, source_ids: Collection[str]) -> dict[str, UUID]:
    """Ids of the hotels of ``source`` that exist, by ``source_id``."""
    found = await session.execute(_HOTELS, {"source": source, "source_ids": list(source_ids)})
    return {row.source_id: row.id for row in found}


async def hotel_ids_by_name(session: ReadSession, source: str, names: Collection[str]) -> Mapping[str, list[UUID]]:
    """Ids of the hotels of ``source`` that are called so, by name; several hotels may share one."""
    found = await session.execute(_HOTELS_BY_NAME, {"source": source, "names": list(names)})
    by_name: dict[str, list[UUID]] = {}
    for row in found:
        by_name.setdefault(row.name, []).append(row.id)
    return by_name


async def has_hotels(session: ReadSession) -> bool:
    """Whether there is any hotel at all."""
    return bool((await session.execute(_ANY_HOTEL)).scalar_one())
