"""Fixtures of the notifications tests."""

from __future__ import annotations

import pytest_asyncio

from shared.config import PlatformSettings
from shared.db import Database
from shared.testing import SubgraphClient
from shared.testing.plugin import DomainDatabase, SubgraphClients
from subgraphs.notifications.tests.world import World


@pytest_asyncio.fixture(loop_scope="session")
async def database(domain_database: DomainDatabase) -> Database:
    """The notifications database, empty."""
    return await domain_database("notifications")


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: Database, platform: PlatformSettings) -> World:
    """A notifications domain under the test's control."""
    return World(database, platform)


@pytest_asyncio.fixture(loop_scope="session")
async def client(subgraph_client: SubgraphClients, database: Database) -> SubgraphClient:
    """Asks the running notifications subgraph."""
    return await subgraph_client("notifications")
