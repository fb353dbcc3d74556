"""The databases that the market is written to: given by address or embedded, created and migrated when need be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from shared.config import PlatformSettings
from shared.db import Database, domain_database_url
from shared.db.provision import provision
from shared.local.external import check_postgres
from shared.local.postgres import EmbeddedPostgres


@asynccontextmanager
async def open_databases(settings: PlatformSettings, *domains: str) -> AsyncIterator[Mapping[str, Database]]:
    """The databases of ``domains`` by domain, for as long as the block lasts.

    Of the platform's servers only PostgreSQL is needed, so only that is started: the one in ``settings``, or the
    embedded one, which is attached to where ``reservei up`` runs already.

    Raises:
        LocalRuntimeError: there is no server that can be used; says how to mend it.
    """
    async with AsyncExitStack() as stack:
        if settings.database_url is None:
            server = EmbeddedPostgres(settings.data_dir)
            await asyncio.to_thread(server.start, attach=True)
            stack.callback(server.stop)
            settings = settings.model_copy(update={"database_url": server.url})
        else:
            await asyncio.to_thread(check_postgres, settings.database_url)
        assert settings.database_url is not None
        await provision(settings, domains)
        databases: dict[str, Database] = {}
        for domain in domains:
            url = domain_database_url(settings, domain)
            databases[domain] = Database(url, application_name=f"reservei-market-{domain}", pool_size=2)
            stack.push_async_callback(databases[domain].close)
        yield databases
