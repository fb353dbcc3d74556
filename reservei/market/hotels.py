"""Writes hotels with their rooms and calendars: the way that importers and the demo market share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from reservei.market.pricing import Season, pricing
from shared.db import WriteSession
from subgraphs.hotels.importing import (
    DestinationRow,
    HotelRow,
    RoomTypeRow,
    UpsertResult,
    fill_calendar,
    upsert_destinations,
    upsert_hotels,
    upsert_room_types,
)
from subgraphs.hotels.importing.lookup import destination_ids

UNASSIGNED: Final = UUID(int=0)
"""Stands in a draft where an id goes that only the database knows."""

_NIGHTS_PER_STATEMENT: Final = 80_000
"""A second or so: far from the statement timeout, on a slow disk too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelDraft:
    """A hotel with all that belongs to it. Ids in ``hotel`` and ``rooms`` are ``UNASSIGNED``."""

    destination: DestinationRow
    hotel: HotelRow
    rooms: tuple[RoomTypeRow, ...]
    season: Season
    min_stay: int = 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """The nights that are to be on sale: from ``first_night`` up to, not including, ``until``."""

    first_night: date
    until: date

    @classmethod
    def starting(cls, today: date, days: int) -> Calendar:
        """``days`` nights from ``today`` on."""
        return cls(today, today + timedelta(days))


@dataclass(frozen=True, slots=True)
class HotelsWritten:
    """What ``write_hotels`` did. ``rooms`` has ids by hotel id and code."""

    hotels: UpsertResult[str]
    rooms: UpsertResult[tuple[UUID, str]]
    nights_added: int


async def write_hotels(session: WriteSession, drafts: Sequence[HotelDraft], calendar: Calendar | None) -> HotelsWritten:
    """Write ``drafts`` (all of one source, each once); without ``calendar`` their rooms have no nights yet."""
    places = await ensure_destinations(session, [draft.destination for draft in drafts])
    hotels = await upsert_hotels(
        session, [replace(draft.hotel, destination_id=places[_key(draft.destination)]) for draft in drafts]
    )
    owners = [hotels.ids[draft.hotel.source_id] for draft in drafts]
    rooms = await upsert_room_types(
        session,
        [replace(room, hotel_id=owner) for owner, draft in zip(owners, drafts, strict=True) for room in draft.rooms],
    )
    nights = 0
    if calendar is not None:
        by_pricing: dict[tuple[Season, int], list[UUID]] = {}
        for owner, draft in zip(owners, drafts, strict=True):
            ids = [rooms.ids[owner, room.code] for room in draft.rooms]
            by_pricing.setdefault((draft.season, draft.min_stay), []).extend(ids)
        for (season, min_stay), room_ids in by_pricing.items():
            nights += await _fill(session, room_ids, calendar, season, min_stay)
    return HotelsWritten(hotels, rooms, nights)


async def ensure_destinations(session: WriteSession, rows: Iterable[DestinationRow]) -> dict[tuple[str, str], UUID]:
    """Ids by source and source id; those that are missing are added, the others left as they are.

    Hotels bring their town along only to have one: what an import of municipalities said about it stays.
    """
    wanted: dict[str, dict[str, DestinationRow]] = {}
    for row in rows:
        wanted.setdefault(row.source, {})[row.source_id] = row
    ids: dict[tuple[str, str], UUID] = {}
    for source, by_id in sorted(wanted.items()):
        known = await destination_ids(session, source, by_id)
        missing = [row for source_id, row in by_id.items() if source_id not in known]
        if missing:
            known |= (await upsert_destinations(session, missing)).ids
        ids |= {(source, source_id): id_ for source_id, id_ in known.items()}
    return ids


async def _fill(
    session: WriteSession, room_ids: Sequence[UUID], calendar: Calendar, season: Season, min_stay: int
) -> int:
    prices = pricing(season, calendar.first_night, calendar.until, min_stay=min_stay)
    step = max(1, _NIGHTS_PER_STATEMENT // max(1, (calendar.until - calendar.first_night).days))
    added = 0
    for start in range(0, len(room_ids), step):
        chunk = room_ids[start : start + step]
        added += await fill_calendar(session, chunk, calendar.first_night, calendar.until, prices)
    return added


def _key(destination: DestinationRow) -> tuple[str, str]:
    return destination.source, destination.source_id
