"""Fixtures of the gamification tests."""

from __future__ import annotations

import pytest_asyncio
from sqlalchemy import text

from shared.db import Database
from shared.testing import SubgraphClient
from shared.testing.plugin import DomainDatabase, SubgraphClients
from subgraphs.gamification.tests.world import World


@pytest_asyncio.fixture(loop_scope="session")
async def database(domain_database: DomainDatabase) -> Database:
    """The gamification database with the rules that migrations bring, and nothing else."""
    database = await domain_database("gamification")
    async with database.transaction() as session:
        for statement in (
            "DELETE FROM mission_versions WHERE mission_id IN (SELECT id FROM missions WHERE NOT is_builtin)",
            "DELETE FROM missions WHERE NOT is_builtin",
            "DELETE FROM mission_versions WHERE version > 1",
            "UPDATE missions SET archived_at = NULL WHERE archived_at IS NOT NULL",
            "DELETE FROM earning_rules WHERE NOT is_builtin",
            "UPDATE catalogue_revision SET revision = gen_random_uuid()",
        ):
            await session.execute(text(statement))
    return database


@pytest_asyncio.fixture(loop_scope="session")
async def world(database: Database) -> World:
    """A gamification domain under the test's control."""
    return World(database)


@pytest_asyncio.fixture(loop_scope="session")
async def client(subgraph_client: SubgraphClients, database: Database) -> SubgraphClient:
    """Asks the running gamification subgraph."""
    return await subgraph_client("gamification")
