"""``reservei router``: the router as a process of its own, for our supergraph or any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from router.config import RouterConfig
    from shared.config import PlatformSettings


def router(
    supergraph: Annotated[
        Path | None,
        typer.Option(
            help="Composed supergraph, as Apollo's composition writes it. Default: the one of Reservei.",
            show_default=False,
        ),
    ] = None,
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Policies; router/router.yaml explains every key.", show_default=False),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; RESERVEI_HOST.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port to listen on, 0 for a free one; RESERVEI_PORT.", min=0, max=65535, show_default="3000"),
    ] = None,
    auth: Annotated[
        bool,
        typer.Option("--auth/--no-auth", help="Check access tokens; with --no-auth they are only passed on."),
    ] = True,
    introspection: Annotated[
        bool | None,
        typer.Option("--introspection/--no-introspection", help="Answer questions about the schema."),
    ] = None,
) -> None:
    """Serve a supergraph over HTTP: GraphQL, subscriptions and GraphiQL at /graphql.

    Its subgraphs are called at the addresses in the supergraph file, or at those in the configuration's `subgraphs`.
    """
    # Here, so that `reservei --help` does not pay for them.
    import uvloop

    from reservei.paths import schema_dir
    from reservei.serving import Listener, serve_all
    from router.app import create_router_app
    from router.config import ConfigError, load_router_config
    from router.supergraph import SupergraphError
    from shared.config import platform_settings
    from shared.local.errors import LocalRuntimeError
    from shared.telemetry import configure_logging

    settings = platform_settings()
    configure_logging(settings, service="router")
    file = supergraph or schema_dir() / "supergraph.graphql"
    try:
        config = load_router_config(config_file)
        if not auth:
            config = config.model_copy(update={"jwt": config.jwt.model_copy(update={"enabled": False})})
        if introspection is not None:
            config = config.model_copy(update={"introspection": introspection})
        if supergraph is None:
            config = _on_this_machine(config, settings)
        app = create_router_app(_read(file), config=config, operations=file.parent / "operations")
    except ConfigError as error:
        raise LocalRuntimeError(str(error), "Correct the configuration, or give another file with --config.") from None
    except SupergraphError as error:
        mend = "Give the output of `reservei schema compose` or of another Federation composer with --supergraph."
        raise LocalRuntimeError(f"{file}: {error}", mend) from None
    listener = Listener(
        "the router",
        app,
        host or config.server.host,
        config.server.port if port is None else port,
        "--port or RESERVEI_PORT",
    )

    def announce(addresses: Sequence[str]) -> None:
        typer.echo(f"router: http://{addresses[0]}/graphql over {', '.join(app.subgraphs)}")

    uvloop.run(serve_all([listener], on_listening=announce))


def _on_this_machine(config: RouterConfig, settings: PlatformSettings) -> RouterConfig:
    """What the configuration leaves open about our own supergraph, as `reservei serve` on this machine has it."""
    from pydantic import SecretStr

    from reservei.domains import DOMAINS, PAGES, domain_port
    from router.config import SubgraphConfig
    from shared.config import DOMAIN_PORTS
    from shared.local.files import stored_secret

    update: dict[str, object] = {}
    if config.service_secret is None and settings.environment == "development":
        update["service_secret"] = SecretStr(stored_secret(settings.data_dir, "service_secret"))
    moved = {
        domain: SubgraphConfig(url=f"http://{settings.host}:{domain_port(domain)}/graphql")
        for domain in DOMAINS
        if domain_port(domain) != DOMAIN_PORTS[domain]
    }
    update["subgraphs"] = {**moved, **config.subgraphs}
    update["pages"] = {**PAGES, **config.pages}
    return config.model_copy(update=update)


def _read(file: Path) -> str:
    from shared.local.errors import LocalRuntimeError

    mend = "Give a composed supergraph with --supergraph FILE."
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LocalRuntimeError(f"{file}: there is no such file.", mend) from None
    except OSError as error:
        raise LocalRuntimeError(f"{file} cannot be read: {error.strerror}.", mend) from None
    except UnicodeDecodeError:
        raise LocalRuntimeError(f"{file} is not UTF-8 text.", mend) from None
