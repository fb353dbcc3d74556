"""The hotels of the demo market: hotel ``n`` of a seed is the same however many hotels are made."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from functools import cache
from typing import Final

from reservei.market.demo._texts import hotel_texts
from reservei.market.demo.rooms import room_types
from reservei.market.dice import Dice
from reservei.market.gazetteer import folded
from reservei.market.hotels import UNASSIGNED, HotelDraft
from reservei.market.places import Place, places
from reservei.market.pricing import Season
from subgraphs.hotels.importing import DestinationRow, HotelRow, PhotoRow
from subgraphs.hotels.models import PropertyKind

SEED_SOURCE: Final = "seed"
PHOTO_ADDRESS: Final = "https://images.reservei.example/hotels/{hotel}/{number}.jpg"
"""Placeholders: a reserved name (RFC 2606) that never leads to somebody else's server."""

_K = PropertyKind
_KINDS: Final[Mapping[Season, tuple[tuple[PropertyKind, float], ...]]] = {
    Season.BEACH: ((_K.POUSADA, 40), (_K.HOTEL, 31), (_K.RESORT, 9), (_K.HOSTEL, 9), (_K.APARTMENT, 11)),
    Season.ISLAND: ((_K.POUSADA, 72), (_K.HOTEL, 12), (_K.HOSTEL, 16)),
    Season.RESORT: ((_K.RESORT, 50), (_K.HOTEL, 28), (_K.APARTMENT, 22)),
    Season.MOUNTAIN: ((_K.POUSADA, 44), (_K.HOTEL, 38), (_K.RESORT, 5), (_K.HOSTEL, 4), (_K.APARTMENT, 9)),
    Season.HISTORIC: ((_K.POUSADA, 62), (_K.HOTEL, 20), (_K.HOSTEL, 14), (_K.APARTMENT, 4)),
    Season.NATURE: ((_K.POUSADA, 50), (_K.HOTEL, 24), (_K.RESORT, 9), (_K.HOSTEL, 13), (_K.APARTMENT, 4)),
    Season.CITY: ((_K.HOTEL, 62), (_K.APARTMENT, 20), (_K.HOSTEL, 10), (_K.POUSADA, 8)),
}
_STARS: Final[Mapping[PropertyKind, tuple[tuple[int | None, float], ...]]] = {
    _K.HOTEL: ((2, 8), (3, 46), (4, 35), (5, 11)),
    _K.RESORT: ((4, 45), (5, 55)),
    _K.POUSADA: ((None, 35), (2, 5), (3, 38), (4, 18), (5, 4)),
    _K.HOSTEL: ((None, 1),),
    _K.APARTMENT: ((None, 25), (3, 45), (4, 30)),
}
_BASE_PRICES: Final[Mapping[PropertyKind, Mapping[int | None, int]]] = {
    _K.HOTEL: {2: 170, 3: 255, 4: 410, 5: 860},
    _K.RESORT: {4: 780, 5: 1290},
    _K.POUSADA: {None: 230, 2: 190, 3: 295, 4: 470, 5: 890},
    _K.HOSTEL: {None: 165},
    _K.APARTMENT: {None: 240, 3: 285, 4: 430},
}
"""A plain double room in BRL where the price level is 100."""

