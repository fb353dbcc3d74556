"""Looking towns and countries up."""

from __future__ import annotations

import pytest

from reservei.market.gazetteer import destination_of, distance_km, folded, gazetteer


def test_towns_are_found_whatever_their_case_and_accents() -> None:
    town = gazetteer().brazilian("SAO  luis", "MA")
    assert town is not None
    assert (town.name, town.timezone) == ("São Luís", "America/Fortaleza")
    assert gazetteer().brazilian("São Luís", "RJ") is None
    assert gazetteer().brazilian("São Luís", "XX") is None


def test_of_namesakes_the_most_populous_is_found_unless_the_state_is_given() -> None:
    london = gazetteer().find("London", "GB")
    bonito = gazetteer().brazilian("Bonito", "MS")
    assert london is not None
    assert london.population > 5_000_000
    assert bonito is not None
    assert distance_km(bonito.latitude, bonito.longitude, -21.13, -56.48) < 5


@pytest.mark.parametrize("name", ["Netherlands", "The Netherlands", "the netherlands", "NL", "nl"])
def test_countries_by_name_and_code(name: str) -> None:
    country = gazetteer().country(name)
    assert country is not None
    assert (country.iso, country.currencycode) == ("NL", "EUR")
    assert gazetteer().country("Atlantis") is None
    assert gazetteer().country("XX") is None


def test_a_town_abroad_has_its_portuguese_and_its_english_name() -> None:
    london, paris = gazetteer().find("London", "GB"), gazetteer().find("Paris", "FR")
    assert london is not None
    assert paris is not None
    assert (destination_of(london).name, destination_of(london).name_en) == ("Londres", "London")
    assert (destination_of(paris).name, destination_of(paris).name_en) == ("Paris", None)


def test_distances() -> None:
    assert distance_km(-22.9068, -43.1729, -23.5505, -46.6333) == pytest.approx(360.7, abs=1)
    assert distance_km(10, 179.9, 10, -179.9) == pytest.approx(21.9, abs=0.1)
    assert distance_km(5, 5, 5, 5) == 0


def test_folding() -> None:
    assert folded("  Straße  ÁGUA ") == "strasse agua"
