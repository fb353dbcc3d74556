"""Bookings of the past: what becomes of each kind of row, and that the real file's sums come out to the cent."""

from __future__ import annotations

import asyncio
import csv
import gzip
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from reservei.market.csv_rows import open_csv
from reservei.market.formats import HotelBookingsImporter
from reservei.market.importing import run_import
from reservei.market.problems import Adjustment
from reservei.market.report import ReportFile, Summary, Tally
from reservei.tests.market.conftest import fetch, real_file
from shared.contracts.bookings import IMPORTED_GUEST_ID
from shared.db import Database
from shared.testing.plugin import DomainDatabase, eventually
from subgraphs.bookings.projections import PROJECTIONS, Projector, rebuild
from subgraphs.bookings.repository import bookings, projections

REAL_ROWS = 12_000
"""As many of the real file as a test has time for."""

ImportBookings = Callable[[Path], Awaitable[Summary]]


@pytest_asyncio.fixture(loop_scope="session")
async def bookings_db(domain_database: DomainDatabase) -> Database:
    """The bookings database, empty."""
    return await domain_database("bookings")


@pytest.fixture
def import_bookings(hotels_db: Database, bookings_db: Database, tmp_path: Path) -> ImportBookings:
    """Import a file, as the command line does."""

    async def run(path: Path) -> Summary:
        importer = HotelBookingsImporter()
        with open_csv(path) as rows, ReportFile(tmp_path / "reports", "bookings", datetime.now(UTC)) as report:
            prepared = await importer.prepare({"hotels": hotels_db, "bookings": bookings_db})
            summary = await run_import(bookings_db, rows, importer, report)
        summary.count(prepared)
        return summary

    return run


def _report(summary: Summary) -> list[tuple[int, str, str, str]]:
    assert summary.report is not None
    with summary.report.open(encoding="utf-8", newline="") as file:
        return [(int(row["line"]), row["outcome"], row["reason"], row["column"]) for row in csv.DictReader(file)]


