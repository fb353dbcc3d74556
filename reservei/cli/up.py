"""``reservei up``: the whole platform on this machine with one command."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def up(
    port: Annotated[
        int | None,
        typer.Option(envvar="RESERVEI_PORT", min=1, max=65535, help="Port of the router.", show_default="3000"),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="RESERVEI_DATA_DIR", help="Where databases, secrets, mail and logs live.", show_default=".reservei"
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Server processes; more than one uses more cores.")] = 1,
    seed: Annotated[bool, typer.Option(help="Load the demo market the first time.")] = True,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Keep the services' logs in their files, off the screen.")
    ] = False,
) -> None:
    """Start everything: databases, cache, event bus, router and subgraphs. Ctrl-C stops it; the data stays."""
    from reservei.cli._launcher import Launcher
    from shared.config import PlatformSettings

    given = {"port": port, "data_dir": data_dir}
    settings = PlatformSettings().model_copy(update={name: value for name, value in given.items() if value})
    asyncio.run(Launcher(settings, workers=workers, seed=seed, quiet=quiet).run())
