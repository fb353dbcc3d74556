"""Hotels."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.

import asyncio
import math
from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Self

import strawberry

from shared.graphql import Connection, CurrencyCode, Money, page_size, parse_id
from subgraphs.hotels import models
from subgraphs.hotels.amenities import AMENITIES
from subgraphs.hotels.schema.context import (
    Info,
    as_error,
    in_language,
    language_of,
    text_or_none,
    uuid_or_none,
)
from subgraphs.hotels.schema.enums import PropertyKind
from subgraphs.hotels.schema.inputs import GeoPointInput
from subgraphs.hotels.schema.places import Amenity, Destination, GeoPoint, InLocale, Photo
from subgraphs.hotels.schema.review import After, First, Review, review_connection, review_page
from subgraphs.hotels.schema.rooms import RoomOffer, RoomType
from subgraphs.hotels.schema.stays import StayArgument, checked_stay
from subgraphs.hotels.service.errors import InvalidValue
from subgraphs.hotels.service.search import check_point
from subgraphs.hotels.stays import Stay

_EARTH_RADIUS_KM = 6371.0088


@strawberry.federation.type(keys=["id", "slug"], description="A property that people can stay in.")
class Hotel:
    """A hotel."""

    row: strawberry.Private[models.Hotel]
    priced_stay: strawberry.Private[Stay | None] = None
    """The stay that the search which found this hotel has priced already."""
    priced_total_minor: strawberry.Private[int | None] = None

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The hotels behind entity references, by id or slug; ``None`` for those that do not exist."""
        rows = await asyncio.gather(*(load_hotel(info, key.get("id"), key.get("slug")) for key in keys))
        return [None if row is None else cls(row=row) for row in rows]

    @strawberry.field(description="Identifies the hotel.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="Readable part of its address: `pousada-do-ouro-paraty`. It never changes.")
    def slug(self) -> str:
        return self.row.slug

    @strawberry.field(description="Its name.")
    def name(self) -> str:
        return self.row.name

    @strawberry.field(description="What kind of property it is.")
    def kind(self) -> PropertyKind:
        return PropertyKind(self.row.kind)

    @strawberry.field(description="What it says about itself.")
    def description(self, info: Info, locale: InLocale = None) -> str | None:
        return in_language(language_of(info, locale), self.row.description_pt, self.row.description_en)

    @strawberry.field(description="The destination that it belongs to.")
    async def destination(self, info: Info) -> Destination:
        row = await info.context.loaders.destination.load(self.row.destination_id)
        assert row is not None  # a foreign key says so
        return Destination(row=row)

    @strawberry.field(description="Street and number.")
    def address(self) -> str:
        return self.row.address

    @strawberry.field(description="Part of the city.")
    def neighborhood(self) -> str | None:
        return self.row.neighborhood

    @strawberry.field(description="Postal code.")
    def postal_code(self) -> str | None:
        return self.row.postal_code

    @strawberry.field(description="Country, as its ISO 3166-1 alpha-2 code: `BR`.")
    def country_code(self) -> str:
        return self.row.country_code

    @strawberry.field(description="Where it is.")
    def location(self) -> GeoPoint:
        return GeoPoint(latitude=self.row.latitude, longitude=self.row.longitude)

    @strawberry.field(description="Distance from a point as the crow flies, in kilometres.")
    def distance_km(
        self, info: Info, from_: Annotated[GeoPointInput, strawberry.argument(name="from", description="The point.")]
    ) -> float:
        try:
            check_point("from", from_.latitude, from_.longitude)
        except InvalidValue as refusal:
            raise as_error(refusal, language_of(info)) from None
        return round(_distance_km(from_.latitude, from_.longitude, self.row.latitude, self.row.longitude), 3)

    @strawberry.field(description="IANA time zone, in which its nights and times are: `America/Sao_Paulo`.")
    def time_zone(self) -> str:
        return self.row.time_zone

    @strawberry.field(description="Currency of all its prices.")
    def currency(self) -> CurrencyCode:
        return CurrencyCode(self.row.currency)

    @strawberry.field(description="Official stars, 1 to 5; null for none.")
    def stars(self) -> int | None:
        return self.row.stars

    @strawberry.field(description="What it offers.")
    def amenities(self) -> list[Amenity]:
        return [Amenity(row=AMENITIES[code]) for code in self.row.amenities if code in AMENITIES]

    @strawberry.field(description="From when guests may arrive, local time.")
    def check_in_time(self) -> time:
        return self.row.check_in_time

    @strawberry.field(description="Until when guests must leave, local time.")
    def check_out_time(self) -> time:
        return self.row.check_out_time

    @strawberry.field(description="Whether searches find it.")
    def is_listed(self) -> bool:
        return self.row.is_listed

    @strawberry.field(description="Average of its guests' ratings, 1.0 to 10.0; null when there are none.")
    def rating(self) -> float | None:
        return None if self.row.rating_count == 0 else round(self.row.rating_sum / self.row.rating_count / 10, 2)

    @strawberry.field(
        description="How many ratings that average is made of. Imported hotels bring ratings without a text."
    )
    def rating_count(self) -> int:
        return self.row.rating_count

    @strawberry.field(description="Its photos, in the order shown.")
    async def photos(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100; all when left out.")] = None,
    ) -> list[Photo]:
        limit = None if first is None else page_size(first)
        photos = await info.context.loaders.photos.load(self.row.id)
        return [Photo(row=photo) for photo in photos[:limit]]

    @strawberry.field(description="Its room types, in the order shown.")
    async def room_types(self, info: Info) -> list[RoomType]:
        return [RoomType(row=row) for row in await info.context.loaders.room_types.load(self.row.id)]

    @strawberry.field(description="Price of a room on the cheapest open night ahead; null when there is no such night.")
    def from_price(self) -> Money | None:
        minor = self.row.from_price_minor
        return None if minor is None else Money.of_minor(minor, self.row.currency)

    @strawberry.field(description="The cheapest price of all rooms for the whole stay; null when no room type is free.")
    async def lowest_price(self, info: Info, stay: StayArgument) -> Money | None:
        asked = checked_stay(info, stay, self.row)
        if asked == self.priced_stay:
            minor = self.priced_total_minor
        else:
            offers = await info.context.loaders.offers.load((self.row.id, asked))
            minor = min((offer.total_minor for offer in offers), default=None)
        return None if minor is None else Money.of_minor(minor, self.row.currency)

    @strawberry.field(
        description=(
            "The room types that are free for the stay, the cheapest first: enough rooms on every night, no night "
            "closed, the minimum stay of the arrival night kept, and the guests fit."
        )
    )
    async def availability(
        self,
        info: Info,
        stay: StayArgument,
        replaces_hold_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description=(
                    "A booking's hold of rooms whose stay is to become this one: the rooms that it has count as free. "
                    "Known to the bookings subgraph only."
                )
            ),
        ] = None,
    ) -> list[RoomOffer]:
        replaced = None if replaces_hold_id is None else parse_id(replaces_hold_id, "replacesHoldId")
        asked = replace(checked_stay(info, stay, self.row), replaces_hold_id=replaced)
        loaders = info.context.loaders
        offers, room_types = await asyncio.gather(
            loaders.offers.load((self.row.id, asked)), loaders.room_types.load(self.row.id)
        )
        rows = {row.id: row for row in room_types}
        return [
            RoomOffer(offer=offer, stay=asked, hotel=self.row, room_type_row=rows[offer.room_type_id])
            for offer in offers
            if offer.room_type_id in rows
        ]

    @strawberry.field(description="Whether this user is its manager. Administrators may do the same without being so.")
    def is_managed_by(
        self, user_id: Annotated[strawberry.ID, strawberry.argument(description="Id of the user.")]
    ) -> bool:
        return parse_id(user_id, "userId") == self.row.manager_id

    @strawberry.field(description="What guests say, the newest first.")
    async def reviews(self, info: Info, first: First = None, after: After = None) -> Connection[Review]:
        page = review_page(self.row.id, first, after)
        return review_connection(await info.context.loaders.hotel_reviews.load(page), page, after)


async def load_hotel(info: Info, key_id: Any, slug: Any) -> models.Hotel | None:
    """The hotel with this id or this slug, if there is one."""
    loaders = info.context.loaders
    if (hotel_id := uuid_or_none(key_id)) is not None:
        return await loaders.hotel.load(hotel_id)
    if (text := text_or_none(slug)) is not None:
        return await loaders.hotel_by_slug.load(text)
    return None


def _distance_km(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Haversine, as the SQL function ``distance_metres``."""
    half_chord = (
        math.sin(math.radians(lat2 - lat1) / 2) ** 2
        + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(math.radians(lng2 - lng1) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half_chord)))