_ALWAYS: Final[Mapping[PropertyKind, tuple[str, ...]]] = {
    _K.HOTEL: ("wifi", "tv", "air_conditioning", "breakfast", "front_desk_24h", "elevator"),
    _K.RESORT: (
        "wifi",
        "tv",
        "air_conditioning",
        "breakfast",
        "restaurant",
        "bar",
        "pool",
        "kids_club",
        "parking",
        "spa",
    ),
    _K.POUSADA: ("wifi", "breakfast", "garden"),
    _K.HOSTEL: ("wifi", "kitchen", "bar", "laundry"),
    _K.APARTMENT: ("wifi", "tv", "kitchen", "air_conditioning", "washer"),
}  # fmt: skip
_SOMETIMES: Final[Mapping[str, float]] = {
    "parking": 0.6, "pool": 0.4, "family_rooms": 0.4, "pets_allowed": 0.25, "gym": 0.2, "sauna": 0.12, "safe": 0.4,
    "balcony": 0.35, "room_service": 0.2, "restaurant": 0.25, "wheelchair_access": 0.3, "hair_dryer": 0.45,
    "laundry": 0.25, "airport_shuttle": 0.12, "non_smoking": 0.5, "crib": 0.2, "ev_charger": 0.06, "workspace": 0.2,
    "tv": 0.5, "air_conditioning": 0.6, "iron": 0.2,
}  # fmt: skip
_OF_PLACE: Final[Mapping[Season, Mapping[str, float]]] = {
    Season.BEACH: {"beach_access": 0.55, "sea_view": 0.4, "air_conditioning": 0.8},
    Season.ISLAND: {"beach_access": 0.5, "sea_view": 0.45, "air_conditioning": 0.8},
    Season.RESORT: {"hot_tub": 0.5, "kids_club": 0.6, "events": 0.5},
    Season.MOUNTAIN: {"heating": 0.95, "hot_tub": 0.4, "sauna": 0.2},
    Season.HISTORIC: {"garden": 0.4},
    Season.NATURE: {"garden": 0.7, "hot_tub": 0.15},
    Season.CITY: {"workspace": 0.7, "gym": 0.5, "events": 0.4, "elevator": 0.7},
}
_POSTAL_PREFIXES: Final[Mapping[str, str]] = {
    "AC": "69", "AL": "57", "AM": "69", "AP": "68", "BA": "45", "CE": "62", "DF": "70", "ES": "29", "GO": "75",
    "MA": "65", "MG": "35", "MS": "79", "MT": "78", "PA": "68", "PB": "58", "PE": "55", "PI": "64", "PR": "83",
    "RJ": "23", "RN": "59", "RO": "76", "RR": "69", "RS": "95", "SC": "88", "SE": "49", "SP": "12", "TO": "77",
}  # fmt: skip
_KM_PER_DEGREE: Final = 111.2


@dataclass(frozen=True, slots=True)
class DemoHotel:
    """A hotel of the market, and what only the market knows about it."""

    number: int
    draft: HotelDraft
    area: str
    quality: float
    """From 0 to 1: how content guests are, and part of the price."""
    popularity: float
    """From 0 to 1: how many reviews it has, and how often it is full."""


def demo_hotels(seed: int, count: int) -> Iterator[DemoHotel]:
    """The first ``count`` hotels of the market ``seed``."""
    names: set[tuple[str, str]] = set()
    for number in range(count):
        yield _hotel(seed, number, names)


def _hotel(seed: int, number: int, names: set[tuple[str, str]]) -> DemoHotel:
    dice = Dice("hotel", seed, number)
    place, destination = dice.weighted(*_atlas())
    area = dice.pick(list(place.areas))
    kinds = _KINDS[place.character]
    kind = dice.weighted([kind for kind, _ in kinds], [weight for _, weight in kinds])
    stars = dice.weighted([stars for stars, _ in _STARS[kind]], [weight for _, weight in _STARS[kind]])
    quality = dice.between(0.05, 0.95) + (0.05 if (stars or 3) >= 4 else 0)
    price = _BASE_PRICES[kind][stars] * place.price / 100 * dice.between(0.8, 1.1) * (0.85 + 0.35 * quality)
    name = _name(kind, place, area, dice, names)
    latitude, longitude = _near(*place.areas[area], dice)
    texts = _description(name, kind, place, area, dice)
    hotel = HotelRow(
        source=SEED_SOURCE,
        source_id=f"{seed}-{number:05}",
        destination_id=UNASSIGNED,
        name=name,
        address=f"{dice.pick(hotel_texts().streets)}, {dice.integer(10, 1990)} - {area}",
        neighborhood=area,
        postal_code=f"{_POSTAL_PREFIXES[place.state]}{dice.integer(100, 999)}-{dice.integer(0, 99):03}",
        latitude=latitude,
        longitude=longitude,
        kind=kind,
        description_pt=texts[0],
        description_en=texts[1],
        stars=stars,
        amenities=_amenities(kind, place.character, stars, dice),
        check_in_time=time(dice.integer(13, 16)),
        check_out_time=time(dice.integer(10, 12)),
        photos=tuple(
            PhotoRow(
                url=PHOTO_ADDRESS.format(hotel=f"{seed}-{number:05}", number=position + 1),
                caption_pt=caption.pt,
                caption_en=caption.en,
            )
            for position, caption in enumerate(hotel_texts().photos[: dice.integer(3, 6)])
        ),
    )
    draft = HotelDraft(
        destination=destination,
        hotel=hotel,
        rooms=room_types(kind, round(price * 100), dice),
        season=place.character,
    )
    return DemoHotel(number, draft, area, quality, dice.between(0, 1))


