"""Write reviews."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.auth import Principal
from shared.db import WriteSession, new_id
from subgraphs.hotels.events import publish, review_added
from subgraphs.hotels.models import Review
from subgraphs.hotels.repository import hotels, reviews
from subgraphs.hotels.service.errors import AlreadyReviewed, OwnHotelReview, UnknownHotel
from subgraphs.hotels.service.values import REVIEW_COLUMNS, checked


async def add_review(session: WriteSession, principal: Principal, hotel_id: UUID, values: Mapping[str, Any]) -> Review:
    """A traveler's review; the hotel's rating follows in the same transaction.

    One per hotel and traveler: the same review again answers the first one. Whether the author stayed there is not
    known yet; ``is_verified_stay`` will follow from bookings.

    Args:
        session: The transaction.
        principal: The author.
        hotel_id: About which hotel.
        values: Columns of :data:`REVIEW_COLUMNS`.

    Raises:
        AlreadyReviewed: the author has written something else about this hotel before.
        InvalidValue, UnknownHotel, OwnHotelReview: nothing was changed.
    """
    stored = checked(REVIEW_COLUMNS, values, {"rating_tenths": "rating", "locale": "language"})
    hotel = (await hotels.by_ids(session, [hotel_id])).get(hotel_id)
    if hotel is None:
        raise UnknownHotel
    if hotel.manager_id == principal.user_id:
        raise OwnHotelReview
    review = await reviews.add(
        session, {**stored, "id": new_id(), "hotel_id": hotel_id, "author_id": principal.user_id}
    )
    if review is None:
        earlier = await reviews.by_author(session, hotel_id, principal.user_id)
        assert earlier is not None  # a review is never deleted
        if all(getattr(earlier, column) == value for column, value in stored.items()):
            return earlier
        session.expunge(earlier)  # it outlives the transaction that is rolled back now
        raise AlreadyReviewed(earlier)
    version = await reviews.count_rating(session, hotel_id, review.rating_tenths)
    publish(session, review_added(review, principal.user_id), version)
    return review
