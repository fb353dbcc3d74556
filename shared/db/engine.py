"""One domain's database: a connection pool, and transactions that open at the edge and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.config import VECTOR_DOMAINS, PlatformSettings

POOL_TIMEOUT_SECONDS = 10
"""How long a caller waits for a connection before it is refused."""
STATEMENT_TIMEOUT_SECONDS = 15
LOCK_TIMEOUT_SECONDS = 5
"""How long a statement waits for a lock that somebody else holds."""


class ReadSession(AsyncSession):
    """A session that only reads. A function that takes it promises not to write."""


class WriteSession(ReadSession):
    """A session inside one transaction. A function that takes it may write, and must never commit."""


class Database:
    """The pool of one domain.

    ``read()`` gives an autocommit session, so a loader's single SELECT costs one round trip;
    ``transaction()`` is the unit of work: commit when the block ends, roll back when it raises.
    """

    def __init__(self, url: str | URL, *, application_name: str, pool_size: int = 10, max_overflow: int = 10) -> None:
        """Create the pool without connecting.

        Args:
            url: Where the database is; any ``postgresql`` URL, the driver is always asyncpg.
            application_name: Shown in ``pg_stat_activity``.
            pool_size: Connections kept open.
            max_overflow: Connections opened above that under load.
        """
        self.engine: AsyncEngine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            # A restarted server costs a round trip here rather than a failed request.
            pool_pre_ping=True,
            connect_args={
                "timeout": 10,
                # A server that hangs rather than answers; `statement_timeout` is its own, for statements it does run.
                "command_timeout": STATEMENT_TIMEOUT_SECONDS + 5,
                "server_settings": {
                    "application_name": application_name,
                    "timezone": "UTC",
                    # Our statements are short; planning a JIT for them costs more than it saves.
                    "jit": "off",
                    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
                    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
                    "idle_in_transaction_session_timeout": "30000",
                },
            },
        )
        self._write = async_sessionmaker(self.engine, class_=WriteSession, expire_on_commit=False)
        self._read = async_sessionmaker(
            self.engine.execution_options(isolation_level="AUTOCOMMIT"),
            class_=ReadSession,
            expire_on_commit=False,
            autoflush=False,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[WriteSession]:
        """One unit of work: everything in the block is committed together, or not at all."""
        async with self._write() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        """A session for reads that need no common snapshot. Not for concurrent use: one per loader batch."""
        async with self._read() as session:
            yield session

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()


def domain_database_url(settings: PlatformSettings, domain: str) -> URL:
    """The URL of a domain's own database on the configured server.

    Raises:
        RuntimeError: when no server is configured (the embedded runtime sets it for its children).
    """
    server = domain_server_url(settings, domain)
    return make_url(server).set(database=f"{settings.database_prefix}_{domain}")


def domain_server_url(settings: PlatformSettings, domain: str) -> str:
    """The URL of the server on which a domain's database is.

    Raises:
        RuntimeError: when no server is configured (the embedded runtime sets it for its children).
    """
    if domain in VECTOR_DOMAINS and settings.vector_database_url is not None:
        return settings.vector_database_url
    if settings.database_url is None:
        raise RuntimeError(
            "RESERVEI_DATABASE_URL is not set. Start with `reservei up` or `reservei serve`, which bring their own "
            "PostgreSQL, or set it to a PostgreSQL 15+ server."
        )
    return settings.database_url
