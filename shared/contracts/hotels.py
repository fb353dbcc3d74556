"""Hotels: what hotels tells the others."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

import msgspec


class HotelEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event about a hotel says."""

    type: ClassVar[str]

    hotel_id: UUID


class ReviewAdded(HotelEvent, frozen=True, kw_only=True):
    """A guest wrote a review."""

    type: ClassVar[str] = "review.added"

    review_id: UUID
    author_id: UUID
    rating_tenths: int
    """10 to 100."""
    is_verified_stay: bool
