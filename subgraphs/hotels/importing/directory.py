"""Destinations, hotels with their photos, and room types, in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text

from shared.db import WriteSession, new_id
from subgraphs.hotels.amenities import amenity_codes
from subgraphs.hotels.events import HotelCreated, HotelUpdated, publish
from subgraphs.hotels.importing._upsert import Upsert, encode_rows
from subgraphs.hotels.importing.rows import DestinationRow, HotelRow, RoomTypeRow, UpsertResult
from subgraphs.hotels.repository import hotels
from subgraphs.hotels.repository.derived import (
    lock_directory,
    lock_hotels,
    refresh_hotel_counts,
    refresh_places,
    refresh_ratings,
)
from subgraphs.hotels.slugs import slugify, unique_slugs

KeyT = TypeVar("KeyT")

_DESTINATIONS = Upsert(
    table="destinations",
    key=("source", "source_id"),
    columns={
        "id": "uuid", "slug": "text", "source": "text", "source_id": "text", "kind": "text", "name": "text",
        "name_en": "text", "region": "text", "region_code": "text", "country_code": "text", "latitude": "float8",
        "longitude": "float8", "time_zone": "text", "population": "integer",
    },
    insert_only=frozenset({"id", "slug"}),
)  # fmt: skip

_HOTELS = Upsert(
    table="hotels",
    key=("source", "source_id"),
    columns={
        "id": "uuid", "slug": "text", "source": "text", "source_id": "text", "destination_id": "uuid",
        "manager_id": "uuid", "kind": "text", "name": "text", "place": "text", "description_pt": "text",
        "description_en": "text", "address": "text", "neighborhood": "text", "postal_code": "text",
        "country_code": "text", "latitude": "float8", "longitude": "float8", "time_zone": "text", "currency": "text",
        "stars": "smallint", "amenities": "text[]", "check_in_time": "time", "check_out_time": "time",
        "external_rating_tenths": "smallint", "external_review_count": "integer",
    },
    # `place` is filled from the destination right after.
    insert_only=frozenset({"id", "slug", "currency", "place"}),
    keep_when_null=frozenset({"manager_id"}),
    also_set=", updated_at = now(), version = t.version + 1",
)  # fmt: skip

_ROOM_TYPES = Upsert(
    table="room_types",
    key=("hotel_id", "code"),
    columns={
        "id": "uuid", "hotel_id": "uuid", "code": "text", "name_pt": "text", "name_en": "text",
        "description_pt": "text", "description_en": "text", "max_guests": "smallint", "bed_count": "smallint",
        "size_sqm": "smallint", "total_rooms": "integer", "base_price_minor": "integer",
        "free_cancel_days": "smallint", "first_night_days": "smallint", "position": "smallint",
    },
    insert_only=frozenset({"id"}),
)  # fmt: skip

_WRITE_PHOTOS = text("""
    INSERT INTO photos AS t (id, hotel_id, url, caption_pt, caption_en, position)
    SELECT id, hotel_id, url, caption_pt, caption_en, position
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
        AS r(id uuid, hotel_id uuid, url text, caption_pt text, caption_en text, position smallint)
    ORDER BY hotel_id, url
    ON CONFLICT (hotel_id, url) DO UPDATE
    SET caption_pt = excluded.caption_pt, caption_en = excluded.caption_en, position = excluded.position
    WHERE (t.caption_pt, t.caption_en, t.position)
        IS DISTINCT FROM (excluded.caption_pt, excluded.caption_en, excluded.position)
""")
_DROP_OTHER_PHOTOS = text("""
    DELETE FROM photos AS p
    WHERE p.hotel_id = ANY(:hotel_ids) AND p.room_type_id IS NULL AND NOT EXISTS (
        SELECT FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(hotel_id uuid, url text)
        WHERE r.hotel_id = p.hotel_id AND r.url = p.url
    )
