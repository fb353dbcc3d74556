"""What importers hand over, one dataclass per kind of row.

``source`` names where a row came from (``europe``, ``rio``, ``seed``, ...; at most 40 characters) and ``source_id`` is
the row's stable identity there (at most 160): together they make a second import find the first one's rows. Text must
not contain NUL characters, which PostgreSQL cannot store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Generic, TypeVar
from uuid import UUID

from subgraphs.hotels.models import DestinationKind, PropertyKind

KeyT = TypeVar("KeyT")


@dataclass(frozen=True, slots=True)
class UpsertResult(Generic[KeyT]):
    """What an upsert did. ``ids`` holds the id of every row that was handed over, new or not."""

    inserted: int
    updated: int
    unchanged: int
    ids: dict[KeyT, UUID] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRow:
    """A place to travel to. Its slug is made from name and region, and kept on later imports."""

    source: str
    source_id: str
    name: str
    """Local or Portuguese name, at most 120 characters: ``Lisboa``."""
    country_code: str
    """ISO 3166-1 alpha-2: ``BR``."""
    latitude: float
    longitude: float
    time_zone: str
    """IANA name: ``America/Sao_Paulo``."""
    name_en: str | None = None
    """English name where it differs: ``Lisbon``."""
    region: str | None = None
    """State or province: ``Rio de Janeiro``."""
    region_code: str | None = None
    """``RJ``."""
    population: int = 0
    kind: DestinationKind = DestinationKind.CITY


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    """A picture of a hotel. ``url`` identifies it within the hotel; the order of the rows is the order shown."""

    url: str
    caption_pt: str | None = None
    caption_en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HotelRow:
    """A hotel. Slug and currency are set by the first import and kept later; photos that are gone are removed."""

    source: str
    source_id: str
    destination_id: UUID
    name: str
    """At most 200 characters."""
    address: str
    """Street and number, at most 300 characters."""
    latitude: float
    longitude: float
    currency: str = "BRL"
    """ISO 4217 code, of all prices of this hotel; one of those in ``shared.graphql.money``."""
    time_zone: str | None = None
    """IANA name; ``None`` for the destination's."""
    country_code: str | None = None
    """ISO 3166-1 alpha-2; ``None`` for the destination's."""
    manager_id: UUID | None = None
    """Id of the user who manages it. ``None`` leaves the manager as it is."""
    kind: PropertyKind = PropertyKind.HOTEL
    description_pt: str | None = None
    description_en: str | None = None
    neighborhood: str | None = None
    postal_code: str | None = None
    stars: int | None = None
    """1 to 5, or ``None`` for unrated."""
    amenities: tuple[str, ...] = ()
    """Codes of ``subgraphs.hotels.amenities.AMENITIES``; ``UnknownAmenity`` is raised for any other."""
    check_in_time: time = time(14)
    check_out_time: time = time(12)
    external_rating_tenths: int | None = None
    """Average rating that the source publishes, in tenths from 10 to 100."""
    external_review_count: int = 0
    """How many ratings that average is made of. When it is above 0, reviews of the same source are shown but not
    counted again."""
    photos: tuple[PhotoRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTypeRow:
    """A room type, identified by ``(hotel_id, code)``."""

    hotel_id: UUID
    code: str
    """The hotel's short name for it, at most 40 characters: ``STD``."""
    max_guests: int
    """Guests in one room, 1 to 30."""
    total_rooms: int
    """Rooms of this type; every night of the calendar starts with as many."""
    base_price_minor: int
    """Price of a room and night before season and weekday, in minor units of the hotel's currency."""
    name_pt: str | None = None
    name_en: str | None = None
    description_pt: str | None = None
    description_en: str | None = None
    bed_count: int | None = None
    size_sqm: int | None = None
    free_cancel_days: int | None = 2
    """Cancelling is free until this many days before check-in; ``None`` when nothing is refunded."""
    first_night_days: int | None = 0
    """Then it costs the first night until this many days before check-in, and all after that. ``None`` exactly when
    ``free_cancel_days`` is."""
    position: int = 0
    """Order in which the hotel shows its room types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """A review. Either ``author_id`` (a user of ours, one review per hotel) or ``author_name`` should be given."""

    source: str
    source_id: str
    hotel_id: UUID
    rating_tenths: int
    """10 to 100."""
    created_at: datetime
    """When it was written, timezone-aware."""
    author_id: UUID | None = None
    author_name: str | None = None
    title: str | None = None
    body: str | None = None
    liked: str | None = None
    """What the guest liked, where the source asks for it apart."""
    disliked: str | None = None
    locale: str | None = None
    """Language of the text: ``pt-BR``, ``en``."""
    is_verified_stay: bool = False
