"""A router on a loopback port, with its subgraphs in the same process."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest

from router.app import RouterApp, create_router_app
from router.tests.edge.subgraphs import HOTELS, REVIEWS, SchemaExecutor, supergraph
from router.tests.edge.support import config, serve
from router.transports import InProcessTransport
from shared.auth import Principal, TokenVerifier
from shared.config import PlatformSettings
from shared.testing.identity import TestIssuer

RouterServer = Callable[..., AbstractAsyncContextManager[str]]


class LastMoments(TokenVerifier):
    """Finds tokens valid, but for a moment only, counted from the look at them: however slow the machine was before."""

    def __init__(self, verifier: TokenVerifier, *, seconds: float) -> None:
        self._verifier = verifier
        self._seconds = seconds

    def cached(self, token: str) -> Principal | None:
        return None

    async def verify(self, token: str) -> Principal:
        return replace(await self._verifier.verify(token), expires_at=time.time() + self._seconds)


def make_app(tokens: TokenVerifier | None = None, settings: str = "") -> RouterApp:
    """A router whose subgraphs live in this process."""
    return create_router_app(
        supergraph(),
        transports={
            "hotels": InProcessTransport(SchemaExecutor(HOTELS), "hotels"),
            "reviews": InProcessTransport(SchemaExecutor(REVIEWS), "reviews"),
        },
        config=config(settings),
        tokens=tokens,
    )


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    """Signs tokens that the routers of these tests believe."""
    return TestIssuer(PlatformSettings(_env_file=None))


@pytest.fixture(scope="session")
def router_server(issuer: TestIssuer) -> RouterServer:
    """Start a router with a configuration of its own."""

    @asynccontextmanager
    async def start(settings: str = "", tokens: TokenVerifier | None = None) -> AsyncIterator[str]:
        async with serve(make_app(tokens or issuer.verifier(), settings), ws_max_size=2_000_000) as url:
            yield url

    return start


@pytest.fixture(scope="session")
async def router(router_server: RouterServer) -> AsyncIterator[str]:
    """The address of a router with default policies."""
    async with router_server() as url:
        yield url


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session
