"""Whole imports of the hand-written samples, dirt and all, into a real database."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from reservei.market.formats import (
    EuropeReviewsImporter,
    MunicipalitiesImporter,
    hotels_importer,
    read_states,
)
from reservei.market.hotels import Calendar
from reservei.market.problems import Adjustment, FileRejected
from reservei.market.report import Summary, Tally
from reservei.tests.market.conftest import MakeImporter, RunImport, fetch, snapshot
from shared.db import Database, utc_now

CALENDAR = Calendar.starting(utc_now().date() + timedelta(1), 40)


def _hotels(path: Path, calendar: Calendar | None = CALENDAR) -> MakeImporter:
    return lambda rows: hotels_importer(path, rows.columns, calendar)


def _report(summary: Summary) -> list[tuple[int, str, str, str]]:
    assert summary.report is not None
    with summary.report.open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["outcome"], row["reason"], row["column"]) for row in csv.DictReader(file)]


async def test_european_hotels_good_rows_are_loaded_and_bad_rows_reported(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    path = samples / "hotels_europe.csv"
    summary = await import_file(path, _hotels(path))

    assert summary.read == 17
    assert summary.loaded["hotels"] == Tally(new=6)
    assert _report(summary) == [
        (7, "rejected", "missing value", "name"),
        (8, "rejected", "out of range", "average_score"),
        (9, "rejected", "not a number", "average_score"),
        (10, "rejected", "out of range", "lat"),
        (11, "rejected", "out of range", "lat, lng"),
        (12, "rejected", "unknown value", "country"),
        (13, "rejected", "unknown value", "city"),
        (14, "rejected", "out of range", "total_reviews"),
        (15, "rejected", "duplicate row", ""),
        (16, "rejected", "wrong number of columns", ""),
        (17, "rejected", "malformed CSV", ""),
        (4, "adjusted", str(Adjustment.CITY_CENTRE), ""),
    ]
    rows = await fetch(
        hotels_db,
        """SELECT h.name, d.name AS city, h.currency, h.time_zone, h.external_rating_tenths AS rating,
                  h.external_review_count AS reviews, h.manager_id, h.latitude, h.from_price_minor
           FROM hotels h JOIN destinations d ON d.id = h.destination_id ORDER BY h.name COLLATE "C" """,
    )
    assert [(row.name, row.city, row.currency, row.rating, row.reviews) for row in rows] == [
        ("<script>alert('x')</script>", "Londres", "GBP", 62, 15),
        ("Crème & Co, Vienna", "Viena", "EUR", 91, 87),
        ("Hotel Prinsenhof", "Amsterdã", "EUR", 84, 1203),
        ("Hôtel après la faute", "Paris", "EUR", 82, 40),
        ("Sans Coordonnées", "Paris", "EUR", 77, 377),
        ("Отель 🏨 مرحبا", "Barcelona", "EUR", 88, 51),
    ]
    assert {row.manager_id for row in rows} == {None}
    assert all(row.from_price_minor > 0 for row in rows)
    without_coordinates = next(row for row in rows if row.name == "Sans Coordonnées")
    assert without_coordinates.latitude == pytest.approx(48.85341)
    assert without_coordinates.time_zone == "Europe/Paris"


async def test_every_room_type_of_an_imported_hotel_can_be_booked_on_every_night_asked_for(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    path = samples / "hotels_europe.csv"
    summary = await import_file(path, _hotels(path))
    rooms = await fetch(
        hotels_db,
        """SELECT r.total_rooms, count(*) AS nights, min(i.night) AS first, max(i.night) AS last,
                  min(i.total) AS least, min(i.price_minor) AS price
           FROM room_types r JOIN inventory_nights i ON i.room_type_id = r.id GROUP BY r.id""",
    )
    assert len(rooms) == summary.loaded["room types"].new >= 12
    assert summary.nights_added == 40 * len(rooms)
    for room in rooms:
        assert (room.nights, room.first, room.last) == (40, CALENDAR.first_night, CALENDAR.until - timedelta(1))
        assert room.least == room.total_rooms
        assert room.price > 0


async def test_without_calendar_there_are_rooms_but_no_nights(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    path = samples / "listings_rio.csv"
    summary = await import_file(path, _hotels(path, None))
    assert (summary.nights_added, summary.loaded["room types"].new) == (0, 5)
    assert await fetch(hotels_db, "SELECT 1 FROM inventory_nights") == []


async def test_rio_listings(hotels_db: Database, import_file: RunImport, samples: Path) -> None:
    path = samples / "listings_rio.csv"
    summary = await import_file(path, _hotels(path))

    assert summary.loaded["hotels"] == Tally(new=5)
    assert [entry for entry in _report(summary) if entry[1] == "rejected"] == [
        (6, "rejected", "missing value", "name"),
        (7, "rejected", "out of range", "price"),
        (8, "rejected", "not a number", "price"),
        (9, "rejected", "not a number", "price"),
        (10, "rejected", "out of range", "latitude, longitude"),
        (11, "rejected", "out of range", "latitude, longitude"),
        (12, "rejected", "unknown value", "cancellation_policy"),
        (13, "rejected", "unknown value", "room_type"),
        (14, "rejected", "not a number", "accommodates"),
        (16, "rejected", "duplicate row", ""),
    ]
    assert summary.adjusted == {Adjustment.MIN_STAY_CAPPED: 1, Adjustment.GUESTS_CAPPED: 1}
    rows = await fetch(
        hotels_db,
        """SELECT h.source_id, h.kind, h.currency, h.neighborhood, h.postal_code, h.amenities, h.description_pt,
                  h.description_en, h.external_rating_tenths AS rating, h.external_review_count AS reviews,
                  r.base_price_minor AS price, r.max_guests AS guests, r.bed_count AS beds, r.total_rooms AS rooms,
                  r.free_cancel_days, r.first_night_days, max(i.min_stay) FILTER (WHERE i.price_minor > 0) AS longest,
                  min(i.min_stay) AS shortest
           FROM hotels h JOIN room_types r ON r.hotel_id = h.id JOIN inventory_nights i ON i.room_type_id = r.id
           GROUP BY h.id, r.id ORDER BY h.source_id""",
    )
    copacabana, botafogo, leblon, teresa, crowd = rows
    assert (copacabana.kind, copacabana.currency, copacabana.price) == ("APARTMENT", "BRL", 123_400)
    assert copacabana.amenities == ["air_conditioning", "kitchen", "tv", "wifi"]
    assert (copacabana.guests, copacabana.beds, copacabana.rooms) == (4, 2, 1)
    assert (copacabana.free_cancel_days, copacabana.first_night_days) == (1, 0)
    assert (copacabana.shortest, copacabana.rating, copacabana.reviews) == (3, 91, 38)
    assert copacabana.description_pt is not None
    assert copacabana.description_en is None
    assert (botafogo.kind, botafogo.postal_code, botafogo.rating, botafogo.reviews) == ("POUSADA", "22250-040", None, 0)
    assert botafogo.description_pt is None
    assert botafogo.description_en.endswith("With <b>HTML</b> in it")
    assert (leblon.shortest, leblon.longest, leblon.beds) == (30, 30, None)
    assert (teresa.kind, teresa.postal_code, teresa.amenities) == ("HOSTEL", None, ["wifi"])
    assert (crowd.guests, crowd.free_cancel_days, crowd.first_night_days) == (30, 30, 30)


async def test_reviews_find_their_hotel_and_do_not_count_twice(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    path = samples / "hotels_europe.csv"
    await import_file(path, _hotels(path, None))
    before = await fetch(hotels_db, "SELECT id, rating_sum, rating_count FROM hotels ORDER BY id")
    summary = await import_file(samples / "reviews_europe.csv", lambda _rows: EuropeReviewsImporter())

    assert summary.loaded["reviews"] == Tally(new=3)
    assert _report(summary) == [
        (6, "rejected", "not a date", "review_date"),
        (7, "rejected", "out of range", "review_date"),
        (8, "rejected", "out of range", "score"),
        (9, "rejected", "duplicate row", ""),
        (5, "rejected", "no such hotel", "hotel_name"),
    ]
    rows = await fetch(
        hotels_db,
        """SELECT h.name, r.rating_tenths, r.author_name, r.title, r.liked, r.disliked, r.created_at
           FROM reviews r JOIN hotels h ON h.id = r.hotel_id ORDER BY r.created_at""",
    )
    assert [tuple(row)[:6] for row in rows] == [
        ("Crème & Co, Vienna", 100, "Guest from Brazil", "Business trip", 'Location, breakfast; "everything"', None),
        ("Hotel Prinsenhof", 54, "Guest", None, None, "The <b>lift</b> was broken"),
        (
            "Hotel Prinsenhof", 96, "Guest from Ireland", "Leisure trip · Couple · Stayed 3 nights",
            "Very comfortable beds and a smart bathroom", None,
        ),
    ]  # fmt: skip
    assert [row.created_at.date() for row in rows] == [date(2016, 2, 29), date(2017, 7, 30), date(2017, 8, 3)]
    # The source's own average covers these reviews already.
    assert await fetch(hotels_db, "SELECT id, rating_sum, rating_count FROM hotels ORDER BY id") == before


async def test_municipalities_become_destinations(hotels_db: Database, import_file: RunImport, samples: Path) -> None:
    states = read_states(samples / "estados.csv")
    summary = await import_file(samples / "municipios.csv", lambda _rows: MunicipalitiesImporter(states))

    assert summary.loaded["destinations"] == Tally(new=3)
    assert _report(summary) == [
        (5, "rejected", "unknown value", "codigo_uf"),
        (6, "rejected", "out of range", "latitude"),
        (7, "rejected", "unknown value", "fuso_horario"),
        (8, "rejected", "out of range", "codigo_ibge"),
    ]
    rows = await fetch(hotels_db, "SELECT slug, region, time_zone, population FROM destinations ORDER BY slug")
    assert [tuple(row)[:3] for row in rows] == [
        ("fernando-de-noronha-pe", "Pernambuco", "America/Noronha"),
        ("paraty-rj", "Rio de Janeiro", "America/Sao_Paulo"),
        ("rio-de-janeiro-rj", "Rio de Janeiro", "America/Sao_Paulo"),
    ]
    assert rows[2].population > 6_000_000


async def test_a_state_file_that_cannot_be_trusted_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "estados.csv"
    path.write_text("codigo_uf,uf,nome\n33,RJ,Rio de Janeiro\nxx,SP,São Paulo\n", encoding="utf-8")
    with pytest.raises(FileRejected, match=r"line 3: not a number"):
        read_states(path)


async def test_a_second_import_changes_nothing_at_all(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    hotels, listings = samples / "hotels_europe.csv", samples / "listings_rio.csv"
    states = read_states(samples / "estados.csv")
    steps: list[tuple[Path, MakeImporter, str, int]] = [
        (hotels, _hotels(hotels), "hotels", 6),
        (samples / "reviews_europe.csv", lambda _rows: EuropeReviewsImporter(), "reviews", 3),
        (samples / "municipios.csv", lambda _rows: MunicipalitiesImporter(states), "destinations", 3),
        (listings, _hotels(listings), "hotels", 5),
    ]
    for path, make, kind, count in steps:
        assert (await import_file(path, make)).loaded[kind] == Tally(new=count)
    before = await snapshot(hotels_db)
    assert len(before["inventory_nights"]) > 0
    for path, make, kind, count in steps:
        again = await import_file(path, make)
        assert again.loaded[kind] == Tally(unchanged=count)
        assert again.nights_added == 0
    assert await snapshot(hotels_db) == before


async def test_hotels_leave_a_destination_that_was_imported_as_it_is(
    hotels_db: Database, import_file: RunImport, samples: Path
) -> None:
    """Both know Rio by its IBGE code, but only the municipalities' file speaks about the town itself."""
    states = read_states(samples / "estados.csv")
    await import_file(samples / "municipios.csv", lambda _rows: MunicipalitiesImporter(states))
    path = samples / "listings_rio.csv"
    await import_file(path, _hotels(path))
    [rio] = await fetch(
        hotels_db,
        "SELECT latitude, hotel_count FROM destinations WHERE name = 'Rio de Janeiro' AND country_code = 'BR'",
    )
    assert tuple(rio) == (-22.9129, 5)


