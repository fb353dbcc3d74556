"""Bookings of the file sold now: real holds, payments and refunds, and sums that come out to the cent."""

from __future__ import annotations

import asyncio
import csv
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from reservei import worker
from reservei.market.csv_rows import open_csv
from reservei.market.formats import HotelSalesImporter
from reservei.market.importing import run_import
from reservei.market.report import ReportFile, Summary, Tally
from reservei.tests.market.conftest import fetch
from shared.config import PlatformSettings
from shared.db import Database
from shared.local.errors import LocalRuntimeError
from shared.testing.plugin import PATIENCE_SECONDS, DomainDatabase

Sell = Callable[..., Awaitable[Summary]]
_GUESTS = ("adults", "children", "babies")


@pytest_asyncio.fixture(loop_scope="session")
async def bookings_db(domain_database: DomainDatabase) -> Database:
    """The bookings database, empty."""
    return await domain_database("bookings")


@pytest_asyncio.fixture(loop_scope="session")
async def working(platform: PlatformSettings, hotels_db: Database, bookings_db: Database) -> AsyncIterator[None]:
    """The workers of hotels and bookings, as the command runs them."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(platform, ("hotels", "bookings"), stop))
    yield
    stop.set()
    await running


@pytest.fixture
def sell(platform: PlatformSettings, hotels_db: Database, bookings_db: Database, tmp_path: Path) -> Sell:
    """Import a file, as the command line does."""

    async def run(path: Path, *, limit: int | None = None, today: date | None = None) -> Summary:
        importer = HotelSalesImporter(platform, today=today, patience_seconds=PATIENCE_SECONDS)
        with open_csv(path) as rows, ReportFile(tmp_path / "reports", "bookings", datetime.now(UTC)) as report:
            prepared = await importer.prepare({"hotels": hotels_db, "bookings": bookings_db})
            summary = await run_import(bookings_db, rows, importer, report, limit=limit)
        summary.count(prepared)
        return summary

    return run


def _expected(path: Path) -> dict[str, tuple[int, int, int, int, int]]:
    """Bookings, nights, guests, price and fee by state, straight from the file, of the rows that can be sold."""
    sums: dict[str, Counter[str]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
        for row in [*rows[:8], rows[-1]]:  # the others of the sample are wrong in some way
            price = int(Decimal(row["adr"]) * 100)
            nights = int(row["stays_in_weekend_nights"]) + int(row["stays_in_week_nights"])
            if not price:
                continue
            is_cancelled = row["reservation_status"] == "Canceled"
            found = sums.setdefault("CANCELLED" if is_cancelled else "CONFIRMED", Counter())
            found["bookings"] += 1
            found["nights"] += nights
            found["guests"] += sum(int(row[column]) for column in _GUESTS if row[column] != "NA")
            found["total"] += price * nights
            found["fee"] += price * nights if is_cancelled and row["deposit_type"] == "Non Refund" else 0
    columns = ("bookings", "nights", "guests", "total", "fee")
    return {state: tuple(found[column] for column in columns) for state, found in sums.items()}  # type: ignore[misc]


async def _found(database: Database) -> dict[str, tuple[int, ...]]:
    rows = await fetch(
        database,
        """SELECT state, count(*), sum(check_out - check_in), sum(guests), sum(total_minor), sum(fee_minor)
           FROM booking_list GROUP BY state""",
    )
    return {row.state: tuple(int(value) for value in tuple(row)[1:]) for row in rows}


async def _everything(database: Database) -> list[Any]:
    return await fetch(
        database,
        """SELECT (SELECT count(*) FROM booking_events) AS events, (SELECT count(*) FROM payments) AS payments,
                  (SELECT count(*) FROM ledger_entries) AS entries,
                  (SELECT count(*) FROM sandbox_charges) AS charges""",
    )


@pytest.mark.usefixtures("working")
async def test_rows_are_sold_paid_and_refunded_as_the_file_says(
    hotels_db: Database, bookings_db: Database, sell: Sell, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    summary = await sell(path)
    assert summary.loaded["bookings"] == Tally(new=8)
    assert (summary.loaded["confirmed"], summary.loaded["cancelled"]) == (Tally(new=4), Tally(new=4))
    assert summary.rejected["not sold"] == 0
    found = await _found(bookings_db)
    assert found == _expected(path)
    # What was taken in, less what was given back, is what the stays cost and what the cancellations cost.
    [money] = await fetch(
        bookings_db, "SELECT sum(captured_minor) AS captured, sum(refunded_minor) AS refunded FROM payments"
    )
    assert money.captured == found["CONFIRMED"][3] + found["CANCELLED"][3]
    assert money.captured - money.refunded == found["CONFIRMED"][3] + found["CANCELLED"][4]
    # And hotels has sold exactly the nights of the confirmed stays.
    [rooms] = await fetch(hotels_db, "SELECT sum(sold) AS sold, sum(held) AS held FROM inventory_nights")
    assert (rooms.sold, rooms.held) == (found["CONFIRMED"][1], 0)
    [dates] = await fetch(
        bookings_db, "SELECT min(check_in) AS first, count(DISTINCT check_in) AS days FROM booking_list"
    )
    assert dates.first > datetime.now(UTC).date()
    assert dates.days == 1
    assert dates.first.weekday() == date(2016, 7, 8).weekday()


@pytest.mark.usefixtures("working")
async def test_a_second_import_sells_nothing_also_on_another_day(
    bookings_db: Database, sell: Sell, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    await sell(path, limit=3)
    before = await _everything(bookings_db), await _found(bookings_db)
    again = await sell(path, limit=3, today=datetime.now(UTC).date() + timedelta(days=30))
    assert again.loaded["bookings"] == Tally(unchanged=3)
    assert (await _everything(bookings_db), await _found(bookings_db)) == before
    more = await sell(path, limit=5)
    assert more.loaded["bookings"] == Tally(new=2, unchanged=3)


@pytest.mark.usefixtures("working")
async def test_a_cancellation_that_was_left_undone_is_done(bookings_db: Database, sell: Sell, samples: Path) -> None:
    path = samples / "hotel_bookings.csv"

    async def stop(*_: Any) -> bool:
        return False

    with pytest.MonkeyPatch.context() as patch:  # as if the first import was killed between sale and cancellation
        patch.setattr(HotelSalesImporter, "_cancel", stop)
        await sell(path, limit=2)
    assert {state: sums[0] for state, sums in (await _found(bookings_db)).items()} == {"CONFIRMED": 2}
    again = await sell(path, limit=2)
    assert again.loaded["bookings"] == Tally(changed=1, unchanged=1)
    assert {state: sums[0] for state, sums in (await _found(bookings_db)).items()} == {"CONFIRMED": 1, "CANCELLED": 1}


@pytest.mark.usefixtures("working")
async def test_what_finds_no_room_is_reported_and_costs_nothing(
    hotels_db: Database, bookings_db: Database, sell: Sell, samples: Path
) -> None:
    path = samples / "hotel_bookings.csv"
    importer_day = datetime.now(UTC).date()
    await sell(path, limit=1, today=importer_day)  # makes the hotels and their nights
    async with hotels_db.transaction() as session:
        await session.execute(text("UPDATE inventory_nights SET total = sold + held"))
    summary = await sell(path, limit=2, today=importer_day)
    assert summary.loaded["bookings"] == Tally(unchanged=1)
    assert summary.rejected == {"not sold": 1}
    assert summary.report is not None
    [money] = await fetch(bookings_db, "SELECT sum(captured_minor) AS captured, count(*) AS payments FROM payments")
    assert (money.captured, money.payments) == (226_50, 2)


async def test_without_the_sandbox_nothing_is_sold(
    platform: PlatformSettings, hotels_db: Database, bookings_db: Database
) -> None:
    real = platform.model_copy(update={"environment": "production"})
    with pytest.raises(LocalRuntimeError, match="sandbox"):
        await HotelSalesImporter(real).prepare({"hotels": hotels_db, "bookings": bookings_db})
    assert await fetch(hotels_db, "SELECT 1 FROM hotels") == []
