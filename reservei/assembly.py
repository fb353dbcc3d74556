"""Puts the parts together: router and subgraphs in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from reservei.demo_accounts import DEMO_ACCOUNTS
from reservei.domains import DOMAINS, PAGES, load_subgraph
from reservei.paths import schema_dir
from router.app import RouterApp, create_router_app
from router.config import load_router_config
from router.transports import InProcessTransport
from shared.config import PlatformSettings
from shared.graphql import Subgraph


def _pages(subgraphs: Mapping[str, Subgraph[Any]]) -> Mapping[str, ASGIApp]:
    """The domains' pages by the first part of their path, on the subgraphs that are open here."""
    routes = {
        name: Starlette(routes=list(subgraphs[name].make_routes(subgraphs[name].resources)))
        for name in {*PAGES.values()}
    }
    return {path: routes[name] for path, name in PAGES.items()}


@dataclass(frozen=True, slots=True)
class Platform:
    """The whole supergraph in this process."""

    router: RouterApp
    subgraphs: Mapping[str, Subgraph[Any]]


@asynccontextmanager
async def running_platform(settings: PlatformSettings) -> AsyncIterator[Platform]:
    """Open every subgraph and a router that calls them without HTTP, for as long as the block lasts."""
    async with AsyncExitStack() as stack:
        subgraphs = {domain: load_subgraph(domain) for domain in DOMAINS}
        # Users first: it holds the keys with which the others and the router check tokens.
        await stack.enter_async_context(subgraphs["users"].running(settings, neighbours=subgraphs))
        tokens = subgraphs["users"].tokens
        for domain in DOMAINS[1:]:
            await stack.enter_async_context(subgraphs[domain].running(settings, tokens, subgraphs))
        router = create_router_app(
            (schema_dir() / "supergraph.graphql").read_text(encoding="utf-8"),
            transports={name: InProcessTransport(subgraph, name) for name, subgraph in subgraphs.items()},
            config=load_router_config(),
            tokens=tokens,
            demo_accounts=() if settings.environment == "production" else DEMO_ACCOUNTS,
            operations=schema_dir() / "operations",
            pages=_pages(subgraphs),
        )
        yield Platform(router=router, subgraphs=subgraphs)
