"""Statements on reviews and the ratings that follow from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, SQLColumnExpression, Uuid, and_, cast, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from shared.db import ReadSession, WriteSession
from subgraphs.hotels.models import Hotel, Review


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One page of the reviews of a hotel or of an author: at most ``limit``, behind ``after`` (moment and id)."""

    owner_id: UUID
    after: tuple[datetime, UUID] | None
    limit: int


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Review]:
    """The reviews among ``ids`` that exist."""
    return {row.id: row for row in await session.scalars(select(Review).where(Review.id.in_(ids)))}


async def by_author(session: ReadSession, hotel_id: UUID, author_id: UUID) -> Review | None:
    """What this user wrote about this hotel."""
    return await session.scalar(select(Review).where(Review.hotel_id == hotel_id, Review.author_id == author_id))


async def of_hotels(session: ReadSession, asked: Collection[ReviewPage]) -> dict[ReviewPage, list[Review]]:
    """Pages of the reviews of hotels, the newest first: one query for all."""
    return await _pages(session, Review.hotel_id, asked)


async def of_authors(session: ReadSession, asked: Collection[ReviewPage]) -> dict[ReviewPage, list[Review]]:
    """Pages of the reviews that users wrote, the newest first: one query for all."""
    return await _pages(session, Review.author_id, asked)


async def _pages(
    session: ReadSession, owner: SQLColumnExpression[Any], asked: Collection[ReviewPage]
) -> dict[ReviewPage, list[Review]]:
    keys = list(asked)
    wanted = (
        func.unnest(
            cast([key.owner_id for key in keys], ARRAY(Uuid)),
            cast([key.after and key.after[0] for key in keys], ARRAY(DateTime(timezone=True))),
            cast([key.after and key.after[1] for key in keys], ARRAY(Uuid)),
            cast([key.limit for key in keys], ARRAY(Integer)),
        )
        .table_valued("owner_id", "after_at", "after_id", "page_limit", with_ordinality="ordinal")
        .render_derived()
    )
    page = (
        select(Review)
        .where(
            owner == wanted.c.owner_id,
            or_(
                wanted.c.after_at.is_(None),
                Review.created_at < wanted.c.after_at,
                and_(Review.created_at == wanted.c.after_at, Review.id < wanted.c.after_id),
            ),
        )
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(wanted.c.page_limit)
        .lateral("page")
    )
    review = aliased(Review, page)
    statement = (
        select(wanted.c.ordinal, review)
        .join_from(wanted, page, true())
        .order_by(wanted.c.ordinal, review.created_at.desc(), review.id.desc())
    )
    found: dict[ReviewPage, list[Review]] = {key: [] for key in keys}
    for ordinal, row in await session.execute(statement):
        found[keys[ordinal - 1]].append(row)
    return found


async def add(session: WriteSession, values: Mapping[str, Any]) -> Review | None:
    """The new review, or ``None`` when its author has already written about the hotel."""
    statement = (
        insert(Review)
        .values(**values)
        .on_conflict_do_nothing(index_elements=["hotel_id", "author_id"])
        .returning(Review)
    )
    return (await session.scalars(statement)).one_or_none()


async def count_rating(session: WriteSession, hotel_id: UUID, rating_tenths: int) -> int:
    """Add one rating to the hotel's, in one statement, and return the hotel's new version.

    Reading the sum and writing it back would lose ratings that come at the same time.
    """
    statement = (
        update(Hotel)
        .where(Hotel.id == hotel_id)
        .values(
            rating_sum=Hotel.rating_sum + rating_tenths,
            rating_count=Hotel.rating_count + 1,
            version=Hotel.version + 1,
        )
        .returning(Hotel.version)
    )
    return int((await session.scalars(statement)).one())
