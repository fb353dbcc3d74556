"""Tables of the search part: hotel texts and their vectors."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector.sqlalchemy import Vector
from sqlalchemy import BigInteger, Computed, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from subgraphs.ai.models.base import Base

DIMENSIONS: Final = 384
"""Of every vector here: what the models of the e5-small family give."""

# The same reading as in the hotels domain: both languages, without accents, name before place before the rest.
_SEARCH_VECTOR = """
setweight(to_tsvector('portuguese', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('english', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('portuguese', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('english', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('portuguese', immutable_unaccent(amenity_words)), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(amenity_words)), 'C')
|| setweight(to_tsvector('portuguese', immutable_unaccent(coalesce(description_pt, ''))), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(coalesce(description_en, ''))), 'C')
""".strip()

_TO_EMBED = text("embedded_hash IS DISTINCT FROM passage_hash")


class HotelText(Base):
    """What hotels told us about a hotel, and where its text lies among the others."""

    __tablename__ = "hotels"
    __table_args__ = (
        Index("ix_hotels_search_vector", "search_vector", postgresql_using="gin"),
        Index("ix_hotels_embedding", "embedding", postgresql_using="hnsw",
              postgresql_with={"m": 16, "ef_construction": 64}, postgresql_ops={"embedding": "vector_cosine_ops"},
              postgresql_where=text("is_listed")),
        Index("ix_hotels_destination_id", "destination_id"),
        Index("ix_hotels_manager_id", "manager_id", "hotel_id"),
        # What is still to be embedded, and nothing else.
        Index("ix_hotels_to_embed", "claimed_until", "hotel_id", postgresql_where=_TO_EMBED),
    )  # fmt: skip

    hotel_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    """Of the event that the row is from: an older one changes nothing."""
    name: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(Text)
    """Names of the destination; empty when hotels did not say."""
    kind: Mapped[str] = mapped_column(String(12))
    country_code: Mapped[str] = mapped_column(String(2))
    destination_id: Mapped[UUID]
    manager_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    stars: Mapped[int | None] = mapped_column(SmallInteger)
    amenities: Mapped[list[str]] = mapped_column(ARRAY(String(40)))
    amenity_words: Mapped[str] = mapped_column(Text)
    """The amenities in Portuguese and English words."""
    description_pt: Mapped[str | None] = mapped_column(Text)
    description_en: Mapped[str | None] = mapped_column(Text)
    is_listed: Mapped[bool]
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, Computed(_SEARCH_VECTOR, persisted=True), deferred=True)
    passage: Mapped[str] = mapped_column(Text)
    """What is embedded."""
    passage_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of ``passage``, in hexadecimal."""
    embedding: Mapped[NDArray[np.float32] | None] = mapped_column(Vector(DIMENSIONS), deferred=True)
    """Of length one; NULL until a worker has been there. It may be of an older passage: ``embedded_hash`` tells."""
    embedded_hash: Mapped[str | None] = mapped_column(String(64))
    """``passage_hash`` of what ``embedding`` is of."""
    embedding_model: Mapped[str | None] = mapped_column(String(80))
    """The model that made it: vectors of different models must not be compared."""
    claimed_until: Mapped[datetime | None]
    """A worker is embedding it until then, if it has not died."""
