"""Tables of the hotels domain.

Money is integer minor units in the hotel's currency; a night is the local date on which it begins at the hotel;
ratings are tenths on a scale from 1 to 10 (87 means 8.7).
"""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import DomainBase, Instant, OutboxMixin, Timestamps, UuidKey, domain_metadata
from shared.db.inbox import InboxMixin

# Built-in dictionaries after our own immutable unaccent: a custom text search configuration would be one more
# object to keep in step, and stop words do not matter in names. Name and place count most, then the descriptions.
_SEARCH_VECTOR = """
setweight(to_tsvector('portuguese', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('english', immutable_unaccent(name)), 'A')
|| setweight(to_tsvector('portuguese', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('english', immutable_unaccent(place)), 'B')
|| setweight(to_tsvector('portuguese', immutable_unaccent(coalesce(description_pt, ''))), 'C')
|| setweight(to_tsvector('english', immutable_unaccent(coalesce(description_en, ''))), 'C')
""".strip()

# A Bayesian average in thousandths: ten votes of 7.0 are added, so that one enthusiastic guest does not outrank
# five hundred content ones.
_RATING_RANK = "((rating_sum + 700) * 100 / (rating_count + 10))::integer"


NO_PRICE = 2_147_483_647
"""Stands for "no price" when sorting by price, so that such hotels come last and keysets need no NULL."""


class Base(DomainBase):
    """Base of the hotels tables."""

    __abstract__ = True
    metadata = domain_metadata()


class DestinationKind(StrEnum):
    """What a destination is."""

    CITY = "CITY"
    REGION = "REGION"
    COUNTRY = "COUNTRY"


class PropertyKind(StrEnum):
    """What a hotel calls itself."""

    HOTEL = "HOTEL"
    RESORT = "RESORT"
    POUSADA = "POUSADA"
    HOSTEL = "HOSTEL"
    APARTMENT = "APARTMENT"


class Destination(Timestamps, Base):
    """A place that people travel to and that hotels belong to."""

    __tablename__ = "destinations"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("source", "source_id"),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        Index("ix_destinations_search_name", "search_name", postgresql_using="gin",
              postgresql_ops={"search_name": "gin_trgm_ops"}),
        Index("ix_destinations_search_name_prefix", "search_name", postgresql_ops={"search_name": "text_pattern_ops"}),
    )  # fmt: skip

    id: Mapped[UuidKey]
    slug: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12), server_default=DestinationKind.CITY)
    name: Mapped[str] = mapped_column(String(120))
    """The local or Portuguese name: ``Lisboa``."""
    name_en: Mapped[str | None] = mapped_column(String(120))
    """The English name where it differs: ``Lisbon``."""
    region: Mapped[str | None] = mapped_column(String(120))
    """State or province, such as ``Rio de Janeiro``."""
    region_code: Mapped[str | None] = mapped_column(String(10))
    """Its code, such as ``RJ``."""
    country_code: Mapped[str] = mapped_column(String(2))
    """ISO 3166-1 alpha-2."""
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    time_zone: Mapped[str] = mapped_column(String(64))
    """IANA name, such as ``America/Sao_Paulo``."""
    population: Mapped[int] = mapped_column(Integer, server_default="0")
    """Breaks ties in autocomplete; 0 when unknown."""
    hotel_count: Mapped[int] = mapped_column(Integer, server_default="0")
    """Listed hotels, kept by the statements that add or move hotels."""
    source: Mapped[str | None] = mapped_column(String(40))
    source_id: Mapped[str | None] = mapped_column(String(160))
    search_name: Mapped[str] = mapped_column(
        Text, Computed("lower(immutable_unaccent(name || ' ' || coalesce(name_en, '')))", persisted=True)
    )


