"""Statements on destinations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import case, func, literal, or_, select

from shared.db import ReadSession
from subgraphs.hotels.models import Destination

_LIKE_ENOUGH = 0.45
"""Word similarity (pg_trgm) from which a name counts as meant; one wrong letter in eight leaves about 0.5."""


async def by_ids(session: ReadSession, ids: Collection[UUID]) -> dict[UUID, Destination]:
    """The destinations among ``ids`` that exist."""
    rows = await session.scalars(select(Destination).where(Destination.id.in_(ids)))
    return {row.id: row for row in rows}


async def by_slugs(session: ReadSession, slugs: Collection[str]) -> dict[str, Destination]:
    """The destinations among ``slugs`` that exist."""
    rows = await session.scalars(select(Destination).where(Destination.slug.in_(slugs)))
    return {row.slug: row for row in rows}


async def complete(session: ReadSession, words: str | None, *, limit: int) -> Sequence[Destination]:
    """What somebody who typed ``words`` may mean; without words, the destinations with most hotels.

    Names that begin with the words come first, then names that look like them; among equals, those with hotels and
    those where many people live.
    """
    statement = select(Destination)
    busiest = (Destination.hotel_count.desc(), Destination.population.desc(), Destination.id)
    if words is None:
        return (await session.scalars(statement.order_by(*busiest).limit(limit))).all()
    plain = func.lower(func.immutable_unaccent(words))
    begins = func.starts_with(Destination.search_name, plain)
    likeness = func.word_similarity(plain, Destination.search_name)
    statement = (
        statement.where(
            or_(
                # LIKE for the index; the pattern is escaped, so that % and _ stand for themselves.
                Destination.search_name.like(
                    func.regexp_replace(plain, r"([\\%_])", r"\\\1", "g").concat("%"), escape="\\"
                ),
                # An expression and not the operator, whose threshold of 0.6 forgives no error in a short name. Some
                # thousand destinations are compared in milliseconds.
                likeness >= _LIKE_ENOUGH,
            )
        )
        .order_by(begins.desc(), case((begins, literal(0.0)), else_=-likeness), *busiest)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()
