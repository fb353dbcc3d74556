"""``reservei points``: prove the points, and show how a traveler's moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from reservei.cli._gamification import with_gamification

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.db import Database
    from subgraphs.gamification.repository.ledger import Change
    from subgraphs.gamification.service.proof import Discrepancy

points_app = typer.Typer(help="The double-entry ledger of travelers' points.", no_args_is_help=True)


@points_app.command()
def check() -> None:
    """Prove that every entry balances, and that ledger, balances, lots and reservations tell the same story.

    Exit code 1, and a table of what is wrong, when they do not.
    """
    from rich.console import Console
    from rich.table import Table

    found, totals = with_gamification(_check)
    if found:
        table = Table(
            "Rule that is broken", "Entry or traveler", title="The points are not right", title_justify="left"
        )
        for header in ("Expected", "Found"):
            table.add_column(header, justify="right")
        for each in found:
            table.add_row(each.what, each.subject, f"{each.expected:,}", f"{each.found:,}")
        Console(stderr=True).print(table)
        raise typer.Exit(1)
    console = Console()
    console.print("The points balance, and agree with what every traveler has.")
    if totals:
        table = Table("Account")
        table.add_column("Points", justify="right")
        for account, points in totals:
            table.add_row(account.lower(), f"{points:,}")
        console.print(table)


@points_app.command()
def show(user: Annotated[UUID, typer.Argument(help="The traveler's id.", metavar="USER")]) -> None:
    """Show how a traveler's points moved, the newest first; 100 entries at most."""
    from rich.console import Console
    from rich.table import Table

    async def read(database: Database, _redis: Redis) -> list[Change]:
        from subgraphs.gamification.repository.ledger import pages

        async with database.read() as session:
            return list((await pages(session, [user], None, 100)).get(user, ()))

    changes = with_gamification(read)
    if not changes:
        typer.echo(f"There are no points of user {user}.", err=True)
        raise typer.Exit(1)
    table = Table("When", "Movement", "Accounts")
    for header in ("Pending", "Available", "Reserved"):
        table.add_column(header, justify="right")
    for entry, postings in changes:
        moved = ", ".join(f"{account.lower()} {points:+,}" for account, points in sorted(postings.items()))
        table.add_row(
            f"{entry.created_at:%Y-%m-%d %H:%M:%S}",
            entry.kind.lower(),
            moved,
            *(f"{after:,}" for after in (entry.pending_after, entry.available_after, entry.reserved_after)),
        )
    Console().print(table)


async def _check(database: Database, _redis: Redis) -> tuple[list[Discrepancy], list[tuple[str, int]]]:
    """On one snapshot, so that points which move do not look like errors."""
    from sqlalchemy import text

    from subgraphs.gamification.service.proof import prove, totals

    async with database.transaction() as session:
        await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        return await prove(session), await totals(session)
