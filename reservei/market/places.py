"""The Brazilian places of ``places.yaml``: where the demo market has its hotels, and what importers fall back on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from reservei.market.gazetteer import gazetteer
from reservei.market.pricing import Season
from subgraphs.hotels.importing import DestinationRow

IBGE_SOURCE: Final = "ibge"
"""Source of Brazil's municipalities; their source id is IBGE's seven-digit code."""

VILLAGE_SOURCE: Final = "reservei"
"""Source of places that are no municipality: villages and islands that people travel to all the same."""

STATES: Final[dict[str, str]] = {
    "AC": "Acre", "AL": "Alagoas", "AM": "Amazonas", "AP": "Amapá", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul", "MT": "Mato Grosso", "PA": "Pará", "PB": "Paraíba", "PE": "Pernambuco", "PI": "Piauí",
    "PR": "Paraná", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte", "RO": "Rondônia", "RR": "Roraima",
    "RS": "Rio Grande do Sul", "SC": "Santa Catarina", "SE": "Sergipe", "SP": "São Paulo", "TO": "Tocantins",
}  # fmt: skip
"""Names of the states by code."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of ``places.yaml``; what its fields mean is written there."""

    name: str
    state: str
    tourism: int
    character: Season
    price: int
    areas: dict[str, tuple[float, float]]
    geonames: int | None = None
    ibge: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str | None = None
    population: int | None = None

    def destination(self) -> DestinationRow:
        """The place as a destination."""
        if self.geonames is not None:
            city = gazetteer().city(self.geonames)
            latitude, longitude, time_zone = city.latitude, city.longitude, city.timezone
            population = city.population
        else:
            assert self.latitude is not None
            assert self.longitude is not None
            assert self.time_zone is not None
            latitude, longitude, time_zone = self.latitude, self.longitude, self.time_zone
            population = self.population or 0
        return DestinationRow(
            source=IBGE_SOURCE if self.ibge is not None else VILLAGE_SOURCE,
            source_id=str(self.ibge) if self.ibge is not None else f"{self.name}-{self.state}",
            name=self.name,
            region=STATES[self.state],
            region_code=self.state,
            country_code="BR",
            latitude=latitude,
            longitude=longitude,
            time_zone=time_zone,
            population=population,
        )


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """Every place, in the file's order."""
    text = (Path(__file__).parent / "places.yaml").read_bytes()
    return tuple(msgspec.yaml.decode(text, type=list[Place]))


def place(name: str, state: str) -> Place:
    """The place of that name. Raises ``KeyError`` when it is not in the file."""
    for candidate in places():
        if (candidate.name, candidate.state) == (name, state):
            return candidate
    raise KeyError(f"{name}, {state}")
