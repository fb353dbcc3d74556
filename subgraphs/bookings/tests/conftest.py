"""Fixtures of the bookings tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from shared.config import PlatformSettings
from shared.db import Database
from shared.graphql import GraphQLRequest, GraphQLResponse
from shared.testing import SubgraphClient
from shared.testing.identity import TestIssuer
from shared.testing.plugin import DomainDatabase
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.tests.world import World


class _HotelsOfTheTest:
    """Hotels as the running test has it: the subgraph runs for longer than one test."""

    world: World

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        return await self.world.hotels.execute(request)


@pytest_asyncio.fixture(loop_scope="session")
async def database(domain_database: DomainDatabase) -> Database:
    """The bookings database, empty."""
    return await domain_database("bookings")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: Database, platform: PlatformSettings) -> World:
    """A bookings domain under the test's control."""
    return World(database, platform)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _running(platform: PlatformSettings, issuer: TestIssuer) -> AsyncIterator[_HotelsOfTheTest]:
    hotels = _HotelsOfTheTest()
    async with AsyncExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            # Who waits for the outcome gets it, however busy the machine is.
            environment.setenv("RESERVEI_BOOKINGS_MAX_ANSWER_WAIT_MS", "60000")
            running = subgraph.running(platform, issuer.verifier(), neighbours={"hotels": hotels})
            await stack.enter_async_context(running)
        yield hotels


@pytest_asyncio.fixture(loop_scope="session")
async def client(world: World, issuer: TestIssuer, _running: _HotelsOfTheTest) -> SubgraphClient:
    """Asks the running bookings subgraph, which sees the world's hotels."""
    _running.world = world
    return SubgraphClient(subgraph, issuer)
