"""``reservei projections``: the read models of bookings: make them again, and see how far they are behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from shared.db import Database

T = TypeVar("T")

projections_app = typer.Typer(
    help="Read models that follow the events of bookings. Everything in them can be made again from the events.",
    no_args_is_help=True,
)


@projections_app.command()
def rebuild(
    name: Annotated[str | None, typer.Argument(help="One of those that `lag` lists; all of them when absent.")] = None,
) -> None:
    """Write read models anew from the events. The service may run meanwhile: rows are replaced, none goes missing."""
    from subgraphs.bookings.projections import PROJECTIONS

    if name is not None and name not in PROJECTIONS:
        raise LocalRuntimeError(f"There is no projection {name!r}.", f"Choose one of: {', '.join(PROJECTIONS)}.")
    for each, count in with_bookings(lambda database: _rebuild(database, [name] if name else list(PROJECTIONS))):
        typer.echo(f"{each}: {count:,} bookings")


@projections_app.command()
def lag() -> None:
    """Show how far each read model is behind the events that are committed."""
    from rich.console import Console
    from rich.table import Table

    from subgraphs.bookings.projections import PROJECTIONS
    from subgraphs.bookings.repository import projections

    async def read(database: Database) -> list[projections.Lag]:
        async with database.read() as session:
            return [await projections.lag(session, name) for name in PROJECTIONS]

    table = Table("Projection", "Events behind", "Seconds behind")
    for each in with_bookings(read):
        table.add_row(each.name, f"{each.events:,}", f"{each.seconds:,.1f}")
    Console().print(table)


async def _rebuild(database: Database, names: list[str]) -> list[tuple[str, int]]:
    from subgraphs.bookings.projections import rebuild as rebuild_projection

    def progress(name: str) -> Callable[[int], None]:
        return lambda done: typer.echo(f"{name}: {done:,} so far", err=True)

    return [(name, await rebuild_projection(database, name, progress=progress(name))) for name in names]


def with_bookings(use: Callable[[Database], Awaitable[T]]) -> T:
    """Run ``use`` on the bookings database of this machine, or of ``RESERVEI_DATABASE_URL``."""
    from reservei.cli.serve import local_platform
    from shared.config import platform_settings
    from shared.db import Database, domain_database_url

    async def run() -> T:
        url = domain_database_url(platform_settings(), "bookings")
        database = Database(url, application_name="reservei-operator", pool_size=2)
        try:
            return await use(database)
        finally:
            await database.close()

    with local_platform(("bookings",)):
        return asyncio.run(run())
