"""Places, amenities and photos."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.

import asyncio
from typing import Annotated, Any, Self

import strawberry

from shared.graphql import Url
from subgraphs.hotels import amenities, models
from subgraphs.hotels.schema.context import Info, in_language, language_of, text_or_none, uuid_or_none
from subgraphs.hotels.schema.enums import AmenityCategory, DestinationKind, LocaleName

InLocale = Annotated[
    LocaleName | None, strawberry.argument(description="Language to read it in; the caller's when left out.")
]


@strawberry.type(description="A place on Earth.")
class GeoPoint:
    """A point."""

    latitude: float = strawberry.field(description="Degrees north.")
    longitude: float = strawberry.field(description="Degrees east.")


@strawberry.type(description="Something that a hotel offers.")
class Amenity:
    """An entry of the catalogue."""

    row: strawberry.Private[amenities.Amenity]

    @strawberry.field(description="Stable code, for `HotelFilter.amenities`: `wifi`.")
    def code(self) -> str:
        return self.row.code

    @strawberry.field(description="Its group.")
    def category(self) -> AmenityCategory:
        return AmenityCategory(self.row.category)

    @strawberry.field(description="Its name.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        return self.row.name_en if language_of(info, locale) == "en" else self.row.name_pt


@strawberry.type(description="A picture.")
class Photo:
    """A picture of a hotel or room type."""

    row: strawberry.Private[models.Photo]

    @strawberry.field(description="Address of the picture.")
    def url(self) -> Url:
        return Url(self.row.url)

    @strawberry.field(description="What it shows, if somebody wrote that down.")
    def caption(self, info: Info, locale: InLocale = None) -> str | None:
        return in_language(language_of(info, locale), self.row.caption_pt, self.row.caption_en)


@strawberry.federation.type(keys=["id", "slug"], description="A place that people travel to.")
class Destination:
    """A destination."""

    row: strawberry.Private[models.Destination]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The destinations behind entity references, by id or slug; ``None`` for those that do not exist."""
        rows = await asyncio.gather(*(load_destination(info, key.get("id"), key.get("slug")) for key in keys))
        return [None if row is None else cls(row=row) for row in rows]

    @strawberry.field(description="Identifies the destination.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="Readable part of its address: `paraty-rj`.")
    def slug(self) -> str:
        return self.row.slug

    @strawberry.field(description="What kind of place it is.")
    def kind(self) -> DestinationKind:
        return DestinationKind(self.row.kind)

    @strawberry.field(description="Its name: `Lisboa` in Portuguese, `Lisbon` in English.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        return in_language(language_of(info, locale), self.row.name, self.row.name_en) or self.row.name

    @strawberry.field(description="State or province: `Rio de Janeiro`.")
    def region(self) -> str | None:
        return self.row.region

    @strawberry.field(description="Code of the state or province: `RJ`.")
    def region_code(self) -> str | None:
        return self.row.region_code

    @strawberry.field(description="Country, as its ISO 3166-1 alpha-2 code: `BR`.")
    def country_code(self) -> str:
        return self.row.country_code

    @strawberry.field(description="Where it is.")
    def location(self) -> GeoPoint:
        return GeoPoint(latitude=self.row.latitude, longitude=self.row.longitude)

    @strawberry.field(description="IANA time zone: `America/Sao_Paulo`.")
    def time_zone(self) -> str:
        return self.row.time_zone

    @strawberry.field(description="How many hotels searches can find there.")
    def hotel_count(self) -> int:
        return self.row.hotel_count


async def load_destination(info: Info, key_id: Any, slug: Any) -> models.Destination | None:
    """The destination with this id or this slug, if there is one."""
    loaders = info.context.loaders
    if (destination_id := uuid_or_none(key_id)) is not None:
        return await loaders.destination.load(destination_id)
    if (text := text_or_none(slug)) is not None:
        return await loaders.destination_by_slug.load(text)
    return None