""")


async def upsert_destinations(session: WriteSession, rows: Sequence[DestinationRow]) -> UpsertResult[str]:
    """Write destinations, recognised by ``(source, source_id)``. All rows must share one ``source``.

    Returns:
        Counts, and ids by ``source_id``.

    Raises:
        ValueError: rows of several sources, the same ``source_id`` twice, or a NUL character in a text.
    """
    source = _only_source(rows)
    await lock_directory(session)
    slugs = await _slugs(
        session, "destinations", source, {row.source_id: slugify(row.name, row.region_code or row.country_code)
                                          for row in rows}
    )  # fmt: skip
    inserted, updated = await _DESTINATIONS.run(
        session, [{**asdict(row), "id": new_id(), "slug": slugs[row.source_id]} for row in rows]
    )
    if updated:
        there = await session.scalars(text("SELECT id FROM hotels WHERE destination_id = ANY(:ids)"), {"ids": updated})
        await refresh_places(session, there.all())
    return _result(len(rows), inserted, updated, await _ids(session, "destinations", source, rows))


async def upsert_hotels(session: WriteSession, rows: Sequence[HotelRow]) -> UpsertResult[str]:
    """Write hotels with their photos, recognised by ``(source, source_id)``. All rows must share one ``source``.

    Each new or changed hotel is told of as ``hotel.created`` or ``hotel.updated``; what follows in bulk (room types,
    nights, reviews) is not.

    Returns:
        Counts (of hotels; photos are part of them), and ids by ``source_id``.

    Raises:
        ValueError: rows of several sources, the same ``source_id`` twice, an unknown destination, or a NUL character.
        UnknownAmenity: a row names an amenity that is not in the catalogue.
    """
    source = _only_source(rows)
    await lock_directory(session)
    places = {
        row.id: row
        for row in await session.execute(
            text("SELECT id, name, country_code, time_zone FROM destinations WHERE id = ANY(:ids)"),
            {"ids": list({row.destination_id for row in rows})},
        )
    }
    for row in rows:
        if row.destination_id not in places:
            raise ValueError(f"hotel {row.source_id!r}: there is no destination {row.destination_id}")
    slugs = await _slugs(
        session, "hotels", source, {row.source_id: slugify(row.name, places[row.destination_id].name) for row in rows}
    )
    known = await session.execute(
        text("SELECT id, destination_id FROM hotels WHERE source = :source AND source_id = ANY(:ids)"),
        {"source": source, "ids": list(slugs)},
    )
    present = {row.id: row.destination_id for row in known}
    # By id, as everybody locks several hotels; the upsert itself comes to them in another order.
    await lock_hotels(session, present)
    counted = {*places, *present.values()}
    inserted, updated = await _HOTELS.run(
        session, [_hotel_record(row, slugs[row.source_id], places[row.destination_id]) for row in rows]
    )
    ids = await _ids(session, "hotels", source, rows)
    await _write_photos(session, rows, ids)
    changed = [*inserted, *updated]
    await refresh_places(session, changed)
    await refresh_ratings(session, changed)
    await refresh_hotel_counts(session, counted)
    await _publish(session, inserted, updated)
    return _result(len(rows), inserted, updated, ids)


async def upsert_room_types(session: WriteSession, rows: Sequence[RoomTypeRow]) -> UpsertResult[tuple[UUID, str]]:
    """Write room types, recognised by ``(hotel_id, code)``. Existing calendars are not touched.

    Returns:
        Counts, and ids by ``(hotel_id, code)``.

    Raises:
        ValueError: the same ``(hotel_id, code)`` twice, or a NUL character in a text.
    """
    _require_distinct([(row.hotel_id, row.code) for row in rows])
    inserted, updated = await _ROOM_TYPES.run(session, [{**asdict(row), "id": new_id()} for row in rows])
    found = await session.execute(
        text("SELECT id, hotel_id, code FROM room_types WHERE hotel_id = ANY(:ids)"),
        {"ids": list({row.hotel_id for row in rows})},
    )
    wanted = {(row.hotel_id, row.code) for row in rows}
    ids = {(row.hotel_id, row.code): row.id for row in found if (row.hotel_id, row.code) in wanted}
    return _result(len(rows), inserted, updated, ids)


def _hotel_record(row: HotelRow, slug: str, place: Any) -> dict[str, Any]:
    record = asdict(row)
    del record["photos"]
    return record | {
        "id": new_id(),
        "slug": slug,
        "place": "",
        "amenities": amenity_codes(row.amenities),
        "time_zone": row.time_zone or place.time_zone,
        "country_code": row.country_code or place.country_code,
    }


async def _publish(session: WriteSession, inserted: list[UUID], updated: list[UUID]) -> None:
    found = await hotels.by_ids(session, [*inserted, *updated])
    for kind, ids in ((HotelCreated, inserted), (HotelUpdated, updated)):
        for hotel_id in ids:
            hotel = found[hotel_id]
            publish(session, kind.of(hotel), hotel.version)


async def _write_photos(session: WriteSession, rows: Sequence[HotelRow], ids: dict[str, UUID]) -> None:
    photos = [
        {**asdict(photo), "id": new_id(), "hotel_id": ids[row.source_id], "position": position}
        for row in rows
        for position, photo in enumerate(row.photos)
    ]
    encoded = encode_rows(photos)
    await session.execute(_DROP_OTHER_PHOTOS, {"rows": encoded, "hotel_ids": list(ids.values())})
    if photos:
        await session.execute(_WRITE_PHOTOS, {"rows": encoded})


async def _slugs(session: WriteSession, table: str, source: str, wanted: dict[str, str]) -> dict[str, str]:
    """Slugs that no other row has. The caller holds the directory lock."""
    taken = await session.execute(
        text(f"""
            SELECT slug FROM {table}
            WHERE slug = ANY(:slugs) AND NOT coalesce(source = :source AND source_id = ANY(:source_ids), false)
        """),  # noqa: S608  # the table is one of ours
        {"slugs": list(set(wanted.values())), "source": source, "source_ids": list(wanted)},
    )
    known = await session.execute(
        text(f"SELECT source_id, slug FROM {table} WHERE source = :source AND source_id = ANY(:source_ids)"),  # noqa: S608
        {"source": source, "source_ids": list(wanted)},
    )
    kept = {row.source_id: row.slug for row in known}
    fresh = {key: slug for key, slug in wanted.items() if key not in kept}
    return kept | unique_slugs(fresh, [*(row.slug for row in taken), *kept.values()])


async def _ids(
    session: WriteSession, table: str, source: str, rows: Sequence[DestinationRow | HotelRow]
) -> dict[str, UUID]:
    found = await session.execute(
        text(f"SELECT id, source_id FROM {table} WHERE source = :source AND source_id = ANY(:ids)"),  # noqa: S608
        {"source": source, "ids": [row.source_id for row in rows]},
    )
    return {row.source_id: row.id for row in found}


def _only_source(rows: Sequence[DestinationRow | HotelRow]) -> str:
    sources = {row.source for row in rows}
    if len(sources) > 1:
        raise ValueError(f"one source at a time, not {sorted(sources)}")
    _require_distinct([row.source_id for row in rows])
    return sources.pop() if sources else ""


def _require_distinct(keys: Sequence[object]) -> None:
    seen: set[object] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"the same row twice: {key!r}")
        seen.add(key)


def _result(count: int, inserted: list[UUID], updated: list[UUID], ids: dict[KeyT, UUID]) -> UpsertResult[KeyT]:
    return UpsertResult(len(inserted), len(updated), count - len(inserted) - len(updated), ids)
