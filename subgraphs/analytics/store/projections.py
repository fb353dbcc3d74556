"""Makes the projections again from the events."""

from __future__ import annotations

from typing import Final

from subgraphs.analytics.store.client import AnalyticsStore, Row

_NEW: Final = "_rebuilt"


async def projections(store: AnalyticsStore) -> list[tuple[str, str, str]]:
    """The projected tables: each with the view that fills it, and the view's SELECT, by which it is rebuilt too."""
    rows = await store.query(
        "SELECT name, as_select FROM system.tables WHERE database = {database:String}"
        " AND engine = 'MaterializedView' ORDER BY name",
        {"database": store.database},
    )
    return [(name.removesuffix("_view"), name, select) for name, select in rows]


async def rebuild(store: AnalyticsStore) -> dict[str, int]:
    """Project all events anew, table by table, and return how many rows each table then has.

    A table is filled beside the live one and then takes its place in one step, so that reports never see half of it.
    What the views project meanwhile goes into the live table, and would be lost with it: so the events that came since
    the beginning are projected once more after the exchange. Twice is as good as once. Stop other rebuilds first.
    """
    counts: dict[str, int] = {}
    for table, _, select in await projections(store):
        new = f"{table}{_NEW}"
        await store.command(f"DROP TABLE IF EXISTS `{new}`")
        await store.command(f"CREATE TABLE `{new}` AS `{table}`")
        [(since,)] = await store.query("SELECT toString(now64(3, 'UTC') - INTERVAL 1 MINUTE)")
        await _fill(store, new, select, "1", {})
        await store.command(f"EXCHANGE TABLES `{new}` AND `{table}`")
        await _fill(store, table, select, "received_at >= {since:DateTime64(3, 'UTC')}", {"since": since})
        await store.command(f"DROP TABLE `{new}`")
        [(count,)] = await store.query(f"SELECT count() FROM `{table}` FINAL")  # noqa: S608  # a table of ours
        counts[table] = int(count)
    return counts


async def contents(store: AnalyticsStore, table: str) -> list[Row]:
    """All rows that count of a projected table, in order: for comparing two states of it."""
    columns = await store.query(
        "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}"
        " AND name != 'received_at' ORDER BY position",
        {"database": store.database, "table": table},
    )
    names = ", ".join(f"`{name}`" for (name,) in columns)
    return await store.query(f"SELECT {names} FROM `{table}` FINAL ORDER BY ALL")  # noqa: S608  # a table of ours


async def _fill(store: AnalyticsStore, table: str, select: str, condition: str, parameters: dict[str, str]) -> None:
    columns = await store.query(
        "SELECT name FROM system.columns WHERE database = {database:String} AND table = {table:String}"
        " ORDER BY position",
        {"database": store.database, "table": table},
    )
    names = ", ".join(f"`{name}`" for (name,) in columns)
    # The view's SELECT reads `events`: here that name stands for those that are to be projected.
    source = f"(SELECT * FROM `{store.database}`.events WHERE {condition})"  # noqa: S608  # ours
    projected = select.replace(f"FROM {store.database}.events", f"FROM {source} AS events").replace(
        f"FROM `{store.database}`.events", f"FROM {source} AS events"
    )
    if projected == select:
        raise ValueError(f"the view of {table} does not read events")
    await store.command(f"INSERT INTO `{table}` ({names}) SELECT {names} FROM ({projected})", parameters)  # noqa: S608
