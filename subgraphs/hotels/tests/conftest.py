"""Fixtures of the hotels tests."""

from __future__ import annotations

import pytest_asyncio

from shared.db import Database
from shared.testing import SubgraphClient
from shared.testing.plugin import DomainDatabase, SubgraphClients
from subgraphs.hotels.tests.builders import Market


@pytest_asyncio.fixture(loop_scope="session")
async def database(domain_database: DomainDatabase) -> Database:
    """The hotels database, empty."""
    return await domain_database("hotels")


@pytest_asyncio.fixture(loop_scope="session")
async def market(database: Database) -> Market:
    """Writes rows into the empty database."""
    return Market(database)


@pytest_asyncio.fixture(loop_scope="session")
async def hotels(database: Database, subgraph_client: SubgraphClients) -> SubgraphClient:
    """Asks the running hotels subgraph."""
    return await subgraph_client("hotels")
