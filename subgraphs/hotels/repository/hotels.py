"""Statements on hotels, their photos and their room types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Uuid, and_, cast, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from shared.db import ReadSession, WriteSession, utc_now
from subgraphs.hotels.models import Hotel, Photo, RoomType


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Hotel]:
    """The hotels among ``ids`` that exist."""
    return {row.id: row for row in await session.scalars(select(Hotel).where(Hotel.id.in_(ids)))}


async def by_slugs(session: ReadSession, slugs: Collection[str]) -> dict[str, Hotel]:
    """The hotels among ``slugs`` that exist."""
    return {row.slug: row for row in await session.scalars(select(Hotel).where(Hotel.slug.in_(slugs)))}


async def lock(session: WriteSession, hotel_id: UUID) -> Hotel | None:
    """The hotel, which nobody else changes until the transaction ends."""
    return await session.scalar(select(Hotel).where(Hotel.id == hotel_id).with_for_update(key_share=True))


async def slug_exists(session: WriteSession, slug: str) -> bool:
    """Whether a hotel has this slug. Take the directory lock first."""
    return await session.scalar(select(Hotel.id).where(Hotel.slug == slug)) is not None


async def change(session: WriteSession, hotel_id: UUID, values: Mapping[str, Any]) -> Hotel:
    """Set ``values`` and count the change in ``version``. The hotel must exist."""
    statement = (
        update(Hotel)
        .where(Hotel.id == hotel_id)
        .values(**values, version=Hotel.version + 1, updated_at=utc_now())
        .returning(Hotel)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one()


async def photos_of(session: ReadSession, hotel_ids: Collection[UUID]) -> dict[UUID, list[Photo]]:
    """The photos of each hotel, in the order shown."""
    found: defaultdict[UUID, list[Photo]] = defaultdict(list)
    statement = select(Photo).where(Photo.hotel_id.in_(hotel_ids)).order_by(Photo.hotel_id, Photo.position, Photo.id)
    for photo in await session.scalars(statement):
        found[photo.hotel_id].append(photo)
    return found


async def set_photos(session: WriteSession, hotel_id: UUID, photos: Sequence[Mapping[str, Any]]) -> None:
    """Make ``photos`` (column values, in order) all that the hotel has. The hotel must be locked."""
    kept = [photo["url"] for photo in photos]
    await session.execute(delete(Photo).where(Photo.hotel_id == hotel_id, Photo.url.not_in(kept)))
    if not photos:
        return
    statement = insert(Photo).values(
        [{**photo, "hotel_id": hotel_id, "position": position} for position, photo in enumerate(photos)]
    )
    columns = ("room_type_id", "caption_pt", "caption_en", "position")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["hotel_id", "url"], set_={name: statement.excluded[name] for name in columns}
        )
    )


async def room_types_by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, RoomType]:
    """The room types among ``ids`` that exist."""
    return {row.id: row for row in await session.scalars(select(RoomType).where(RoomType.id.in_(ids)))}


async def room_types_by_codes(
    session: ReadSession, keys: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], RoomType]:
    """The room types among pairs of hotel id and code that exist."""
    condition = or_(*(and_(RoomType.hotel_id == hotel_id, RoomType.code == code) for hotel_id, code in keys))
    return {(row.hotel_id, row.code): row for row in await session.scalars(select(RoomType).where(condition))}


async def room_types_of(session: ReadSession, hotel_ids: Collection[UUID]) -> dict[UUID, list[RoomType]]:
    """The active room types of each hotel, in the order shown."""
    found: defaultdict[UUID, list[RoomType]] = defaultdict(list)
    statement = (
        select(RoomType)
        .where(RoomType.hotel_id.in_(hotel_ids), RoomType.is_active)
        .order_by(RoomType.hotel_id, RoomType.position, RoomType.code)
    )
    for room_type in await session.scalars(statement):
        found[room_type.hotel_id].append(room_type)
    return found


async def insert_room_type(session: WriteSession, values: Mapping[str, Any]) -> RoomType | None:
    """The new room type, or ``None`` when the hotel has one with this code."""
    statement = (
        insert(RoomType)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["hotel_id", "code"])
        .returning(RoomType)
    )
    return (await session.scalars(statement)).one_or_none()


async def change_room_type(session: WriteSession, room_type_id: UUID, values: Mapping[str, Any]) -> RoomType:
    """Set ``values``. The room type must exist."""
    statement = (
        update(RoomType)
        .where(RoomType.id == room_type_id)
        .values(**values, updated_at=utc_now())
        .returning(RoomType)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one()


@dataclass(frozen=True, slots=True)
class ManagedPage:
    """One page of a manager's hotels: at most ``limit``, behind the hotel ``after``."""

    manager_id: UUID
    after: UUID | None
    limit: int


async def managed_pages(session: ReadSession, pages: Collection[ManagedPage]) -> dict[ManagedPage, list[Hotel]]:
    """The hotels of each page, the oldest first, listed or not: one query for all."""
    keys = list(pages)
    asked = (
        func.unnest(
            cast([key.manager_id for key in keys], ARRAY(Uuid)),
            cast([key.after for key in keys], ARRAY(Uuid)),
            cast([key.limit for key in keys], ARRAY(Integer)),
        )
        .table_valued("manager_id", "after", "page_limit", with_ordinality="ordinal")
        .render_derived()
    )
    page = (
        select(Hotel)
        .where(Hotel.manager_id == asked.c.manager_id, or_(asked.c.after.is_(None), Hotel.id > asked.c.after))
        .order_by(Hotel.id)
        .limit(asked.c.page_limit)
        .lateral("page")
    )
    hotel = aliased(Hotel, page)
    statement = select(asked.c.ordinal, hotel).join_from(asked, page, true()).order_by(asked.c.ordinal, hotel.id)
    found: dict[ManagedPage, list[Hotel]] = {key: [] for key in keys}
    for ordinal, row in await session.execute(statement):
        found[keys[ordinal - 1]].append(row)
    return found
