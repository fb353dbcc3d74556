"""``rio_listings_insideairbnb_2018.csv.gz``: places to stay in Rio de Janeiro (Inside Airbnb, April 2018)."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from reservei.market.csv_rows import Row
from reservei.market.fields import (
    Values,
    integer,
    number,
    optional_integer,
    optional_number,
    optional_text,
    price_minor,
    shorten,
    text,
)
from reservei.market.formats._hotels import HotelsImporter, check_near
from reservei.market.hotels import UNASSIGNED, HotelDraft
from reservei.market.importing import Parsed
from reservei.market.language import is_portuguese
from reservei.market.places import place
from reservei.market.problems import Adjustment, Reason, RowRejected
from subgraphs.hotels.importing import HotelRow, RoomTypeRow
from subgraphs.hotels.models import PropertyKind

T = TypeVar("T")

RIO_SOURCE: Final = "rio"

_LONGEST_MIN_STAY: Final = 30
_MOST_GUESTS: Final = 30
_MAX_DESCRIPTION: Final = 4_000
_POSTAL_CODE: Final = re.compile(r"(\d{5})-?(\d{3})")

_KINDS: Final[Mapping[str, PropertyKind]] = {
    "Hostel": PropertyKind.HOSTEL,
    "Dorm": PropertyKind.HOSTEL,
    "Bed and breakfast": PropertyKind.POUSADA,
    "Guesthouse": PropertyKind.POUSADA,
    "Guest suite": PropertyKind.POUSADA,
    "Boutique hotel": PropertyKind.HOTEL,
    "Hotel": PropertyKind.HOTEL,
    "Resort": PropertyKind.RESORT,
}
"""Everything else is an apartment or a house that is let as a whole or by room."""

_ROOMS: Final[Mapping[str, tuple[str, str, str]]] = {
    "Entire home/apt": ("HOME", "Imóvel inteiro", "Entire place"),
    "Private room": ("ROOM", "Quarto privativo", "Private room"),
    "Shared room": ("BED", "Quarto compartilhado", "Shared room"),
}
"""Code and names of the one room type of a listing."""

_CANCELLATION: Final[Mapping[str, tuple[int | None, int | None]]] = {
    "flexible": (1, 0),
    "moderate": (5, 1),
    "strict": (14, 7),
    "strict_14_with_grace_period": (14, 7),
    "super_strict_30": (30, 30),
    "super_strict_60": (60, 60),
    "no_refunds": (None, None),
}
"""Days before check-in until which cancelling is free, and until which it costs the first night: ours is the nearest
rule to theirs. "strict" gave half of the money back up to a week before."""

_AMENITIES: Final[Mapping[str, str]] = {
    "Wifi": "wifi", "Internet": "wifi", "Pocket wifi": "wifi", "Ethernet connection": "wifi",
    "Wireless Internet": "wifi", "Laptop friendly workspace": "workspace", "TV": "tv", "Cable TV": "tv",
    "Air conditioning": "air_conditioning", "Heating": "heating", "Patio or balcony": "balcony",
    "Waterfront": "sea_view", "Washer": "washer", "Washer / Dryer": "washer", "Hair dryer": "hair_dryer",
    "Iron": "iron", "Breakfast": "breakfast", "Kitchen": "kitchen", "Pool": "pool", "Gym": "gym", "Hot tub": "hot_tub",
    "Sauna": "sauna", "Beachfront": "beach_access", "Garden or backyard": "garden",
    "Family/kid friendly": "family_rooms", "Crib": "crib", "Pack ’n Play/travel crib": "crib",
    "Pets allowed": "pets_allowed", "Free parking on premises": "parking", "Paid parking on premises": "parking",
    "EV charger": "ev_charger", "Elevator": "elevator", "Elevator in building": "elevator",
    "Wheelchair accessible": "wheelchair_access", "24-hour check-in": "front_desk_24h",
    "Front desk/doorperson": "front_desk_24h", "Suitable for events": "events",
}  # fmt: skip
"""Ours by theirs. What is missing here nobody searches for: hangers, smoke detectors, "Other"."""


class RioListingsImporter(HotelsImporter):
    """Imports each listing as a hotel with one room type that has one room."""

    title = "Rio listings"
    columns = (
        "id", "name", "summary", "space", "neighbourhood_cleansed", "zipcode", "latitude", "longitude",
        "property_type", "room_type", "accommodates", "beds", "amenities", "price", "minimum_nights",
        "number_of_reviews", "review_scores_rating", "cancellation_policy",
    )  # fmt: skip

    def parse(self, row: Row) -> Parsed[HotelDraft]:
        """A listing; anything about its price, its rules or its place that we do not understand refuses it."""
        values = row.values
        listing_id = str(integer(values, "id", 1, 10**18))
        name = text(values, "name", maximum=200)
        city = place("Rio de Janeiro", "RJ")
        destination = city.destination()
        latitude, longitude = number(values, "latitude", -90, 90), number(values, "longitude", -180, 180)
        check_near(latitude, longitude, destination, "latitude, longitude")
        neighborhood = text(values, "neighbourhood_cleansed", maximum=120)
        description, adjustments = _description(values)
        portuguese = description is not None and is_portuguese(description)
        rating = optional_number(values, "review_scores_rating", 0, 100)
        hotel = HotelRow(
            source=RIO_SOURCE,
            source_id=listing_id,
            destination_id=UNASSIGNED,
            name=name,
            address=f"{neighborhood}, Rio de Janeiro - RJ",
            neighborhood=neighborhood,
            postal_code=_postal_code(values["zipcode"]),
            latitude=latitude,
            longitude=longitude,
            kind=_KINDS.get(values["property_type"].strip(), PropertyKind.APARTMENT),
            description_pt=description if portuguese else None,
            description_en=None if portuguese else description,
            amenities=_amenities(values["amenities"]),
            external_rating_tenths=None if rating is None else max(10, round(rating)),
            external_review_count=0 if rating is None else integer(values, "number_of_reviews", 0, 1_000_000),
        )
        min_stay = integer(values, "minimum_nights", 1, 10_000)
        if min_stay > _LONGEST_MIN_STAY:
            min_stay = _LONGEST_MIN_STAY
            adjustments.append(Adjustment.MIN_STAY_CAPPED)
        draft = HotelDraft(
            destination=destination,
            hotel=hotel,
            rooms=(_room(values, adjustments),),
            season=city.character,
            min_stay=min_stay,
        )
        return Parsed(listing_id, draft, tuple(adjustments))


def _room(values: Values, adjustments: list[Adjustment]) -> RoomTypeRow:
    code, name_pt, name_en = _known(_ROOMS, values, "room_type")
    free_cancel_days, first_night_days = _known(_CANCELLATION, values, "cancellation_policy")
    guests = integer(values, "accommodates", 1, 1_000)
    if guests > _MOST_GUESTS:
        guests = _MOST_GUESTS
        adjustments.append(Adjustment.GUESTS_CAPPED)
    return RoomTypeRow(
        hotel_id=UNASSIGNED,
        code=code,
        name_pt=name_pt,
        name_en=name_en,
        max_guests=guests,
        bed_count=optional_integer(values, "beds", 0, 100),
        total_rooms=1,
        base_price_minor=price_minor(values, "price"),
        free_cancel_days=free_cancel_days,
        first_night_days=first_night_days,
    )


def _known(table: Mapping[str, T], values: Values, column: str) -> T:
    """The entry for a value. What a guest pays or gets must not be guessed: an unknown one refuses the row."""
    found = table.get(values[column].strip())
    if found is None:
        raise RowRejected(Reason.UNKNOWN_VALUE, column, values[column][:60])
    return found


def _description(values: Values) -> tuple[str | None, list[Adjustment]]:
    parts = [part for column in ("summary", "space") if (part := optional_text(values, column))]
    description = "\n\n".join(parts)
    if len(description) > _MAX_DESCRIPTION:
        return shorten(description, _MAX_DESCRIPTION), [Adjustment.TEXT_SHORTENED]
    return description or None, []


def _amenities(written: str) -> tuple[str, ...]:
    """Our codes for a PostgreSQL array such as ``{TV,"Cable TV"}``."""
    try:
        names = next(csv.reader([written.strip().removeprefix("{").removesuffix("}")], strict=True), [])
    except csv.Error as error:
        raise RowRejected(Reason.MALFORMED, "amenities", str(error)) from None
    return tuple(sorted({_AMENITIES[name] for name in names if name in _AMENITIES}))


def _postal_code(written: str) -> str | None:
    match = _POSTAL_CODE.search(written)
    return f"{match[1]}-{match[2]}" if match else None
