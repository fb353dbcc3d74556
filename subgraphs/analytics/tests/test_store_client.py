"""The store's client and migrations: run once, safe together, and errors told apart."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from shared.config import PlatformSettings
from subgraphs.analytics.store import AnalyticsStore, StoreRefused, StoreUnavailable
from subgraphs.analytics.store.migrate import apply_migrations, migrate_store, migration_files, statements


def fresh(clickhouse_url: str) -> str:
    """A database of the same server that does not exist."""
    return urlsplit(clickhouse_url)._replace(path=f"/fresh_{uuid4().hex[:8]}").geturl()


async def drop(url: str) -> None:
    async with AnalyticsStore(urlsplit(url)._replace(path="/default").geturl()) as server:
        await server.command(f"DROP DATABASE {urlsplit(url).path.strip('/')}")


async def test_processes_that_start_together_migrate_once(platform: PlatformSettings, clickhouse_url: str) -> None:
    settings = platform.model_copy(update={"clickhouse_url": fresh(clickhouse_url)})
    assert settings.clickhouse_url is not None
    applied = await asyncio.gather(*(migrate_store(settings) for _ in range(3)))
    assert sorted(len(each) for each in applied) == [0, 0, len(migration_files())]
    assert await migrate_store(settings) == []
    await drop(settings.clickhouse_url)


async def test_a_migration_that_was_cut_off_runs_again(clickhouse_url: str, tmp_path: Path) -> None:
    url = fresh(clickhouse_url)
    file = tmp_path / "0001_two.sql"
    file.write_text("CREATE TABLE IF NOT EXISTS a (n UInt8) ENGINE = MergeTree ORDER BY n;\nnonsense;\n")
    with pytest.raises(StoreRefused):
        await apply_migrations(url, tmp_path)
    file.write_text(file.read_text().replace("nonsense", "-- what; it was\nINSERT INTO a VALUES (1)"))
    assert await apply_migrations(url, tmp_path) == ["0001_two.sql"]
    assert await apply_migrations(url, tmp_path) == []
    async with AnalyticsStore(url) as store:
        assert await store.query("SELECT n FROM a") == [(1,)]
    await drop(url)


@pytest.mark.parametrize("names", [["0001_a.sql", "0001_b.sql"], ["first.sql"]])
def test_files_that_have_no_order_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="number of its own"):
        migration_files(tmp_path)


def test_statements_end_at_a_semicolon_that_ends_a_line() -> None:
    assert statements("-- one; two;\nSELECT ';x' ;\n\nSELECT 2;\n") == ["SELECT ';x'", "SELECT 2"]


async def test_a_store_that_is_away_is_unavailable() -> None:
    async with AnalyticsStore("http://reservei:secret@127.0.0.1:9/reservei") as store:
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.insert("events", ["type"], [("x",)])


async def test_errors_are_told_apart(analytics_store: AnalyticsStore) -> None:
    with pytest.raises(StoreUnavailable):
        await analytics_store.query("SELECT * FROM of_a_later_migration")
    with pytest.raises(StoreRefused) as caught:
        await analytics_store.query("SELECT (")
    assert caught.value.code == 62
    with pytest.raises(StoreRefused):
        await analytics_store.insert("events", ["aggregate_sequence"], [("not a number",)])
    with pytest.raises(StoreRefused):
        await analytics_store.insert("events", ["aggregate_sequence"], [(-1,)])


async def test_what_is_bound_is_a_value(analytics_store: AnalyticsStore) -> None:
    hostile = "x' UNION ALL SELECT 1; DROP TABLE events; -- {y:String} \\ \n\t\u0000"
    assert await analytics_store.query("SELECT {x:String}", {"x": hostile}) == [(hostile,)]
    assert await analytics_store.records("SELECT {x:String} AS x", {"x": hostile}) == [{"x": hostile}]