class Hotel(Timestamps, Base):
    """A property that people can stay in."""

    __tablename__ = "hotels"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("source", "source_id"),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("rating_count >= 0 AND rating_sum >= 0", name="rating"),
        Index("ix_hotels_destination_id", "destination_id"),
        Index("ix_hotels_manager_id", "manager_id", "id"),
        Index("ix_hotels_latitude_longitude", "latitude", "longitude"),
        Index("ix_hotels_search_vector", "search_vector", postgresql_using="gin"),
        Index("ix_hotels_search_name", "search_name", postgresql_using="gin",
              postgresql_ops={"search_name": "gin_trgm_ops"}),
        Index("ix_hotels_amenities", "amenities", postgresql_using="gin"),
        # One index per sort, in the order of its keyset; unlisted hotels are in none of them.
        Index("ix_hotels_by_rating", text("rating_rank DESC"), "id", postgresql_where=text("is_listed")),
        Index("ix_hotels_by_price", "currency", text(f"coalesce(from_price_minor, {NO_PRICE})"), "id",
              postgresql_where=text("is_listed")),
        Index("ix_hotels_by_name", "name_key", "id", postgresql_where=text("is_listed")),
        Index("ix_hotels_by_stars", text("coalesce(stars, 0) DESC"), "id", postgresql_where=text("is_listed")),
    )  # fmt: skip

    id: Mapped[UuidKey]
    slug: Mapped[str] = mapped_column(String(200))
    destination_id: Mapped[UUID] = mapped_column(ForeignKey("destinations.id"))
    manager_id: Mapped[UUID | None]
    """The user who runs it. Users live in another database: no foreign key."""
    kind: Mapped[str] = mapped_column(String(12), server_default=PropertyKind.HOTEL)
    name: Mapped[str] = mapped_column(String(200))
    place: Mapped[str] = mapped_column(Text)
    """Names of the destination, copied here so that one index finds ``pousada paraty``; kept by the repository."""
    description_pt: Mapped[str | None] = mapped_column(Text)
    description_en: Mapped[str | None] = mapped_column(Text)
    address: Mapped[str] = mapped_column(String(300))
    neighborhood: Mapped[str | None] = mapped_column(String(120))
    postal_code: Mapped[str | None] = mapped_column(String(20))
    country_code: Mapped[str] = mapped_column(String(2))
    latitude: Mapped[float] = mapped_column(Double)
    longitude: Mapped[float] = mapped_column(Double)
    time_zone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3), server_default="BRL")
    """Of every price of this hotel; never changes once the hotel exists."""
    stars: Mapped[int | None] = mapped_column(SmallInteger)
    amenities: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default="{}")
    """Codes of ``subgraphs.hotels.amenities``, sorted."""
    check_in_time: Mapped[time] = mapped_column(server_default="14:00")
    check_out_time: Mapped[time] = mapped_column(server_default="12:00")
    is_listed: Mapped[bool] = mapped_column(server_default="true")
    """Whether search finds it. An unlisted hotel still answers by id, because bookings refer to it."""
    from_price_minor: Mapped[int | None] = mapped_column(Integer)
    """The cheapest open night ahead, per room; null when there is none. Kept with every change of rates."""
    external_rating_tenths: Mapped[int | None] = mapped_column(SmallInteger)
    """Average rating that the importing source published with ``external_review_count`` ratings. It includes the
    source's own reviews, so those that we hold as rows are not counted again."""
    external_review_count: Mapped[int] = mapped_column(Integer, server_default="0")
    rating_sum: Mapped[int] = mapped_column(Integer, server_default="0")
    """Sum of all counted ratings in tenths, external ones included."""
    rating_count: Mapped[int] = mapped_column(Integer, server_default="0")
    rating_rank: Mapped[int] = mapped_column(Integer, Computed(_RATING_RANK, persisted=True))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Number of the last event about this hotel; each change adds one in its own statement."""
    source: Mapped[str | None] = mapped_column(String(40))
    """Where an imported hotel came from, such as ``europe``."""
    source_id: Mapped[str | None] = mapped_column(String(160))
    name_key: Mapped[str] = mapped_column(
        Text(collation="C"), Computed("lower(immutable_unaccent(name))", persisted=True)
    )
    """Sorts by name, in the same order on every server whatever its locale."""
    search_name: Mapped[str] = mapped_column(
        Text, Computed("lower(immutable_unaccent(name || ' ' || place))", persisted=True)
    )
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, Computed(_SEARCH_VECTOR, persisted=True), deferred=True)


class RoomType(Timestamps, Base):
    """Rooms of a hotel that are sold as one kind."""

    __tablename__ = "room_types"
    __table_args__ = (
        UniqueConstraint("hotel_id", "code"),
        CheckConstraint("max_guests BETWEEN 1 AND 30", name="max_guests"),
        CheckConstraint("total_rooms BETWEEN 0 AND 5000", name="total_rooms"),
        CheckConstraint("base_price_minor >= 0", name="base_price"),
        CheckConstraint("(free_cancel_days IS NULL) = (first_night_days IS NULL) AND 0 <= first_night_days "
                        "AND first_night_days <= free_cancel_days", name="cancellation"),
    )  # fmt: skip

    id: Mapped[UuidKey]
    hotel_id: Mapped[UUID] = mapped_column(ForeignKey("hotels.id", ondelete="CASCADE"))
    code: Mapped[str] = mapped_column(String(40))
    """The hotel's own short name for it, such as ``DLX``; never changes."""
    name_pt: Mapped[str | None] = mapped_column(String(160))
    name_en: Mapped[str | None] = mapped_column(String(160))
    description_pt: Mapped[str | None] = mapped_column(Text)
    description_en: Mapped[str | None] = mapped_column(Text)
    max_guests: Mapped[int] = mapped_column(SmallInteger)
    """Guests in one room."""
    bed_count: Mapped[int | None] = mapped_column(SmallInteger)
    size_sqm: Mapped[int | None] = mapped_column(SmallInteger)
    total_rooms: Mapped[int] = mapped_column(Integer)
    """Rooms of this type; what a new night starts with."""
    base_price_minor: Mapped[int] = mapped_column(Integer)
    """Price of a room and night before season and weekday; what a new night starts with."""
    free_cancel_days: Mapped[int | None] = mapped_column(SmallInteger)
    """Cancelling is free until this many days before check-in; null when nothing is refunded."""
    first_night_days: Mapped[int | None] = mapped_column(SmallInteger)
    """Then it costs the first night until this many days before check-in, and the whole stay after that."""
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    is_active: Mapped[bool] = mapped_column(server_default="true")
    """Whether it is offered. Room types are never deleted: bookings refer to them."""


