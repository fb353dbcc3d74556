"""Reviews in bulk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import text

from shared.db import WriteSession, new_id
from subgraphs.hotels.importing._upsert import Upsert
from subgraphs.hotels.importing.rows import ReviewRow, UpsertResult
from subgraphs.hotels.repository.derived import refresh_ratings

_REVIEWS = Upsert(
    table="reviews",
    key=("source", "source_id"),
    columns={
        "id": "uuid", "source": "text", "source_id": "text", "hotel_id": "uuid", "author_id": "uuid",
        "author_name": "text", "rating_tenths": "smallint", "title": "text", "body": "text", "liked": "text",
        "disliked": "text", "locale": "text", "is_verified_stay": "boolean", "created_at": "timestamptz",
    },
    insert_only=frozenset({"id"}),
    also_set="",
)  # fmt: skip


async def upsert_reviews(session: WriteSession, rows: Sequence[ReviewRow]) -> UpsertResult[tuple[str, str]]:
    """Write reviews, recognised by ``(source, source_id)``, and recount their hotels' ratings.

    Returns:
        Counts, and ids by ``(source, source_id)``.

    Raises:
        ValueError: the same ``(source, source_id)`` twice, or a NUL character in a text.
    """
    keys = {(row.source, row.source_id) for row in rows}
    if len(keys) != len(rows):
        raise ValueError("the same review twice")
    inserted, updated = await _REVIEWS.run(session, [{**asdict(row), "id": new_id()} for row in rows])
    if inserted or updated:
        await refresh_ratings(session, sorted({row.hotel_id for row in rows}))
    found = await session.execute(
        text("SELECT id, source, source_id FROM reviews WHERE source = ANY(:sources) AND source_id = ANY(:ids)"),
        {"sources": list({row.source for row in rows}), "ids": [row.source_id for row in rows]},
    )
    ids = {(row.source, row.source_id): row.id for row in found if (row.source, row.source_id) in keys}
    return UpsertResult(len(inserted), len(updated), len(rows) - len(inserted) - len(updated), ids)
