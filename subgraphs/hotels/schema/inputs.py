"""Input of queries, and how it becomes what the use cases take."""

from datetime import date
from decimal import Decimal

import strawberry

from shared.graphql import CurrencyCode, MoneyInput, parse_id
from subgraphs.hotels import models
from subgraphs.hotels.repository.search import HotelSearch, Near, PriceRange
from subgraphs.hotels.schema.enums import PropertyKind
from subgraphs.hotels.stays import Stay

BRL = CurrencyCode("BRL")


@strawberry.input(description="The nights, guests and rooms that somebody asks for. Dates are local to the hotel.")
class StayInput:
    """A stay."""

    check_in_date: date = strawberry.field(description="Day of arrival: today at the earliest.")
    check_out_date: date = strawberry.field(description="Day of departure: at most 30 nights later.")
    guests: int = strawberry.field(description="Guests in all rooms together.")
    rooms: int = strawberry.field(default=1, description="Rooms of one type, 1 to 9.")

    def to_stay(self) -> Stay:
        """The stay, not checked yet."""
        return Stay(self.check_in_date, self.check_out_date, self.guests, self.rooms)


@strawberry.input(description="A place on Earth.")
class GeoPointInput:
    """A point."""

    latitude: float = strawberry.field(description="Degrees north, -90 to 90: `-22.9868`.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180: `-43.1890`.")


@strawberry.input(description="A circle on the map.")
class NearInput(GeoPointInput):
    """A point and how far around it."""

    radius_km: float = strawberry.field(default=10.0, description="Radius in kilometres, at most 500.")


@strawberry.input(description="Limits of the price of one room for one night.")
class PriceRangeInput:
    """A range of prices in one currency."""

    minimum: Decimal | None = strawberry.field(default=None, description="Lowest price, itself included.")
    maximum: Decimal | None = strawberry.field(default=None, description="Highest price, itself included.")
    currency: CurrencyCode = strawberry.field(
        default=BRL, description="The currency. Hotels with prices in another one are not found."
    )

    def to_range(self) -> PriceRange:
        """The range in minor units. Raises ``BadUserInput`` for amounts that the currency does not know."""
        return PriceRange(self.currency, self._minor(self.minimum, "minimum"), self._minor(self.maximum, "maximum"))

    def _minor(self, amount: Decimal | None, name: str) -> int | None:
        if amount is None:
            return None
        return MoneyInput(amount=amount, currency=self.currency).to_minor(f"filter.price.{name}")


@strawberry.input(description="Which hotels to find. All given parts must fit.")
class HotelFilter:
    """What a hotel must be like."""

    query: str | None = strawberry.field(
        default=None,
        description=(
            "Words in name, place or description, in Portuguese or English, with or without accents; small typing "
            "errors in names are forgiven: `pousada paraty`."
        ),
    )
    destination_id: strawberry.ID | None = strawberry.field(default=None, description="In this destination.")
    destination_slug: str | None = strawberry.field(
        default=None, description="In the destination with this slug: `paraty-rj`."
    )
    near: NearInput | None = strawberry.field(default=None, description="Within this circle.")
    price: PriceRangeInput | None = strawberry.field(
        default=None,
        description=(
            "Price of one room for one night: of the stay's average night when there is a `stay`, otherwise of the "
            "cheapest open night ahead."
        ),
    )
    stars: list[int] | None = strawberry.field(default=None, description="Any of these numbers of stars, 1 to 5.")
    minimum_rating: float | None = strawberry.field(
        default=None, description="Average guest rating at least this, 1 to 10."
    )
    amenities: list[str] | None = strawberry.field(
        default=None, description="All of these amenities, by code: `wifi`. `amenities` lists the codes."
    )
    kinds: list[PropertyKind] | None = strawberry.field(default=None, description="Any of these kinds of property.")
    stay: StayInput | None = strawberry.field(
        default=None,
        description="Free for this stay: one room type has rooms on every night, and the guests fit into them.",
    )

    def to_search(self) -> HotelSearch:
        """The search, not checked yet. Raises ``BadUserInput`` for ids and amounts that cannot be."""
        return HotelSearch(
            words=(self.query or "").strip() or None,
            destination_id=None
            if self.destination_id is None
            else parse_id(self.destination_id, "filter.destinationId"),
            destination_slug=self.destination_slug,
            near=None if self.near is None else _near(self.near),
            price=None if self.price is None else self.price.to_range(),
            stars=tuple(self.stars or ()),
            minimum_rating_tenths=None if self.minimum_rating is None else round(self.minimum_rating * 10),
            amenities=tuple(sorted(set(self.amenities or ()))),
            kinds=tuple(models.PropertyKind(kind.name) for kind in self.kinds or ()),
            stay=None if self.stay is None else self.stay.to_stay(),
        )


def _near(near: NearInput) -> Near:
    # Bounded before rounding, because a float may be as large as 1e308.
    return Near(near.latitude, near.longitude, round(max(-1.0, min(near.radius_km, 1e6)) * 1000))
