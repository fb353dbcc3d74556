"""``reservei serve <domain>`` and ``reservei worker <domain>``: one role each, as containers run them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

DOMAINS_HELP = "users, hotels, bookings, gamification, notifications, analytics or ai."


@contextmanager
def local_platform(domains: tuple[str, ...]) -> Iterator[None]:
    """Servers for this process: those in the environment, or embedded ones; with the domains' databases migrated."""
    from reservei.domains import prepare_databases
    from shared.config import platform_settings
    from shared.local.runtime import LocalRuntime

    def progress(name: str, state: str, detail: str) -> None:
        typer.echo(f"{name}: {state}{f' ({detail})' if detail else ''}", err=True)

    with LocalRuntime(platform_settings(), on_progress=progress) as runtime:
        before = dict(os.environ)
        os.environ.update(runtime.environment())
        platform_settings.cache_clear()
        try:
            asyncio.run(prepare_databases(platform_settings(), domains))
            yield
        finally:
            # The servers end now: whoever goes on in this process must not look for them there.
            os.environ.clear()
            os.environ.update(before)
            platform_settings.cache_clear()


def serve(
    domain: Annotated[str, typer.Argument(help=f"The domain: {DOMAINS_HELP}")],
    host: Annotated[str | None, typer.Option(help="Address to listen on; RESERVEI_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; RESERVEI_USERS_PORT and so on, or 3001 to 3007.")] = None,
    shared: Annotated[bool, typer.Option("--shared", help="Let more processes serve it on the same port.")] = False,
) -> None:
    """Serve one subgraph. Uses the servers in RESERVEI_*_URL, or embedded ones shared with others on this machine."""
    import uvloop

    from reservei.domains import domain_port, load_subgraph
    from reservei.serving import Listener, serve_all
    from shared.config import platform_settings
    from shared.telemetry import configure_logging

    known = _known(domain)
    with local_platform((known,)):
        settings = platform_settings()
        configure_logging(settings, service=known)
        listener = Listener(
            f"the {known} subgraph",
            load_subgraph(known).app,
            host or settings.host,
            port or domain_port(known),
            f"RESERVEI_{known.upper()}_PORT",
        )
        typer.echo(f"{known}: http://{listener.host}:{listener.port}/graphql", err=True)
        uvloop.run(serve_all([listener], shared=shared))


def worker(
    domain: Annotated[
        list[str] | None, typer.Argument(help=f"Domains to work for; all when none. {DOMAINS_HELP}")
    ] = None,
) -> None:
    """Deliver what the domains' transactions wrote down: events to the broker, mails to their readers."""
    from reservei import worker as process
    from reservei.domains import DOMAINS

    domains = tuple(_known(name) for name in domain) if domain else DOMAINS
    with local_platform(domains):
        process.main(domains)


def _known(domain: str) -> str:
    from reservei.domains import DOMAINS

    if domain not in DOMAINS:
        raise typer.BadParameter(f"there is no domain {domain!r}; choose from {', '.join(DOMAINS)}")
    return domain
