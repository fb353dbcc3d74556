"""Input of mutations, and how it becomes what the use cases take: values by column."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date, time
from enum import Enum
from typing import Any

import strawberry
from strawberry.types.base import StrawberryMaybe
from strawberry.types.maybe import Some

from shared.graphql import BadUserInput, CurrencyCode, MoneyInput, Url, parse_id
from shared.graphql.money import currency_exponent
from subgraphs.hotels.repository.calendar import NightRange
from subgraphs.hotels.schema.enums import LocaleName, PropertyKind, Weekday
from subgraphs.hotels.schema.inputs import BRL
from subgraphs.hotels.service.calendar import EVERY_WEEKDAY
from subgraphs.hotels.service.errors import InvalidValue

COLUMNS = {"size_square_metres": "size_sqm"}
"""Columns that are not called as the API calls them."""


@strawberry.input(description="A new hotel.")
class CreateHotelInput:
    """Input of ``createHotel``."""

    destination_id: strawberry.ID = strawberry.field(
        description="Where it is. Country and time zone follow from the destination."
    )
    name: str = strawberry.field(description="Its name, at most 200 characters.")
    address: str = strawberry.field(description="Street and number, at most 300 characters.")
    latitude: float = strawberry.field(description="Degrees north: `-23.2196`.")
    longitude: float = strawberry.field(description="Degrees east: `-44.7154`.")
    currency: CurrencyCode = strawberry.field(default=BRL, description="Of all its prices. It cannot change later.")
    kind: PropertyKind = strawberry.field(default=PropertyKind.HOTEL, description="What kind of property it is.")
    description_pt: str | None = strawberry.field(default=None, description="Description in Portuguese.")
    description_en: str | None = strawberry.field(default=None, description="Description in English.")
    neighborhood: str | None = strawberry.field(default=None, description="Part of the city.")
    postal_code: str | None = strawberry.field(default=None, description="Postal code.")
    stars: int | None = strawberry.field(default=None, description="1 to 5; null for none.")
    amenities: list[str] = strawberry.field(default_factory=list, description="Codes of its amenities: `wifi`.")
    check_in_time: time = strawberry.field(default=time(14), description="From when guests may arrive, local time.")
    check_out_time: time = strawberry.field(default=time(12), description="Until when guests must leave, local time.")
    manager_id: strawberry.ID | None = strawberry.field(
        default=None, description="Who will manage it. Only for administrators: a manager's hotels are their own."
    )

    def to_values(self) -> dict[str, Any]:
        """By column. Raises ``InvalidValue`` for a currency that prices could not be shown in."""
        try:
            currency_exponent(self.currency)
        except BadUserInput:
            raise InvalidValue("currency", "unknown_currency", currency=self.currency) from None
        return _by_column(self, without=("destination_id", "currency", "manager_id"))


@strawberry.input(description="Changes of a hotel. What is left out stays as it is.")
class UpdateHotelInput:
    """Input of ``updateHotel``."""

    hotel_id: strawberry.ID = strawberry.field(description="Which hotel.")
    name: strawberry.Maybe[str] = strawberry.field(description="Its name, at most 200 characters.")
    kind: strawberry.Maybe[PropertyKind] = strawberry.field(description="What kind of property it is.")
    address: strawberry.Maybe[str] = strawberry.field(description="Street and number, at most 300 characters.")
    latitude: strawberry.Maybe[float] = strawberry.field(description="Degrees north.")
    longitude: strawberry.Maybe[float] = strawberry.field(description="Degrees east.")
    description_pt: strawberry.Maybe[str | None] = strawberry.field(description="In Portuguese; null removes it.")
    description_en: strawberry.Maybe[str | None] = strawberry.field(description="In English; null removes it.")
    neighborhood: strawberry.Maybe[str | None] = strawberry.field(description="Part of the city; null removes it.")
    postal_code: strawberry.Maybe[str | None] = strawberry.field(description="Postal code; null removes it.")
    stars: strawberry.Maybe[int | None] = strawberry.field(description="1 to 5; null for none.")
    amenities: strawberry.Maybe[list[str]] = strawberry.field(description="Codes of all its amenities.")
    check_in_time: strawberry.Maybe[time] = strawberry.field(description="From when guests may arrive, local time.")
    check_out_time: strawberry.Maybe[time] = strawberry.field(description="Until when guests must leave, local time.")
    is_listed: strawberry.Maybe[bool] = strawberry.field(description="Whether searches find it.")

    def to_values(self) -> dict[str, Any]:
        """By column, only what is given."""
        return _by_column(self, without=("hotel_id",))


@strawberry.input(description="A picture of a hotel or of one of its room types.")
class PhotoInput:
    """One picture of ``setHotelPhotos``."""

    url: Url = strawberry.field(description="Address of the picture, at most 600 characters.")
    caption_pt: str | None = strawberry.field(default=None, description="Caption in Portuguese.")
    caption_en: str | None = strawberry.field(default=None, description="Caption in English.")
    room_type_id: strawberry.ID | None = strawberry.field(
        default=None, description="The room type that it shows; null for the hotel itself."
    )

    def to_values(self) -> dict[str, Any]:
        """By column."""
        room_type_id = None if self.room_type_id is None else parse_id(self.room_type_id, "photos.roomTypeId")
        return {**_by_column(self, without=("room_type_id",)), "room_type_id": room_type_id}


@strawberry.input(description="All photos of a hotel.")
class SetHotelPhotosInput:
    """Input of ``setHotelPhotos``."""

    hotel_id: strawberry.ID = strawberry.field(description="Which hotel.")
    photos: list[PhotoInput] = strawberry.field(description="All its photos in the order shown; at most 60.")


@strawberry.input(description="What cancelling costs.")
class CancellationInput:
    """Both limits of a cancellation policy."""

    free_until_days: int = strawberry.field(description="Free until this many days before check-in, 0 to 365.")
    first_night_until_days: int = strawberry.field(
        default=0,
        description="Then it costs the first night until this many days before check-in, then the whole stay.",
    )


@strawberry.input(description="A new room type.")
class CreateRoomTypeInput:
    """Input of ``createRoomType``."""

    hotel_id: strawberry.ID = strawberry.field(description="Of which hotel.")
    code: str = strawberry.field(description="The hotel's own short name for it: `DLX`. It cannot change later.")
    name_pt: str | None = strawberry.field(default=None, description="Name in Portuguese. One of the names is needed.")
    name_en: str | None = strawberry.field(default=None, description="Name in English.")
    description_pt: str | None = strawberry.field(default=None, description="Description in Portuguese.")
    description_en: str | None = strawberry.field(default=None, description="Description in English.")
    max_guests: int = strawberry.field(description="Guests in one room, 1 to 30.")
    bed_count: int | None = strawberry.field(default=None, description="Beds in one room.")
    size_square_metres: int | None = strawberry.field(default=None, description="Size of one room.")
    total_rooms: int = strawberry.field(description="Rooms of this type; every night of the calendar begins with them.")
    base_price: MoneyInput = strawberry.field(
        description="Price of a room and night that the calendar begins with, in the hotel's currency."
    )
    cancellation: CancellationInput | None = strawberry.field(
        default=None, description="What cancelling costs; null when nothing is refunded."
    )
    position: int = strawberry.field(default=0, description="Place in the order in which the hotel shows its rooms.")

    def to_values(self) -> dict[str, Any]:
        """By column."""
        return {
            **_by_column(self, without=("hotel_id", "base_price", "cancellation")),
            **_cancellation(self.cancellation),
            "base_price_minor": self.base_price.to_minor("basePrice.amount"),
        }


@strawberry.input(description="Changes of a room type. What is left out stays as it is.")
class UpdateRoomTypeInput:
    """Input of ``updateRoomType``."""

    room_type_id: strawberry.ID = strawberry.field(description="Which room type.")
    name_pt: strawberry.Maybe[str | None] = strawberry.field(description="Name in Portuguese; null removes it.")
    name_en: strawberry.Maybe[str | None] = strawberry.field(description="Name in English; null removes it.")
    description_pt: strawberry.Maybe[str | None] = strawberry.field(description="In Portuguese; null removes it.")
    description_en: strawberry.Maybe[str | None] = strawberry.field(description="In English; null removes it.")
    max_guests: strawberry.Maybe[int] = strawberry.field(description="Guests in one room, 1 to 30.")
    bed_count: strawberry.Maybe[int | None] = strawberry.field(description="Beds in one room.")
    size_square_metres: strawberry.Maybe[int | None] = strawberry.field(description="Size of one room.")
    total_rooms: strawberry.Maybe[int] = strawberry.field(
        description="Rooms that new nights begin with; existing nights are changed with `updateInventory`."
    )
    base_price: strawberry.Maybe[MoneyInput] = strawberry.field(
        description="Price that new nights begin with; existing nights are changed with `updateRates`."
    )
    cancellation: strawberry.Maybe[CancellationInput | None] = strawberry.field(
        description="What cancelling costs, for bookings from now on; null when nothing is refunded."
    )
    position: strawberry.Maybe[int] = strawberry.field(description="Place in the order shown.")
    is_active: strawberry.Maybe[bool] = strawberry.field(description="Whether it is offered.")

    def to_values(self) -> dict[str, Any]:
        """By column, only what is given."""
        values = _by_column(self, without=("room_type_id", "base_price", "cancellation"))
        if self.base_price is not None:
            values["base_price_minor"] = self.base_price.value.to_minor("basePrice.amount")
        if self.cancellation is not None:
            values |= _cancellation(self.cancellation.value)
        return values


@strawberry.input(description="Nights of a room type's calendar. Dates are local to the hotel.")
class NightsInput:
    """A range of nights, perhaps only some weekdays of it."""

    room_type_id: strawberry.ID = strawberry.field(description="Which room type.")
    first_night_date: date = strawberry.field(description="The first night: today at the earliest.")
    last_night_date: date = strawberry.field(description="The last night, itself included.")
    weekdays: list[Weekday] | None = strawberry.field(
        default=None, description="Only nights that begin on these days; all when left out."
    )

    def to_range(self) -> NightRange:
        """The range. Raises ``BadUserInput`` for an id that cannot be one of ours."""
        return NightRange(parse_id(self.room_type_id, "roomTypeId"), self.first_night_date, self.last_night_date)

    def iso_weekdays(self) -> frozenset[int]:
        """1 for Monday to 7 for Sunday."""
        return EVERY_WEEKDAY if self.weekdays is None else frozenset(day.iso for day in self.weekdays)


@strawberry.input(description="New rates. What is left out stays as it is.")
class UpdateRatesInput(NightsInput):
    """Input of ``updateRates``."""

    price: MoneyInput | None = strawberry.field(
        default=None, description="Price of one room for one night, in the hotel's currency."
    )
    minimum_stay: int | None = strawberry.field(
        default=None, description="Fewest nights of a stay that arrives on such a night, 1 to 30."
    )


@strawberry.input(description="New inventory. What is left out stays as it is.")
class UpdateInventoryInput(NightsInput):
    """Input of ``updateInventory``."""

    total_rooms: int | None = strawberry.field(
        default=None, description="Rooms that may be sold in all, those sold already included."
    )
    is_closed: bool | None = strawberry.field(default=None, description="Whether to stop selling these nights.")


@strawberry.input(description="A review.")
class AddReviewInput:
    """Input of ``addReview``."""

    hotel_id: strawberry.ID = strawberry.field(description="About which hotel.")
    rating: int = strawberry.field(description="1 (bad) to 10 (excellent).")
    title: str | None = strawberry.field(default=None, description="Headline, at most 200 characters.")
    body: str | None = strawberry.field(default=None, description="The review, at most 10,000 characters.")
    liked: str | None = strawberry.field(default=None, description="What was good, at most 5,000 characters.")
    disliked: str | None = strawberry.field(default=None, description="What was not, at most 5,000 characters.")
    language: LocaleName | None = strawberry.field(default=None, description="Language of the text.")

    def to_values(self) -> dict[str, Any]:
        """By column."""
        values = _by_column(self, without=("hotel_id", "rating", "language"))
        # Bounded, so that a rating of 2^31 is out of range and not too large for an integer.
        tenths = 10 * max(-1, min(self.rating, 100))
        return {**values, "rating_tenths": tenths, "locale": None if self.language is None else self.language.tag}


def _cancellation(given: CancellationInput | None) -> dict[str, int | None]:
    return {
        "free_cancel_days": None if given is None else given.free_until_days,
        "first_night_days": None if given is None else given.first_night_until_days,
    }


def _by_column(given: Any, *, without: Collection[str]) -> dict[str, Any]:
    """The fields of an input by column, but for those that were left out (``Maybe`` without a value)."""
    values: dict[str, Any] = {}
    for field in fields(given):
        value = getattr(given, field.name)
        if field.name in without or (isinstance(field.type, StrawberryMaybe) and value is None):
            continue
        value = value.value if isinstance(value, Some) else value
        values[COLUMNS.get(field.name, field.name)] = value.value if isinstance(value, Enum) else value
    return values
