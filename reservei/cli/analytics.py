"""``reservei backfill`` and ``reservei analytics``: what analytics knows, and how it comes to know it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from rich.console import Console

    from reservei.market.backfill import Listener, Origin, Told
    from shared.config import PlatformSettings
    from subgraphs.analytics.store import AnalyticsStore

T = TypeVar("T")

analytics_app = typer.Typer(
    help="The store that reports are made from. Everything that reports read can be made again from its events.",
    no_args_is_help=True,
)


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """What the store holds."""

    rows: Sequence[tuple[str, int]]
    """By table; of what replaces each other, only what counts."""
    newest: datetime | None
    """When the latest event happened."""
    received: datetime | None
    """When one was written last."""


def backfill(
    to: Annotated[str, typer.Option(help="Who is told: `analytics`, `ai`, or both with a comma; all by default.")] = "",
    domains: Annotated[
        str, typer.Option(help="Whose history: `hotels`, `bookings`, or both with a comma; all by default.")
    ] = "",
) -> None:
    """Tell analytics and learning of hotels and bookings that they were not told of by events.

    Imports publish nothing, so what they load is told here; `import` and `seed` end with it. Telling again changes
    nothing, and the platform may run meanwhile.
    """
    from rich.console import Console

    from reservei.market.backfill import LISTENERS, Origin
    from shared.config import platform_settings

    listeners = _chosen(to, LISTENERS, "--to")
    origins = _chosen(domains, tuple(Origin), "--domains")
    console = Console(highlight=False, soft_wrap=True)
    told = asyncio.run(run_backfill(console, platform_settings(), origins, listeners))
    console.print(
        f"{told.hotels:,} hotels and {told.bookings:,} bookings read; {told.events:,} events were new to analytics."
    )


@analytics_app.command()
def status() -> None:
    """Show how many rows there are, and how old the newest event is."""
    from rich.console import Console
    from rich.table import Table

    from shared.db import utc_now

    found = _at_store(read_status)
    table = Table("Table")
    table.add_column("Rows", justify="right")
    for name, rows in found.rows:
        table.add_row(name, f"{rows:,}")
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    if found.newest is None or found.received is None:
        console.print("There are no events yet. `reservei backfill` tells of what happened before.")
        return
    age = (utc_now() - found.received).total_seconds()
    console.print(f"Newest event: {found.newest:%Y-%m-%d %H:%M:%S} UTC; the last one was written {age:,.0f} s ago.")
    console.print("Events that could not be taken: `reservei deadletters list --consumer analytics`.")


@analytics_app.command()
def rebuild() -> None:
    """Make every table that reports read anew from the events. Reports go on meanwhile, on what was there before."""
    from subgraphs.analytics.store.projections import rebuild as rebuild_projections

    for table, rows in _at_store(rebuild_projections).items():
        typer.echo(f"{table}: {rows:,} rows")


async def read_status(store: AnalyticsStore) -> StoreStatus:
    """How the store stands."""
    from subgraphs.analytics.store.maintenance import data_tables

    tables = await data_tables(store)
    rows = [(name, (await store.query(f"SELECT count() FROM `{name}` FINAL"))[0][0]) for name in tables]  # noqa: S608
    [(count, newest, received)] = await store.query("SELECT count(), max(occurred_at), max(received_at) FROM events")
    return StoreStatus(rows, newest if count else None, received if count else None)


async def run_backfill(
    console: Console, settings: PlatformSettings, origins: Sequence[Origin], listeners: Sequence[Listener]
) -> Told:
    """Backfill with a bar."""
    from reservei.cli._meter import Meter
    from reservei.market.backfill import backfill

    with Meter(console, "Telling analytics", 100 * len(origins)) as meter:

        def progress(origin: Origin, done: int, total: int) -> None:
            percent = 100 * list(origins).index(origin) + 100 * done // max(total, 1)
            meter.update(percent, f"{done:,} of {total:,} {origin}")

        return await backfill(settings, origins, listeners, progress)


async def tell_after_load(console: Console, settings: PlatformSettings, origins: Sequence[Origin]) -> None:
    """Backfill at the end of a load; the load stays good when that does not work, and the reader is told what to do."""
    from reservei.market.backfill import LISTENERS
    from subgraphs.analytics.store import StoreError

    try:
        told = await run_backfill(console, settings, origins, LISTENERS)
    except (LocalRuntimeError, StoreError) as error:
        console.print(f"Analytics was not told: {error} Run `reservei backfill` later.", style="yellow", markup=False)
        return
    if told.events:
        console.print(f"Analytics was told: {told.events:,} events.")


def _at_store(use: Callable[[AnalyticsStore], Awaitable[T]]) -> T:
    """Run ``use`` on the store of this machine, or of ``RESERVEI_CLICKHOUSE_URL``."""
    from reservei.cli.serve import local_platform
    from shared.config import platform_settings
    from subgraphs.analytics.store import AnalyticsStore, StoreError

    async def run() -> T:
        url = platform_settings().clickhouse_url
        assert url is not None
        async with AnalyticsStore(url, timeout=3_600) as store:
            try:
                return await use(store)
            except StoreError as error:
                raise LocalRuntimeError(
                    f"The analytics store did not do it: {error}", "Start it, or correct RESERVEI_CLICKHOUSE_URL."
                ) from error

    with local_platform(("analytics",)):
        return asyncio.run(run())


def _chosen(given: str, possible: Sequence[T], option: str) -> Sequence[T]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    known = {str(each): each for each in possible}
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"there is no {name!r}; choose from {', '.join(known)}", param_hint=option)
    return [known[name] for name in known if name in names] or possible
