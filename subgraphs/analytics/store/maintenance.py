"""What is done to the store as a whole."""

from __future__ import annotations

from subgraphs.analytics.store.client import AnalyticsStore
from subgraphs.analytics.store.migrate import SCHEMA_TABLE


async def data_tables(store: AnalyticsStore) -> list[str]:
    """The tables that hold rows: ``events`` and the projections."""
    rows = await store.query(
        "SELECT name FROM system.tables WHERE database = {database:String} AND engine LIKE '%MergeTree'"
        " AND name != {schema:String} ORDER BY name",
        {"database": store.database, "schema": SCHEMA_TABLE},
    )
    return [name for (name,) in rows if not name.startswith(".inner")]


async def empty(store: AnalyticsStore) -> None:
    """Delete every row, of events as well as of projections."""
    for table in await data_tables(store):
        await store.command(f"TRUNCATE TABLE `{table}`")
