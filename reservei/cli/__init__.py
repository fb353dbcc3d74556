"""The command line: ``reservei --help``."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from reservei.cli.analytics import analytics_app, backfill
from reservei.cli.call import call
from reservei.cli.deadletters import deadletters_app
from reservei.cli.import_ import import_app
from reservei.cli.leaderboards import leaderboards_app
from reservei.cli.ledger import ledger_app
from reservei.cli.mail import mail
from reservei.cli.missions import missions_app
from reservei.cli.points import points_app
from reservei.cli.projections import projections_app
from reservei.cli.router import router
from reservei.cli.sagas import sagas_app
from reservei.cli.schema import schema_app
from reservei.cli.seed import seed
from reservei.cli.serve import serve, worker
from reservei.cli.token import token
from reservei.cli.train import train
from reservei.cli.up import up

app = typer.Typer(
    name="reservei",
    help="Reservei: travel booking as one federated GraphQL supergraph. Start with `reservei up`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,
)
app.command(rich_help_panel="Run")(up)
app.command(rich_help_panel="Run")(serve)
app.command(rich_help_panel="Run")(worker)
app.command(rich_help_panel="Run")(router)
app.command(rich_help_panel="Data")(seed)
app.command(rich_help_panel="Data")(train)
app.add_typer(import_app, name="import", rich_help_panel="Data")
app.command(rich_help_panel="Data")(backfill)
app.add_typer(analytics_app, name="analytics", rich_help_panel="Operate")
app.add_typer(deadletters_app, name="deadletters", rich_help_panel="Operate")
app.add_typer(ledger_app, name="ledger", rich_help_panel="Operate")
app.add_typer(sagas_app, name="sagas", rich_help_panel="Operate")
app.add_typer(points_app, name="points", rich_help_panel="Operate")
app.add_typer(missions_app, name="missions", rich_help_panel="Operate")
app.add_typer(leaderboards_app, name="leaderboards", rich_help_panel="Operate")
app.add_typer(projections_app, name="projections", rich_help_panel="Operate")
app.add_typer(schema_app, name="schema", rich_help_panel="Develop")
app.command(rich_help_panel="Develop")(token)
app.command(rich_help_panel="Develop")(call)
app.command(rich_help_panel="Develop")(mail)


def main() -> None:
    """Run the command line; what a person can mend is one clear line and exit code 1, never a traceback."""
    from pydantic import ValidationError

    from shared.local.errors import LocalRuntimeError

    try:
        app()
    except LocalRuntimeError as error:
        _complain(error.what, error.mend)
    except ValidationError as error:
        if not error.title.endswith("Settings"):
            raise
        first = error.errors()[0]
        variable = "RESERVEI_" + "_".join(str(part) for part in first["loc"]).upper()
        _complain(f"{variable} is wrong: {first['msg']}.", "Correct or unset it.")


def _complain(what: str, mend: str) -> NoReturn:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"[bold red]{escape(what)}[/] {escape(mend)}")
    sys.exit(1)
