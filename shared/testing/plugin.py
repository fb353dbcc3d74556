"""Pytest fixtures on real servers: each worker has PostgreSQL, Valkey and the domains' databases for itself.

With ``RESERVEI_TEST_DATABASE_URL``, ``RESERVEI_TEST_REDIS_URL`` and ``RESERVEI_TEST_BROKER_URL`` the same tests run on
those servers instead of the embedded ones.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings
from sqlalchemy import event, text

from shared.config import PlatformSettings
from shared.db import Database, domain_database_url, engine
from shared.db.engine import domain_server_url
from shared.db.provision import provision
from shared.local.clickhouse import EmbeddedClickHouse
from shared.local.external import has_pgvector
from shared.local.postgres import EmbeddedPostgres
from shared.local.valkey import EmbeddedValkey
from shared.testing.client import SubgraphClient
from shared.testing.identity import TestIssuer

DomainDatabase = Callable[[str], Awaitable[Database]]
SubgraphClients = Callable[[str], Awaitable[SubgraphClient]]

PATIENCE_SECONDS = 60.0
"""When to give up what must happen: far longer than it takes, so that a busy machine fails no test."""

# Races in tests are many rivals on few cores: whoever waits for a lock there waits for a turn, not for a dead client.
engine.LOCK_TIMEOUT_SECONDS = engine.STATEMENT_TIMEOUT_SECONDS = engine.POOL_TIMEOUT_SECONDS = 60

# The same examples every time: what a search by chance would find must not fail somebody else's change. To search,
# run with `--hypothesis-profile=default`.
settings.register_profile(
    "reservei",
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("reservei")

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server on which databases may be created."""
    if given := os.environ.get("RESERVEI_TEST_DATABASE_URL"):
        yield given
        return
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def vector_server(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL server with pgvector: the other one, or an embedded one where that has none."""
    if has_pgvector(postgres_server):
        yield postgres_server
        return
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """URL of a Redis or Valkey database that no other test worker uses."""
    if given := os.environ.get("RESERVEI_TEST_REDIS_URL"):
        # Database 0 stays alone, in case somebody keeps something there.
        number = 1 + int(worker_id.removeprefix("gw")) if worker_id != "master" else 15
        yield f"{given.rstrip('/')}/{number}"
        return
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def clickhouse_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a ClickHouse database of this worker's own, which need not exist yet.

    Not part of ``platform``: the engine costs half a second and 250 MB, which only tests of analytics shall pay.
    """
    if given := os.environ.get("RESERVEI_TEST_CLICKHOUSE_URL"):
        yield urlsplit(given)._replace(path=f"/test_{uuid4().hex[:12]}").geturl()
        return
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse"), durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def broker_url(redis_url: str) -> str:
    """URL of the message broker: RabbitMQ when one is given, otherwise Redis Streams."""
    return os.environ.get("RESERVEI_TEST_BROKER_URL") or redis_url


@pytest.fixture(scope="session")
def platform(
    postgres_server: str,
    vector_server: str,
    redis_url: str,
    broker_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> PlatformSettings:
    """Settings of a platform that lives on this worker's servers."""
    return PlatformSettings.model_validate(
        {
            "database_url": postgres_server,
            "vector_database_url": vector_server,
            "database_prefix": f"test_{uuid4().hex[:12]}",
            "redis_url": redis_url,
            "broker_url": broker_url,
            "database_pool_size": 4,
            "data_dir": tmp_path_factory.mktemp("data"),
            "service_secret": "test-service-secret-0123456789abcdef",
            "secret_key": "test-secret-key-0123456789abcdefghij",
        }
    )


@pytest.fixture(scope="session")
def analytics_platform(platform: PlatformSettings, clickhouse_url: str) -> PlatformSettings:
    """The same platform with an analytics store."""
    return platform.model_copy(update={"clickhouse_url": clickhouse_url})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _migrated_store(clickhouse_url: str) -> AsyncIterator[Any]:
    # By name, because this package is below the domains.
    await import_module("subgraphs.analytics.store.migrate").apply_migrations(clickhouse_url)
    async with import_module("subgraphs.analytics.store").AnalyticsStore(clickhouse_url) as store:
        yield store


@pytest_asyncio.fixture(loop_scope="session")
async def analytics_store(_migrated_store: Any) -> Any:
    """A migrated, empty ``AnalyticsStore``."""
    await import_module("subgraphs.analytics.store.maintenance").empty(_migrated_store)
    return _migrated_store


@pytest.fixture(scope="session")
def issuer(platform: PlatformSettings) -> TestIssuer:
    """Signs access tokens that the subgraphs under test accept."""
    return TestIssuer(platform)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _open_databases(platform: PlatformSettings) -> AsyncIterator[dict[str, Database]]:
    databases: dict[str, Database] = {}
    yield databases
    for domain, database in databases.items():
        await database.close()
        connection = await asyncpg.connect(domain_server_url(platform, domain))
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{platform.database_prefix}_{domain}" WITH (FORCE)')
        finally:
            await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def domain_database(platform: PlatformSettings, _open_databases: dict[str, Database]) -> DomainDatabase:
    """Gives a domain's migrated database, empty but for reference data: ``await domain_database("hotels")``."""
    cleaned: set[str] = set()

    async def give(domain: str) -> Database:
        if domain not in _open_databases:
            await provision(platform, [domain])
            url = domain_database_url(platform, domain)
            _open_databases[domain] = Database(url, application_name=f"test-{domain}", pool_size=5, max_overflow=40)
        elif domain not in cleaned:
            await _empty(_open_databases[domain], domain)
        cleaned.add(domain)
        return _open_databases[domain]

    return give


async def _empty(database: Database, domain: str) -> None:
    """Delete all rows, but for tables that carry ``info={"reference": True}``: those come with the migrations."""
    metadata = import_module(f"subgraphs.{domain}.models").Base.metadata
    tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables if not table.info.get("reference"))
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _running_subgraphs() -> AsyncIterator[tuple[AsyncExitStack, dict[str, SubgraphClient]]]:
    async with AsyncExitStack() as stack:
        yield stack, {}


@pytest_asyncio.fixture(loop_scope="session")
async def subgraph_client(
    platform: PlatformSettings,
    issuer: TestIssuer,
    domain_database: DomainDatabase,
    request: pytest.FixtureRequest,
    _running_subgraphs: tuple[AsyncExitStack, dict[str, SubgraphClient]],
) -> SubgraphClients:
    """Gives a client of a running subgraph on an empty database: ``await subgraph_client("hotels")``.

    A test of ``subgraph_client("analytics")`` must also ask for ``analytics_store``.
    """
    stack, clients = _running_subgraphs

    async def give(domain: str) -> SubgraphClient:
        if find_spec(f"subgraphs.{domain}.models") is not None:
            await domain_database(domain)
        if domain not in clients:
            subgraph = import_module(f"subgraphs.{domain}.app").subgraph
            settings = request.getfixturevalue("analytics_platform") if domain == "analytics" else platform
            await stack.enter_async_context(subgraph.running(settings, issuer.verifier()))
            clients[domain] = SubgraphClient(subgraph, issuer)
        return clients[domain]

    return give


@contextmanager
def count_queries(database: Database) -> Iterator[list[str]]:
    """Collect the SQL statements that ``database`` runs while the block lasts."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)


async def eventually(condition: Callable[[], Awaitable[bool]], *, within: float = PATIENCE_SECONDS) -> None:
    """Wait until ``condition`` holds, asking often. Raises ``TimeoutError`` after ``within`` seconds."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110  # what is awaited has no event of its own
            await asyncio.sleep(0.02)
