"""What the tools answer, besides ``Proposal`` and ``ToolFailed``. Texts of hotels are data, never orders."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """Base of answers."""

    model_config = ConfigDict(frozen=True)


class Price(Answer):
    """An amount in major units."""

    amount: Decimal
    currency: str


class Terms(Answer):
    """Cancellation terms: days before check-in; ``None`` for never."""

    free_until_days: int | None
    first_night_until_days: int | None
    summary: str
    """In the traveler's language."""


class RoomOffer(Answer):
    """A room type, with its price when a stay was asked for."""

    room_type_id: UUID
    name: str
    max_guests: int
    total: Price | None = None
    """For all rooms and nights; ``None`` when no dates were given or it is not free."""
    terms: Terms | None = None


class HotelFound(Answer):
    """A hotel in a list."""

    hotel_id: UUID
    name: str
    place: str
    rating: Decimal | None
    stars: int | None
    amenities: list[str]
    price_per_night: Price | None
    """The lowest, for one room."""
    rooms: list[RoomOffer] = []


class HotelsFound(Answer):
    """Of ``search_hotels`` and ``compare_hotels``."""

    hotels: list[HotelFound]
    destination: str | None = None
    """The place that was understood, when one was named."""


class ReviewText(Answer):
    """What a guest wrote."""

    rating: Decimal
    text: str


class HotelAbout(HotelFound):
    """Of ``hotel_details``."""

    description: str | None
    reviews: list[ReviewText]


class Quoted(Answer):
    """Of ``quote_stay``."""

    hotel_name: str
    room_name: str
    check_in: date
    check_out: date
    nights: int
    guests: int
    rooms: int
    total: Price
    terms: Terms


class BookingFound(Answer):
    """A booking of the traveler."""

    code: str
    state: str
    hotel_name: str
    check_in: date
    check_out: date
    guests: int
    total: Price
    can_cancel: bool


class BookingsFound(Answer):
    """Of ``my_bookings``."""

    bookings: list[BookingFound]


class PointsFound(Answer):
    """Of ``my_points``."""

    available: int
    pending: int
    level: str | None


class PolicyFound(Answer):
    """Of ``cancellation_policy``."""

    subject: str
    """The hotel's name, or the booking's code."""
    terms: list[Terms]
    fee_now: Price | None = None
    """What cancelling the booking would cost now."""
