"""Brings a store to the newest schema: numbered SQL files, each run once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy.engine import make_url

from shared.config import PlatformSettings
from subgraphs.analytics.store.client import AnalyticsStore
from subgraphs.analytics.store.errors import StoreRefused

MIGRATIONS: Final = Path(__file__).with_name("migrations")

_LOCK_KEY: Final = 0x5265_7365_7276_6169  # "Reservai" in ASCII: any number that nobody else locks
_NAME: Final = re.compile(r"\d{4}_\w+\.sql")
SCHEMA_TABLE: Final = "schema_migrations"
_TRACK: Final = f"""
CREATE TABLE IF NOT EXISTS {SCHEMA_TABLE} (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
ENGINE = ReplacingMergeTree ORDER BY name
"""


async def migrate_store(settings: PlatformSettings) -> list[str]:
    """Create the database of ``settings.clickhouse_url`` and apply what it lacks; return the names of those files.

    Processes that start together take turns by a lock in PostgreSQL, because ClickHouse has none.

    Raises:
        StoreUnavailable: the store does not answer.
        StoreRefused: a migration is wrong for this server.
    """
    if settings.clickhouse_url is None:
        raise ValueError("clickhouse_url is not set: start the platform's servers first")
    async with _turn(settings.database_url):
        return await apply_migrations(settings.clickhouse_url)


async def apply_migrations(url: str, folder: Path = MIGRATIONS) -> list[str]:
    """As ``migrate_store``, for a caller who knows to be alone.

    DDL is not transactional in ClickHouse, so a file that was cut off runs again from its beginning: every statement in
    it must bear that (``IF NOT EXISTS``, ``CREATE OR REPLACE``).
    """
    await _create_database(url)
    async with AnalyticsStore(url) as store:
        await store.command(_TRACK)
        applied = {name for (name,) in await store.query(f"SELECT DISTINCT name FROM {SCHEMA_TABLE}")}  # noqa: S608
        missing = [file for file in migration_files(folder) if file.name not in applied]
        for file in missing:
            for statement in statements(file.read_text(encoding="utf-8")):
                await store.command(statement)
            await store.insert(SCHEMA_TABLE, ["name"], [(file.name,)])
        return [file.name for file in missing]


def migration_files(folder: Path = MIGRATIONS) -> Sequence[Path]:
    """The migrations in their order.

    Raises:
        ValueError: two have the same number, or one is not named ``NNNN_name.sql``.
    """
    files = sorted(folder.glob("*.sql"))
    numbers: set[str] = set()
    for file in files:
        if not _NAME.fullmatch(file.name) or file.name[:4] in numbers:
            raise ValueError(f"{file.name} is not NNNN_name.sql with a number of its own")
        numbers.add(file.name[:4])
    return files


def statements(sql: str) -> list[str]:
    """The statements of a file. Each ends with a semicolon at the end of a line; comments are left out."""
    without_comments = "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", without_comments) if part.strip()]


async def _create_database(url: str) -> None:
    name = urlsplit(url).path.strip("/") or "default"
    if not re.fullmatch(r"\w+", name):
        raise StoreRefused(f"{name!r} cannot be the name of a database: letters, digits and _ only")
    async with AnalyticsStore(urlsplit(url)._replace(path="/default").geturl()) as server:
        exists = await server.query("SELECT 1 FROM system.databases WHERE name = {name:String}", {"name": name})
        if not exists:
            await server.command(f"CREATE DATABASE IF NOT EXISTS `{name}`")


@asynccontextmanager
async def _turn(database_url: str | None) -> AsyncIterator[None]:
    if database_url is None:
        yield
        return
    plain = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=10)
    try:
        # Given back when the connection ends, however it ends.
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY)
        yield
    finally:
        await connection.close()