@cache
def _atlas() -> tuple[tuple[tuple[Place, DestinationRow], ...], tuple[float, ...]]:
    """Every place with its destination, and how many of the hotels each has.

    Where travelers go counts most; a large town has hotels even when nobody visits it for pleasure.
    """
    known = tuple((place, place.destination()) for place in places())
    weights = tuple(place.tourism + math.sqrt(destination.population / 100_000) for place, destination in known)
    return known, weights


def _name(kind: PropertyKind, place: Place, area: str, dice: Dice, names: set[tuple[str, str]]) -> str:
    """A name that no earlier hotel of the place has."""
    texts = hotel_texts()
    name = ""
    for attempt in range(50):
        pattern = dice.pick(texts.name_patterns[kind])
        if attempt >= 10 and "{area}" not in pattern:
            # After some collisions the quarter tells namesakes apart, as it does in life.
            pattern += " {area}"
        name = pattern.format(
            word=dice.pick(texts.words[place.character]), name=dice.pick(texts.owners), area=area.partition(",")[0]
        )
        if (place.name, folded(name)) not in names:
            break
    names.add((place.name, folded(name)))
    return name


def _description(name: str, kind: PropertyKind, place: Place, area: str, dice: Dice) -> tuple[str, str]:
    texts = hotel_texts()
    year = dice.integer(1958, 2021)
    values = {
        "name": name, "area": area, "city": place.name, "year": year, "age": 2024 - year, "walk": dice.integer(2, 12),
    }  # fmt: skip
    parts = (
        dice.pick(texts.openings),
        dice.pick(texts.middles[place.character]),
        dice.pick(texts.closings[kind]),
    )
    return " ".join(part.pt.format(**values) for part in parts), " ".join(part.en.format(**values) for part in parts)


def _near(latitude: float, longitude: float, dice: Dice) -> tuple[float, float]:
    """A point within 400 m, so that beach hotels stay on dry land."""
    angle, distance = dice.fraction() * math.tau, 0.4 * math.sqrt(dice.fraction())
    north = distance * math.cos(angle) / _KM_PER_DEGREE
    east = distance * math.sin(angle) / (_KM_PER_DEGREE * math.cos(math.radians(latitude)))
    return round(latitude + north, 6), round(longitude + east, 6)


def _amenities(kind: PropertyKind, season: Season, stars: int | None, dice: Dice) -> tuple[str, ...]:
    chosen = set(_ALWAYS[kind])
    richness = {None: 0.8, 2: 0.6, 3: 1.0, 4: 1.4, 5: 2.0}[stars]
    for code, probability in {**_SOMETIMES, **_OF_PLACE[season]}.items():
        if dice.chance(min(0.95, probability * richness)):
            chosen.add(code)
    if stars == 5:
        chosen |= {"pool", "spa", "gym", "room_service", "restaurant"}
    return tuple(sorted(chosen))
