"""A stage on each broker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.config import PlatformSettings
from shared.db import (
    Database,
    domain_database_url,
)
from shared.db.provision import create_databases
from shared.tests.consumer_stage import (
    Base,
    Stage,
)


@pytest.fixture
async def database(platform: PlatformSettings) -> AsyncIterator[Database]:
    assert platform.database_url is not None
    domain = f"consumers_{uuid4().hex[:8]}"
    await create_databases(platform.database_url, platform.database_prefix, [domain])
    database = Database(domain_database_url(platform, domain), application_name="test", max_overflow=40)
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.close()
    server = Database(platform.database_url, application_name="test")
    async with server.read() as session:
        await session.execute(text(f'DROP DATABASE "{platform.database_prefix}_{domain}" WITH (FORCE)'))
    await server.close()


@pytest.fixture(params=["redis", "rabbitmq"])
async def stage(
    request: pytest.FixtureRequest, redis_url: str, broker_url: str, database: Database
) -> AsyncIterator[Stage]:
    if request.param == "rabbitmq" and not broker_url.startswith("amqp"):
        pytest.skip("needs RESERVEI_TEST_BROKER_URL=amqp://...; `make test-servers` gives it")
    stage = Stage(broker_url if request.param == "rabbitmq" else redis_url, database)
    yield stage
    await stage.clean()


@pytest.fixture
async def redis_stage(redis_url: str, database: Database) -> AsyncIterator[Stage]:
    stage = Stage(redis_url, database)
    yield stage
    await stage.clean()
