"""``python -m reservei.server``: router and all subgraphs in one process, as ``reservei up`` starts it."""

from __future__ import annotations

import argparse
import sys

import structlog
import uvloop

from reservei.assembly import running_platform
from reservei.domains import domain_port
from reservei.serving import Listener, serve_all
from shared.config import platform_settings
from shared.local.errors import LocalRuntimeError
from shared.telemetry import configure_logging

log = structlog.get_logger(__name__)


async def _serve(*, shared: bool) -> None:
    settings = platform_settings()
    async with running_platform(settings) as platform:
        listeners = [
            Listener("the router", platform.router, settings.host, settings.port, "RESERVEI_PORT"),
            *(
                Listener(
                    f"the {name} subgraph",
                    subgraph.app,
                    settings.host,
                    domain_port(name),
                    f"RESERVEI_{name.upper()}_PORT",
                )
                for name, subgraph in platform.subgraphs.items()
            ),
        ]
        await serve_all(listeners, shared=shared)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", action="store_true", help="share the ports with other processes like this one")
    arguments = parser.parse_args()
    configure_logging(platform_settings(), service="server")
    try:
        uvloop.run(_serve(shared=arguments.shared))
    except LocalRuntimeError as error:
        log.error("cannot serve", what=error.what, mend=error.mend)  # noqa: TRY400  # no traceback for what people mend
        sys.exit(1)


if __name__ == "__main__":
    main()