async def test_a_changed_row_changes_its_hotel_and_no_other(
    hotels_db: Database, import_file: RunImport, samples: Path, tmp_path: Path
) -> None:
    path = samples / "listings_rio.csv"
    await import_file(path, _hotels(path))
    changed = tmp_path / "changed.csv"
    changed.write_text(
        path.read_text(encoding="utf-8").replace("Apartamento em Copa", "Flat em Copa"), encoding="utf-8"
    )
    before = {row.source_id: row for row in await fetch(hotels_db, "SELECT source_id, updated_at FROM hotels")}
    summary = await import_file(changed, _hotels(changed))
    assert summary.loaded["hotels"] == Tally(changed=1, unchanged=4)
    after = {row.source_id: row for row in await fetch(hotels_db, "SELECT source_id, updated_at FROM hotels")}
    assert [key for key in before if before[key] != after[key]] == ["1001"]


async def test_two_hotels_of_one_name_make_a_review_of_that_name_ambiguous(
    import_file: RunImport, samples: Path, tmp_path: Path
) -> None:
    path = tmp_path / "two.csv"
    path.write_text(
        "name,address,average_score,total_reviews,lat,lng,city,country\n"
        "Hotel Prinsenhof,Keizersgracht 12,8.4,12,52.37,4.88,Amsterdam,Netherlands\n"
        "Hotel Prinsenhof,Rue Neuve 1,8.4,12,48.86,2.35,Paris,France\n",
        encoding="utf-8",
    )
    await import_file(path, _hotels(path, None))
    summary = await import_file(samples / "reviews_europe.csv", lambda _rows: EuropeReviewsImporter())
    assert Counter(summary.rejected)["several hotels of that name (hotel_name)"] == 2


async def test_a_file_of_neither_kind_names_what_the_likelier_one_lacks(import_file: RunImport, samples: Path) -> None:
    path = samples / "municipios.csv"
    with pytest.raises(FileRejected, match=r"lacks the columns .*first line is: codigo_ibge,nome"):
        await import_file(path, _hotels(path))


async def test_progress_reaches_the_size_of_the_file(hotels_db: Database, samples: Path, tmp_path: Path) -> None:
    from reservei.market.csv_rows import open_csv
    from reservei.market.importing import run_import
    from reservei.market.report import ReportFile

    calls: list[tuple[int, int]] = []
    path = samples / "listings_rio.csv"
    with open_csv(path) as rows, ReportFile(tmp_path, "test", utc_now()) as report:
        await run_import(
            hotels_db, rows, hotels_importer(path, rows.columns, None), report, lambda *call: calls.append(call)
        )
    assert calls[-1] == (path.stat().st_size, 15)