class InventoryNight(Base):
    """Rooms and price of one room type on one night: the row that decides whether a room can be sold."""

    __tablename__ = "inventory_nights"
    __table_args__ = (
        # Overselling is impossible here, whatever the code above it does.
        CheckConstraint("0 <= held AND 0 <= sold AND held + sold <= total", name="not_oversold"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("min_stay BETWEEN 1 AND 30", name="min_stay"),
        # Holding and selling rooms change no indexed column; with room on the page such an update is heap-only.
        {"postgresql_with": {"fillfactor": 85}},
    )

    room_type_id: Mapped[UUID] = mapped_column(ForeignKey("room_types.id", ondelete="CASCADE"), primary_key=True)
    night: Mapped[date] = mapped_column(Date, primary_key=True)
    price_minor: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(SmallInteger)
    held: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """Rooms kept for bookings that are not confirmed yet."""
    sold: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    min_stay: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """Fewest nights of a stay that arrives on this night."""
    is_closed: Mapped[bool] = mapped_column(server_default="false")
    """Whether the manager stopped selling this night."""


class Photo(Base):
    """A picture of a hotel or of one of its room types."""

    __tablename__ = "photos"
    __table_args__ = (UniqueConstraint("hotel_id", "url"), Index("ix_photos_hotel_id_position", "hotel_id", "position"))

    id: Mapped[UuidKey]
    hotel_id: Mapped[UUID] = mapped_column(ForeignKey("hotels.id", ondelete="CASCADE"))
    room_type_id: Mapped[UUID | None] = mapped_column(ForeignKey("room_types.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(600))
    caption_pt: Mapped[str | None] = mapped_column(String(300))
    caption_en: Mapped[str | None] = mapped_column(String(300))
    position: Mapped[int] = mapped_column(SmallInteger, server_default="0")


class Review(Base):
    """What a guest says about a hotel."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("hotel_id", "author_id"),
        UniqueConstraint("source", "source_id"),
        CheckConstraint("rating_tenths BETWEEN 10 AND 100", name="rating"),
        Index("ix_reviews_hotel_id_created_at", "hotel_id", text("created_at DESC"), text("id DESC")),
        Index("ix_reviews_author_id_created_at", "author_id", text("created_at DESC"), text("id DESC")),
    )

    id: Mapped[UuidKey]
    hotel_id: Mapped[UUID] = mapped_column(ForeignKey("hotels.id", ondelete="CASCADE"))
    author_id: Mapped[UUID | None]
    """The user who wrote it; null for imported reviews, which carry ``author_name`` instead."""
    author_name: Mapped[str | None] = mapped_column(String(120))
    rating_tenths: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    liked: Mapped[str | None] = mapped_column(Text)
    disliked: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str | None] = mapped_column(String(10))
    """Language of the text, such as ``pt-BR``."""
    is_verified_stay: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str | None] = mapped_column(String(40))
    source_id: Mapped[str | None] = mapped_column(String(160))
    created_at: Mapped[Instant] = mapped_column(server_default=text("now()"))


class HoldState(StrEnum):
    """How far a hold has come."""

    HELD = "HELD"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


class InventoryHold(Timestamps, Base):
    """Rooms of a room type that a booking asked for: what became of each hold, so that a repeated command has no
    second effect.

    Only HELD and CONFIRMED ones keep rooms: a HELD one counts in ``held`` of its nights, a CONFIRMED one in ``sold``.
    """

    __tablename__ = "inventory_holds"
    __table_args__ = (
        # A release that came before its hold knows only the two ids.
        CheckConstraint("state = 'RELEASED' OR num_nulls(room_type_id, check_in, check_out, rooms, expires_at) = 0",
                        name="complete"),
        CheckConstraint("check_in < check_out AND rooms >= 1", name="stay"),
        CheckConstraint("state IN ('HELD', 'CONFIRMED', 'RELEASED', 'EXPIRED', 'REFUSED')", name="state"),
        CheckConstraint("(state = 'CONFIRMED') <= (confirmed_at IS NOT NULL)", name="confirmed"),
        CheckConstraint("(state = 'REFUSED') = (reason IS NOT NULL)", name="refused"),
        CheckConstraint("0 <= shared_rooms AND shared_rooms <= rooms "
                        "AND (shared_rooms = 0 OR check_in <= shared_from AND shared_from < shared_until "
                        "AND shared_until <= check_out AND replaces_hold_id IS NOT NULL)", name="shared"),
        Index("ix_inventory_holds_expires_at", "expires_at", postgresql_where=text("state = 'HELD'")),
        # The rooms of one hold can be counted as free only once.
        Index("uq_inventory_holds_replaces_hold_id", "replaces_hold_id", unique=True,
              postgresql_where=text("state = 'HELD' AND shared_rooms > 0")),
    )  # fmt: skip

    hold_id: Mapped[UUID] = mapped_column(primary_key=True)
    """Chosen by bookings."""
    booking_id: Mapped[UUID]
    """Bookings live in another database: no foreign key."""
    room_type_id: Mapped[UUID | None]
    """No foreign key, because a hold of an unknown room type is refused and remembered."""
    check_in: Mapped[date | None] = mapped_column(Date)
    check_out: Mapped[date | None] = mapped_column(Date)
    rooms: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(12))
    expires_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    """When it became a sale; stays set when that is released."""
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why it was refused."""
    sold_out_nights: Mapped[list[date]] = mapped_column(ARRAY(Date), server_default="{}")
    replaces_hold_id: Mapped[UUID | None]
    """The hold of the same booking that is released when this one is confirmed."""
    shared_rooms: Mapped[int] = mapped_column(Integer, server_default="0")
    """While HELD: so many of the rooms are not counted in ``held`` from ``shared_from`` up to, not including,
    ``shared_until``, because there they are the rooms that the replaced hold keeps."""
    shared_from: Mapped[date | None] = mapped_column(Date)
    shared_until: Mapped[date | None] = mapped_column(Date)
    correlation_id: Mapped[UUID | None]
    """Of the command that asked for it; its expiry carries it on."""
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    """Counts its transitions."""


class IdempotencyKey(Base):
    """What a client's key was first used for, so that a retry gets the first answer and not a second hotel."""

    __tablename__ = "idempotency_keys"

    owner_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    operation: Mapped[str] = mapped_column(String(40))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the operation and its input, in hexadecimal."""
    result_id: Mapped[UUID]
    created_at: Mapped[Instant] = mapped_column(server_default=text("now()"))


class OutboxMessage(OutboxMixin, Base):
    """Events of this domain that wait for the relay."""


class InboxMessage(InboxMixin, Base):
    """Messages of other domains that this one has handled."""
