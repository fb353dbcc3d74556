"""``reservei leaderboards``: the sorted sets in Redis, made again from PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from reservei.cli._gamification import with_gamification
from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.db import Database

leaderboards_app = typer.Typer(help="Leaderboards of travelers.", no_args_is_help=True)


@leaderboards_app.callback()
def leaderboards() -> None:
    """Leaderboards of travelers. (The callback keeps `rebuild` a command of its own name.)"""


@leaderboards_app.command()
def rebuild() -> None:
    """Write all leaderboards anew. The worker does so by itself when Redis has lost them."""

    async def run(database: Database, redis: Redis) -> int:
        from subgraphs.gamification.service.boards import BoardsBusy
        from subgraphs.gamification.service.boards import rebuild as rebuild_all

        try:
            return await rebuild_all(database, redis)
        except BoardsBusy as error:
            raise LocalRuntimeError("The leaderboards are being written right now.", "Try again.") from error

    typer.echo(f"{with_gamification(run):,} travelers")
