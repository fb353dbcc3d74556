"""``hotels_europe_cc0.csv``: hotels of European cities, from "515K Hotel Reviews Data in Europe" (CC0)."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from reservei.market.csv_rows import Row
from reservei.market.dice import Dice
from reservei.market.fields import integer, number, optional_number, text
from reservei.market.formats._hotels import HotelsImporter, check_near
from reservei.market.gazetteer import City, Country, destination_of, folded, gazetteer
from reservei.market.hotels import UNASSIGNED, HotelDraft
from reservei.market.importing import Parsed
from reservei.market.pricing import Season
from reservei.market.problems import Adjustment, Reason, RowRejected
from shared.graphql.errors import BadUserInput
from shared.graphql.money import currency_exponent
from subgraphs.hotels.importing import HotelRow, RoomTypeRow
from subgraphs.hotels.slugs import slugify

EUROPE_SOURCE: Final = "europe"

_PRICE_LEVELS: Final = {"Paris": 130, "London": 140, "Amsterdam": 135, "Milan": 115, "Barcelona": 110, "Vienna": 95}
"""Percent; the file has no prices."""


class EuropeHotelsImporter(HotelsImporter):
    """Imports hotels with the ratings that their source counted. Room types and prices are made up from those."""

    title = "European hotels"
    columns = ("name", "address", "average_score", "total_reviews", "lat", "lng", "city", "country")

    def parse(self, row: Row) -> Parsed[HotelDraft]:
        """A hotel in one of the world's towns; without coordinates it lies at the centre of its town."""
        values = row.values
        name = text(values, "name", maximum=200)
        address = text(values, "address", maximum=300)
        country, city = _town(text(values, "country", maximum=80), text(values, "city", maximum=120))
        destination = destination_of(city)
        score = number(values, "average_score", 1, 10)
        latitude, longitude = optional_number(values, "lat", -90, 90), optional_number(values, "lng", -180, 180)
        adjustments: tuple[Adjustment, ...] = ()
        if latitude is None or longitude is None:
            latitude, longitude = city.latitude, city.longitude
            adjustments = (Adjustment.CITY_CENTRE,)
        check_near(latitude, longitude, destination, "lat, lng")
        source_id = _source_id(name, address)
        hotel = HotelRow(
            source=EUROPE_SOURCE,
            source_id=source_id,
            destination_id=UNASSIGNED,
            name=name,
            address=address,
            latitude=latitude,
            longitude=longitude,
            currency=country.currencycode,
            external_rating_tenths=round(score * 10),
            external_review_count=integer(values, "total_reviews", 0, 10_000_000),
        )
        rooms = _rooms(source_id, score, _PRICE_LEVELS.get(city.name, 100))
        draft = HotelDraft(destination=destination, hotel=hotel, rooms=rooms, season=Season.EUROPE)
        return Parsed(source_id, draft, adjustments)


def _town(country_name: str, city_name: str) -> tuple[Country, City]:
    country = gazetteer().country(country_name)
    if country is None:
        raise RowRejected(Reason.UNKNOWN_VALUE, "country", country_name)
    try:
        currency_exponent(country.currencycode)
    except BadUserInput as error:
        raise RowRejected(Reason.UNKNOWN_VALUE, "country", f"{country_name}: {error.message}") from None
    city = gazetteer().find(city_name, country.iso)
    if city is None:
        raise RowRejected(Reason.UNKNOWN_VALUE, "city", f"{city_name} is no town of {country.name} that we know")
    return country, city


def _source_id(name: str, address: str) -> str:
    """The file has no identifiers: name and address are one, whatever their case and accents."""
    digest = sha256(f"{folded(name)}\n{folded(address)}".encode()).hexdigest()
    return f"{slugify(name)}-{digest[:12]}"


def _rooms(source_id: str, score: float, level: int) -> tuple[RoomTypeRow, ...]:
    """Two or three room types; a better score costs more."""
    dice = Dice(EUROPE_SOURCE, source_id)
    standard = round((60 + max(0.0, score - 5) * 24) * level / 100 * dice.between(0.8, 1.25)) * 100
    rooms = [
        _room("STD", "Quarto standard", "Standard room", 2, dice.integer(8, 40), standard, 0),
        _room("SUP", "Quarto superior", "Superior room", 2, dice.integer(4, 20), _up(standard, 1.28), 1),
    ]
    if dice.chance(0.6):
        price = _up(standard, 1.65)
        rooms.append(_room("FAM", "Quarto família", "Family room", 4, dice.integer(2, 8), price, 2))
    return tuple(rooms)


def _up(price: int, factor: float) -> int:
    """``price`` times ``factor``, in whole units."""
    return round(price * factor / 100) * 100


def _room(code: str, name_pt: str, name_en: str, guests: int, total: int, price: int, position: int) -> RoomTypeRow:
    return RoomTypeRow(
        hotel_id=UNASSIGNED,
        code=code,
        name_pt=name_pt,
        name_en=name_en,
        max_guests=guests,
        bed_count=max(1, guests // 2),
        total_rooms=total,
        base_price_minor=price,
        position=position,
    )
