"""The arguments of each tool: what an engine may ask for, checked before anything is asked.

Descriptions are what a language model reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

Guests = Annotated[int, Field(ge=1, le=30, description="How many people stay.")]
Rooms = Annotated[int, Field(ge=1, le=10, description="How many rooms.")]


class Arguments(BaseModel):
    """Base: nothing but the known fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Stay(Arguments):
    check_in: date = Field(description="First night, YYYY-MM-DD.")
    check_out: date = Field(description="Day of departure, YYYY-MM-DD.")

    @model_validator(mode="after")
    def _in_order(self) -> _Stay:
        if self.check_out <= self.check_in:
            raise ValueError("check_out must be after check_in")
        return self


class SearchHotels(Arguments):
    """Find hotels by place, dates, budget, amenities or a free description."""

    query: str | None = Field(default=None, max_length=200, description="What it should be like: 'beach, children'.")
    destination: str | None = Field(default=None, max_length=100, description="City or region: 'Florianópolis'.")
    check_in: date | None = Field(default=None, description="First night, YYYY-MM-DD.")
    check_out: date | None = Field(default=None, description="Day of departure, YYYY-MM-DD.")
    guests: Guests = 2
    rooms: Rooms = 1
    max_price_per_night: Decimal | None = Field(default=None, gt=0, description="For one room, in BRL.")
    amenities: list[str] = Field(default=[], max_length=10, description="Codes such as WIFI, POOL, BREAKFAST.")
    sort: Literal["relevance", "price", "rating"] = "relevance"
    limit: int = Field(default=5, ge=1, le=10)

    @model_validator(mode="after")
    def _in_order(self) -> SearchHotels:
        if (self.check_in is None) != (self.check_out is None):
            raise ValueError("give both check_in and check_out, or neither")
        if self.check_in is not None and self.check_out is not None and self.check_out <= self.check_in:
            raise ValueError("check_out must be after check_in")
        return self


class CompareHotels(Arguments):
    """Put hotels side by side: rating, amenities, policy, price for a stay."""

    hotel_ids: list[UUID] = Field(min_length=2, max_length=5)
    check_in: date | None = None
    check_out: date | None = None
    guests: Guests = 2
    rooms: Rooms = 1


class HotelDetails(Arguments):
    """A hotel with its room types, amenities, cancellation policies and newest reviews."""

    hotel_id: UUID


class QuoteStay(_Stay):
    """What a stay costs now. Reserves nothing."""

    room_type_id: UUID
    guests: Guests = 2
    rooms: Rooms = 1


class ProposeBooking(_Stay):
    """Prepare a booking for the traveler to confirm. Books nothing by itself."""

    room_type_id: UUID
    guests: Guests = 2
    rooms: Rooms = 1


class ProposeCancellation(Arguments):
    """Prepare the cancellation of one of the traveler's bookings for them to confirm. Cancels nothing by itself."""

    booking_code: str = Field(min_length=4, max_length=20, description="The booking's short code.")


class MyBookings(Arguments):
    """The traveler's own bookings."""

    upcoming_only: bool = True


class MyPoints(Arguments):
    """The traveler's points and level."""


class CancellationPolicy(Arguments):
    """On what terms a hotel's rooms, or one of the traveler's bookings, can be cancelled."""

    hotel_id: UUID | None = None
    booking_code: str | None = Field(default=None, min_length=4, max_length=20)

    @model_validator(mode="after")
    def _one(self) -> CancellationPolicy:
        if (self.hotel_id is None) == (self.booking_code is None):
            raise ValueError("give hotel_id or booking_code")
        return self


TOOLS: Final[Mapping[str, type[Arguments]]] = {
    "search_hotels": SearchHotels,
    "compare_hotels": CompareHotels,
    "hotel_details": HotelDetails,
    "quote_stay": QuoteStay,
    "propose_booking": ProposeBooking,
    "propose_cancellation": ProposeCancellation,
    "my_bookings": MyBookings,
    "my_points": MyPoints,
    "cancellation_policy": CancellationPolicy,
}
"""Every tool there is, by name. There is none that writes."""
