"""``reservei missions``: travelers' progress, made again from what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from reservei.cli._gamification import with_gamification

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.db import Database

missions_app = typer.Typer(help="Missions of travelers.", no_args_is_help=True)


@missions_app.callback()
def missions() -> None:
    """Missions of travelers. (The callback keeps `rebuild` a command of its own name.)"""


@missions_app.command()
def rebuild() -> None:
    """Work out every traveler's points, progress, badges and level again from their activities and the rules.

    The service may run meanwhile, and where all is well nothing changes. It is what to do when rules were changed in
    the database by hand, or after a mistake in a release.
    """

    async def run(database: Database, _redis: Redis) -> tuple[int, int]:
        from shared.db import utc_now
        from subgraphs.gamification.service.rebuilding import rebuild as rebuild_all

        return await rebuild_all(database, utc_now(), lambda done: typer.echo(f"{done:,} travelers so far", err=True))

    travelers, changed = with_gamification(run)
    typer.echo(f"{travelers:,} travelers, of whom {changed:,} changed.")
