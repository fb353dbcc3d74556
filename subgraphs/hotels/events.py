"""The events that this domain publishes.

Those about a hotel have the hotel's ``version`` as their sequence. Answers to bookings (``shared.contracts.inventory``)
are about a booking, and have the hold's ``version``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Self, TypeAlias
from uuid import UUID

from shared.contracts.hotels import HotelEvent, ReviewAdded
from shared.contracts.inventory import (
    InventoryConfirmed,
    InventoryExpired,
    InventoryHeld,
    InventoryRefused,
    InventoryReleased,
)
from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.hotels.models import Hotel, OutboxMessage, Review, RoomType

__all__ = ["HotelCreated", "HotelUpdated", "InventoryChanged", "RatesChanged", "ReviewAdded", "RoomTypeChanged"]


class _HotelState(HotelEvent, frozen=True, kw_only=True):
    """A hotel's own data after the change."""

    slug: str
    name: str
    kind: str
    destination_id: UUID
    manager_id: UUID | None
    country_code: str
    latitude: float
    longitude: float
    time_zone: str
    currency: str
    stars: int | None
    amenities: list[str]
    description_pt: str | None
    description_en: str | None
    is_listed: bool
    place: str = ""
    """Names of the destination; empty in events from before the field."""

    @classmethod
    def of(cls, hotel: Hotel) -> Self:
        """The event for ``hotel`` as it is now."""
        return cls(
            hotel_id=hotel.id,
            slug=hotel.slug,
            name=hotel.name,
            kind=hotel.kind,
            destination_id=hotel.destination_id,
            manager_id=hotel.manager_id,
            country_code=hotel.country_code,
            latitude=hotel.latitude,
            longitude=hotel.longitude,
            time_zone=hotel.time_zone,
            currency=hotel.currency,
            stars=hotel.stars,
            amenities=list(hotel.amenities),
            description_pt=hotel.description_pt,
            description_en=hotel.description_en,
            is_listed=hotel.is_listed,
            place=hotel.place,
        )


class HotelCreated(_HotelState, frozen=True, kw_only=True):
    """There is a new hotel."""

    type: ClassVar[str] = "hotel.created"


class HotelUpdated(_HotelState, frozen=True, kw_only=True):
    """A hotel's own data or photos changed."""

    type: ClassVar[str] = "hotel.updated"


class RoomTypeChanged(HotelEvent, frozen=True, kw_only=True):
    """A room type is new or changed; the fields hold the values after the change."""

    type: ClassVar[str] = "room_type.changed"

    room_type_id: UUID
    code: str
    name_pt: str | None
    name_en: str | None
    max_guests: int
    total_rooms: int
    base_price_minor: int
    currency: str
    free_cancel_days: int | None
    first_night_days: int | None
    is_active: bool

    @classmethod
    def of(cls, room_type: RoomType, currency: str) -> Self:
        """The event for ``room_type`` as it is now."""
        return cls(
            hotel_id=room_type.hotel_id,
            room_type_id=room_type.id,
            code=room_type.code,
            name_pt=room_type.name_pt,
            name_en=room_type.name_en,
            max_guests=room_type.max_guests,
            total_rooms=room_type.total_rooms,
            base_price_minor=room_type.base_price_minor,
            currency=currency,
            free_cancel_days=room_type.free_cancel_days,
            first_night_days=room_type.first_night_days,
            is_active=room_type.is_active,
        )


class _CalendarEvent(HotelEvent, frozen=True, kw_only=True):
    """Which nights of a room type changed."""

    room_type_id: UUID
    first_night: date
    last_night: date
    """The last night that changed, itself included."""
    weekdays: list[int]
    """ISO weekdays of the range that changed, 1 for Monday."""


class RatesChanged(_CalendarEvent, frozen=True, kw_only=True):
    """Prices or minimum stays of nights changed; ``None`` means left as they were."""

    type: ClassVar[str] = "rates.changed"

    price_minor: int | None
    currency: str
    min_stay: int | None


class InventoryChanged(_CalendarEvent, frozen=True, kw_only=True):
    """Rooms of nights, or whether they are sold at all, changed; ``None`` means left as it was."""

    type: ClassVar[str] = "inventory.changed"

    total: int | None
    is_closed: bool | None


def review_added(review: Review, author_id: UUID) -> ReviewAdded:
    """The event for a new ``review``."""
    return ReviewAdded(
        hotel_id=review.hotel_id,
        review_id=review.id,
        author_id=author_id,
        rating_tenths=review.rating_tenths,
        is_verified_stay=review.is_verified_stay,
    )


def publish(session: WriteSession, event: HotelEvent, sequence: int) -> None:
    """Record ``event`` in the current transaction; ``sequence`` is the hotel's version that this change made."""
    record_event(
        session,
        OutboxMessage,
        type=event.type,
        aggregate_id=event.hotel_id,
        aggregate_sequence=sequence,
        payload=event,
    )


InventoryReply: TypeAlias = InventoryHeld | InventoryRefused | InventoryConfirmed | InventoryReleased | InventoryExpired


@dataclass(frozen=True, slots=True)
class Cause:
    """What set a reply off."""

    correlation_id: UUID | None
    """Of the booking's request."""
    command_id: UUID | None = None
    """The command that is answered; ``None`` when nobody asked."""


def answer(session: WriteSession, reply: InventoryReply, sequence: int, cause: Cause) -> None:
    """Record ``reply`` in the current transaction; ``sequence`` is the hold's version that it tells of."""
    record_event(
        session,
        OutboxMessage,
        type=reply.topic,
        aggregate_id=reply.booking_id,
        aggregate_sequence=sequence,
        payload=reply,
        correlation_id=cause.correlation_id,
        causation_id=cause.command_id,
    )
