"""Create the domain databases on a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg
from sqlalchemy.engine import make_url

from shared.config import PlatformSettings
from shared.db.engine import domain_database_url, domain_server_url
from shared.db.migrate import upgrade


async def provision(settings: PlatformSettings, domains: Iterable[str]) -> list[str]:
    """Create and migrate the databases of ``domains``, each on its server; return the names of those that were new."""
    created: list[str] = []
    for domain in domains:
        created += await create_databases(domain_server_url(settings, domain), settings.database_prefix, [domain])
        await upgrade(domain, domain_database_url(settings, domain))
    return created


async def create_databases(server_url: str, prefix: str, domains: Iterable[str]) -> list[str]:
    """Create ``<prefix>_<domain>`` for each domain that has none yet, and return the names that were created.

    Two processes may call this at once: the loser of the race sees that the database exists, and goes on.

    Args:
        server_url: A database on the server that the role may connect to, e.g. ``.../postgres``.
        prefix: First part of the names.
        domains: The domains, such as ``users``.
    """
    connection = await asyncpg.connect(_plain(server_url), timeout=10)
    created: list[str] = []
    try:
        existing = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for domain in domains:
            name = f"{prefix}_{domain}"
            if name in existing:
                continue
            try:
                # template0, because template1 may carry another encoding than the UTF-8 we need.
                await connection.execute(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
            except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                continue
            created.append(name)
    finally:
        await connection.close()
    return created


def _plain(url: str) -> str:
    """``url`` as asyncpg itself reads it, without SQLAlchemy's driver part."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