async def _everything(database: Database) -> dict[str, list[Any]]:
    tables = ("booking_events", "booking_list", "booking_codes", "outbox", "payments", "ledger_entries", "sagas")
    return {
        table: await fetch(database, f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY to_jsonb(t)::text")
        for table in tables
    }


async def test_good_rows_become_bookings_and_bad_rows_are_reported_with_line_and_reason(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    summary = await import_bookings(samples / "hotel_bookings.csv")

    assert summary.read == 25
    assert summary.loaded == {"bookings": Tally(new=9), "hotels": Tally(new=2), "room types": Tally(new=16)}
    nights = "stays_in_weekend_nights, stays_in_week_nights"
    assert sorted(_report(summary)) == [
        (8, "adjusted", str(Adjustment.CHILDREN_UNKNOWN), ""),
        (10, "rejected", "out of range", "adults, children, babies"),
        (11, "rejected", "out of range", nights),
        (12, "rejected", "out of range", "adr"),
        (13, "rejected", "out of range", "adr"),
        (14, "rejected", "missing value", "adr"),
        (15, "rejected", "unknown value", "hotel"),
        (16, "rejected", "unknown value", "reserved_room_type"),
        (17, "rejected", "unknown value", "arrival_date_month"),
        (18, "rejected", "not a date", "arrival_date_day_of_month"),
        (19, "rejected", "contradicts another column", "is_canceled"),
        (20, "rejected", "unknown value", "reservation_status"),
        (21, "rejected", "unknown value", "deposit_type"),
        (22, "rejected", "not a date", "reservation_status_date"),
        (23, "rejected", "not a number", "lead_time"),
        (24, "rejected", "not a number", "adults"),
        (25, "rejected", "wrong number of columns", ""),
    ]
    rows = await fetch(
        bookings_db,
        """SELECT hotel_name, state, check_in, check_out, guests, rooms, total_minor, currency, fee_minor,
                  refund_due_minor, requested_at, updated_at, user_id
           FROM booking_list ORDER BY hotel_name, state, total_minor""",
    )
    assert [(row.hotel_name, row.state, row.total_minor, row.fee_minor, row.refund_due_minor) for row in rows] == [
        ("City Hotel", "CANCELLED", 188_40, 0, 0),
        ("City Hotel", "CANCELLED", 240_00, 240_00, 0),
        ("City Hotel", "CANCELLED", 240_00, 240_00, 0),
        ("City Hotel", "CANCELLED", 240_00, 240_00, 0),
        ("City Hotel", "CHECKED_OUT", 300_00, 0, 0),
        ("Resort Hotel", "CHECKED_OUT", 0, 0, 0),
        ("Resort Hotel", "CHECKED_OUT", 226_50, 0, 0),
        ("Resort Hotel", "CHECKED_OUT", 226_50, 0, 0),
        ("Resort Hotel", "NO_SHOW", 299_97, 0, 0),
    ]
    assert {(row.check_in, row.check_out, row.guests, row.rooms, row.currency) for row in rows} == {
        (date(2016, 7, 8), date(2016, 7, 11), 2, 1, "EUR")
    }
    assert {row.user_id for row in rows} == {IMPORTED_GUEST_ID}


async def test_a_booking_has_the_events_of_its_row_on_the_dates_of_its_row(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    await import_bookings(samples / "hotel_bookings.csv")
    found = await fetch(bookings_db, "SELECT id FROM booking_list")
    async with bookings_db.read() as session:
        histories = await bookings.histories(session, [row.id for row in found])
    # Lisbon is an hour ahead of UTC in summer.
    begin = ("booking.requested", "2016-06-28T08:00:00Z"), ("booking.confirmed", "2016-06-28T08:00:00Z")
    on_the_day = ("booking.requested", "2016-07-08T08:00:00Z"), ("booking.confirmed", "2016-07-08T08:00:00Z")
    long_before = ("booking.requested", "2016-03-30T08:00:00Z"), ("booking.confirmed", "2016-03-30T08:00:00Z")
    stayed = (*begin, ("booking.checked_in", "2016-07-08T13:00:00Z"), ("booking.checked_out", "2016-07-11T11:00:00Z"))
    assert Counter(
        tuple((event.payload.type, f"{event.occurred_at:%Y-%m-%dT%H:%M:%SZ}") for event in history)
        for history in histories.values()
    ) == {
        stayed: 3,
        (*begin, ("booking.no_show", "2016-07-08T22:59:00Z")): 1,
        (*on_the_day, ("booking.cancelled", "2016-07-08T11:00:00Z")): 1,
        (*long_before, ("booking.cancelled", "2016-05-01T11:00:00Z")): 3,
        # Left on the day of arrival, which is no reason to leave before arriving.
        (
            *on_the_day,
            ("booking.checked_in", "2016-07-08T13:00:00Z"),
            ("booking.checked_out", "2016-07-08T13:00:00Z"),
        ): 1,
    }


async def test_the_guests_country_is_known_by_two_letters_or_left_open(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path, tmp_path: Path
) -> None:
    head, row, *_ = (samples / "hotel_bookings.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "countries.csv"
    countries = ("PRT", "BRA", "CN", "CHN", "NULL", "TMP")
    path.write_text("\n".join([head, *(row.replace("PRT", country) for country in countries)]), encoding="utf-8")
    summary = await import_bookings(path)
    assert summary.loaded["bookings"] == Tally(new=6)
    assert summary.adjusted == {Adjustment.COUNTRY_UNKNOWN: 2}
    rows = await fetch(
        bookings_db, "SELECT payload->>'guest_country' AS c FROM booking_events WHERE type = 'booking.requested'"
    )
    assert Counter(each.c for each in rows) == {"PT": 1, "BR": 1, "CN": 2, None: 2}


async def test_history_moves_no_money_and_tells_nobody(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    await import_bookings(samples / "hotel_bookings.csv")
    everything = await _everything(bookings_db)
    assert {table: len(rows) for table, rows in everything.items()} == {
        "booking_events": 31, "booking_list": 9, "booking_codes": 9,
        "outbox": 0, "payments": 0, "ledger_entries": 0, "sagas": 0,
    }  # fmt: skip


async def test_a_second_import_changes_nothing_and_equal_rows_stay_as_many_as_they_are(
    hotels_db: Database, bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    await import_bookings(path)
    before = await _everything(bookings_db), await fetch(hotels_db, "SELECT * FROM hotels ORDER BY id")
    again = await import_bookings(path)
    assert again.changed_nothing
    assert again.loaded["bookings"] == Tally(unchanged=9)
    assert (await _everything(bookings_db), await fetch(hotels_db, "SELECT * FROM hotels ORDER BY id")) == before


async def test_one_more_of_the_same_is_one_more_booking(
    import_bookings: ImportBookings, samples: Path, tmp_path: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    await import_bookings(path)
    longer = tmp_path / "longer.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    longer.write_text("".join([*lines, lines[1]]), encoding="utf-8")
    assert (await import_bookings(longer)).loaded["bookings"] == Tally(new=1, unchanged=9)


async def test_two_imports_at_once_make_each_booking_once(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    summaries = await asyncio.gather(*(import_bookings(path) for _ in range(4)))
    assert sum(summary.loaded["bookings"].new for summary in summaries) == 9
    assert sum(summary.loaded["bookings"].unchanged for summary in summaries) == 27
    assert all("refused by the database" not in summary.rejected for summary in summaries)
    [row] = await fetch(bookings_db, "SELECT count(*) AS bookings FROM booking_list")
    assert row.bookings == 9


async def test_a_code_that_is_taken_is_left_to_whom_it_belongs(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    await import_bookings(path)
    codes = {row.code: row.booking_id for row in await fetch(bookings_db, "SELECT code, booking_id FROM booking_codes")}
    async with bookings_db.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("TRUNCATE booking_events, booking_list, booking_codes")
        first = min(codes)
        await connection.exec_driver_sql(
            f"INSERT INTO booking_codes (code, booking_id) VALUES ('{first}', gen_random_uuid())"
        )
    assert (await import_bookings(path)).loaded["bookings"] == Tally(new=9)
    rows = await fetch(bookings_db, "SELECT code, id FROM booking_list")
    assert {row.id for row in rows} == set(codes.values())
    assert {row.code for row in rows if row.id != codes[first]} == set(codes) - {first}
    assert first not in {row.code for row in rows}


async def test_read_models_follow_and_a_rebuild_finds_nothing_to_mend(
    bookings_db: Database, import_bookings: ImportBookings, samples: Path
) -> None:
    await import_bookings(samples / "hotel_bookings.csv")
    written = await _everything(bookings_db)

    async def all_seen() -> bool:
        await Projector(bookings_db).run_once()
        async with bookings_db.read() as session:
            return all([(await projections.lag(session, name)).events == 0 for name in PROJECTIONS])

    await eventually(all_seen)
    assert await rebuild(bookings_db, "booking_list") == 9
    assert await _everything(bookings_db) == written
    [row] = await fetch(bookings_db, "SELECT sum(revenue_minor) AS revenue, count(*) AS nights FROM hotel_calendar")
    assert (row.revenue, row.nights) == (300_00 + 2 * 226_50 + 299_97, 15)


@dataclass(frozen=True, slots=True)
class _Totals:
    """Of a hotel's bookings that ended in one way."""

    bookings: int
    nights: int
    guests: int
    total_minor: int


_STATES = {"Check-Out": "CHECKED_OUT", "Canceled": "CANCELLED", "No-Show": "NO_SHOW"}


def _count(rows: Iterable[dict[str, str]]) -> tuple[dict[tuple[str, str], _Totals], Counter[str], date]:
    """What ought to be in the database, and what ought to be refused, straight from the file."""
    totals: dict[tuple[str, str], _Totals] = {}
    refused: Counter[str] = Counter()
    first_booked = date.max
    for row in rows:
        guests = sum(int(row[column]) for column in ("adults", "children", "babies") if row[column] != "NA")
        nights = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
        rate = Decimal(row["adr"])
        if not guests:
            refused["nobody"] += 1
        elif not nights:
            refused["no night"] += 1
        elif not 0 <= rate <= 1000:
            refused["rate"] += 1
        else:
            key = row["hotel"], _STATES[row["reservation_status"]]
            before = totals.get(key, _Totals(0, 0, 0, 0))
            totals[key] = _Totals(
                before.bookings + 1,
                before.nights + nights,
                before.guests + guests,
                before.total_minor + int(rate * 100) * nights,
            )
            arrival = datetime.strptime(
                f"{row['arrival_date_year']} {row['arrival_date_month']} {row['arrival_date_day_of_month']}", "%Y %B %d"
            ).replace(tzinfo=UTC)
            first_booked = min(first_booked, (arrival - timedelta(days=int(row["lead_time"]))).date())
    return totals, refused, first_booked


async def test_the_real_files_bookings_cancellations_and_revenue_come_out_to_the_cent(
    bookings_db: Database, import_bookings: ImportBookings, tmp_path: Path
) -> None:
    real, path = real_file("hotel_bookings.csv.gz"), tmp_path / "slice.csv"
    with gzip.open(real, "rt", encoding="utf-8", newline="") as file:
        lines = file.readlines()
    # The resort's rows come first, then the city's, whose cancellations stand before its stays; among the middle rows
    # is the rate of 5,400, and the one below zero is at line 14,971.
    chosen = [*lines[1:4_001], lines[14_970], *lines[48_000:52_000], *lines[-3_999:]]
    path.write_text("".join([lines[0], *chosen]), encoding="utf-8")
    expected, refused, first_booked = _count(csv.DictReader([lines[0], *chosen]))

    summary = await import_bookings(path)

    assert summary.read == len(chosen) == REAL_ROWS
    assert len(chosen) - len(set(chosen)) > 1_000  # repeated rows, every one of which counts
    assert summary.loaded["bookings"] == Tally(new=sum(each.bookings for each in expected.values()))
    assert summary.rejected == {
        "out of range (adults, children, babies)": refused["nobody"],
        "out of range (stays_in_weekend_nights, stays_in_week_nights)": refused["no night"],
        "out of range (adr)": refused["rate"],
    }
    assert refused["rate"] == 2
    rows = await fetch(
        bookings_db,
        """SELECT hotel_name, state, count(*) AS bookings, sum(check_out - check_in) AS nights, sum(guests) AS guests,
                  sum(total_minor) AS total_minor
           FROM booking_list GROUP BY hotel_name, state""",
    )
    found = {(row.hotel_name, row.state): _Totals(*tuple(row)[2:]) for row in rows}
    assert found == expected
    assert len(found) == 6
    # The events tell the same story as the rows that lists show.
    [events] = await fetch(
        bookings_db,
        """SELECT count(*) FILTER (WHERE type = 'booking.requested') AS requested,
                  count(*) FILTER (WHERE type = 'booking.cancelled') AS cancelled,
                  sum((payload->>'total_minor')::bigint) AS total_minor,
                  min(occurred_at AT TIME ZONE 'Europe/Lisbon')::date AS first_booked
           FROM booking_events""",
    )
    assert events.requested == sum(each.bookings for each in expected.values())
    cancelled = sum(each.bookings for (_, state), each in expected.items() if state == "CANCELLED")
    assert events.cancelled == cancelled
    assert events.total_minor == sum(each.total_minor for each in expected.values())
    assert events.first_booked == first_booked
