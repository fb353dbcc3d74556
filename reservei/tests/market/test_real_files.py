"""The real public files, where they are: what we load is what their description counts."""

from __future__ import annotations

from reservei.market.formats import EuropeReviewsImporter, MunicipalitiesImporter, hotels_importer, read_states
from reservei.market.problems import Adjustment
from reservei.market.report import Tally
from reservei.tests.market.conftest import RunImport, fetch, real_file
from shared.db import Database


async def test_all_european_hotels_and_their_reviews(hotels_db: Database, import_file: RunImport) -> None:
    hotels, reviews = real_file("hotels_europe_cc0.csv"), real_file("reviews_europe_cc0.csv.gz")
    first = await import_file(hotels, lambda rows: hotels_importer(hotels, rows.columns, None))
    assert first.read == 1_492
    assert first.loaded["hotels"] == Tally(new=1_492)
    assert first.adjusted == {Adjustment.CITY_CENTRE: 17}
    assert first.rejected == {}

    second = await import_file(hotels, lambda rows: hotels_importer(hotels, rows.columns, None))
    assert second.loaded["hotels"] == Tally(unchanged=1_492)

    read = await import_file(reviews, lambda _rows: EuropeReviewsImporter())
    assert read.read == 11_789
    assert read.loaded == {"reviews": Tally(new=11_788)}
    assert read.rejected == {"duplicate row": 1}
    # Every hotel has reviews: none was attached to the wrong one by leaving another without.
    [row] = await fetch(hotels_db, "SELECT count(DISTINCT hotel_id) AS hotels FROM reviews")
    assert row.hotels == 1_492


async def test_the_rio_listings(hotels_db: Database, import_file: RunImport) -> None:
    path = real_file("rio_listings_insideairbnb_2018.csv.gz")
    summary = await import_file(path, lambda rows: hotels_importer(path, rows.columns, None))
    assert summary.read == 900
    assert summary.loaded["hotels"] == Tally(new=899)
    assert summary.rejected == {"missing value (name)": 1}
    [row] = await fetch(
        hotels_db,
        """SELECT min(base_price_minor) AS low, max(base_price_minor) AS high, max(max_guests) AS guests
           FROM room_types""",
    )
    assert tuple(row) == (3_100, 1_024_500, 16)


async def test_all_municipalities(hotels_db: Database, import_file: RunImport) -> None:
    path, states = real_file("municipios.csv"), real_file("estados.csv")
    summary = await import_file(path, lambda _rows: MunicipalitiesImporter(read_states(states)))
    # 5,570 municipalities, and Boa Esperança do Norte, which exists since 2025.
    assert summary.loaded["destinations"] == Tally(new=5_571)
    assert summary.rejected == {}
    [row] = await fetch(
        hotels_db,
        """SELECT count(DISTINCT region_code) AS states, count(*) FILTER (WHERE population > 0) AS known
           FROM destinations""",
    )
    assert row.states == 27
    assert row.known > 3_500
