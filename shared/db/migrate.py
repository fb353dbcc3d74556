"""Run a domain's Alembic migrations from code: no ini file, one environment for all domains."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import pool, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

ENVIRONMENT = Path(__file__).parent / "alembic"


def migrations_config(domain: str, connection: Connection | None = None) -> Config:
    """An Alembic configuration for ``subgraphs/<domain>/migrations``."""
    package = import_module(f"subgraphs.{domain}")
    versions = Path(package.__path__[0]) / "migrations" / "versions"
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["domain"] = domain
    config.attributes["connection"] = connection
    return config


async def upgrade(domain: str, url: str | URL, revision: str = "head") -> None:
    """Bring a domain's database to ``revision``. Of several processes that call this at once, one migrates."""
    engine = create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('reservei-migrations'))"))
            await connection.run_sync(lambda sync: command.upgrade(migrations_config(domain, sync), revision))
    finally:
        await engine.dispose()
