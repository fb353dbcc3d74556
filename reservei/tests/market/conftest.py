"""What tests of the market share: the samples, an empty hotels database, and one way to run an import."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from reservei.market.csv_rows import CsvRows, open_csv
from reservei.market.importing import Importer, run_import
from reservei.market.report import ReportFile, Summary
from shared.db import Database
from shared.testing.plugin import DomainDatabase

MakeImporter = Callable[[CsvRows], Importer[Any]]
RunImport = Callable[[Path, MakeImporter], Awaitable[Summary]]

_FOLDERS = (
    Path(os.environ.get("RESERVEI_DATA_DIR", "/nonexistent")),
    Path(__file__).resolve().parents[3].parent / "shared" / "data",
)


def real_file(name: str) -> Path:
    """A real public file; the test is skipped where it is not at hand."""
    for folder in _FOLDERS:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"{name} is neither in RESERVEI_DATA_DIR nor in ../shared/data")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of hand-written files."""
    return Path(__file__).parent / "samples"


@pytest_asyncio.fixture(loop_scope="session")
async def hotels_db(domain_database: DomainDatabase) -> Database:
    """The hotels database, empty."""
    return await domain_database("hotels")


@pytest.fixture
def import_file(hotels_db: Database, tmp_path: Path) -> RunImport:
    """Run an importer over a file, as the command line does."""

    async def run(path: Path, make: MakeImporter) -> Summary:
        with open_csv(path) as rows, ReportFile(tmp_path / "reports", "test", datetime.now(UTC)) as report:
            return await run_import(hotels_db, rows, make(rows), report)

    return run


async def fetch(database: Database, sql: str, **parameters: Any) -> list[Any]:
    """Rows of a query."""
    async with database.read() as session:
        return list(await session.execute(text(sql), parameters))


async def snapshot(database: Database) -> dict[str, list[Any]]:
    """Everything that an import could change, time stamps included."""
    return {
        "destinations": await fetch(database, "SELECT * FROM destinations ORDER BY id"),
        "hotels": await fetch(database, "SELECT * FROM hotels ORDER BY id"),
        "photos": await fetch(database, "SELECT * FROM photos ORDER BY id"),
        "room_types": await fetch(database, "SELECT * FROM room_types ORDER BY id"),
        "inventory_nights": await fetch(database, "SELECT * FROM inventory_nights ORDER BY room_type_id, night"),
        "reviews": await fetch(database, "SELECT * FROM reviews ORDER BY id"),
        "outbox": await fetch(database, "SELECT id, payload FROM outbox ORDER BY id"),
    }
