"""``reservei train``: learn recommendations from what travelers booked, or measure how good they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shared.db import Database
    from subgraphs.ai.learning.recommending.evaluation import Evaluation


def train(
    evaluate: Annotated[
        bool, typer.Option("--evaluate", help="Measure on a split by time, beside popularity; change nothing.")
    ] = False,
) -> None:
    """Learn which hotels suit whom, and use it from then on. Running servers notice within half a minute."""
    from reservei.cli.serve import local_platform
    from shared.config import platform_settings
    from shared.db import Database, domain_database_url

    async def run() -> None:
        database = Database(domain_database_url(platform_settings(), "ai"), application_name="reservei-train")
        try:
            await (_measure(database) if evaluate else _learn(database))
        finally:
            await database.close()

    with local_platform(("ai",)):
        asyncio.run(run())


async def _learn(database: Database) -> None:
    from rich.console import Console

    from shared.db import utc_now
    from subgraphs.ai.learning.job import train_recommendations

    made = await train_recommendations(database, utc_now())
    Console().print(
        f"Recommendations, version {made.version}: learned from {made.interaction_count:,} bookings and looks of "
        f"{made.traveler_count:,} travelers at {made.hotel_count:,} hotels."
    )


async def _measure(database: Database) -> None:
    from rich.console import Console

    from shared.db import utc_now
    from subgraphs.ai.learning.job import evaluate_recommendations
    from subgraphs.ai.learning.recommending.evaluation import TooLittleHistory

    try:
        found = await evaluate_recommendations(database, utc_now())
    except TooLittleHistory as error:
        Console(stderr=True).print(f"Nothing to measure with: {error}.")
        raise typer.Exit(1) from error
    _show(found)


def _show(found: Evaluation) -> None:
    from datetime import date

    from rich.console import Console
    from rich.table import Table

    table = Table("Way to recommend", title="First ten, on bookings the model has not seen", title_justify="left")
    for header in ("Recall", "nDCG", "Hotels shown"):
        table.add_column(header, justify="right")
    for each in found.results:
        table.add_row(each.name, f"{each.recall:.3f}", f"{each.ndcg:.3f}", f"{each.coverage:.0%}")
    console = Console()
    console.print(table)
    console.print(
        f"{found.question_count:,} travelers, {found.newcomer_count:,} of them newcomers, from "
        f"{date.fromordinal(found.split_day)}; {found.training_count:,} interactions before; "
        f"{found.hotel_count:,} hotels. Demo bookings are made up: they tell whether the machinery works, no more."
    )
