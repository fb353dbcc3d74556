"""What a users process does beside answering requests."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database, utc_now
from subgraphs.users.service import housekeeping, keys
from subgraphs.users.settings import UsersSettings
from subgraphs.users.signing_keys import KeyVault

log = structlog.get_logger(__name__)


async def keep_house(database: Database, vault: KeyVault, settings: UsersSettings) -> None:
    """Rotate keys that are due and remove expired rows, now and then, until cancelled.

    Any number of processes may do so at once: a lock lets one rotate, and each removal skips what another has locked.
    """
    while True:
        await asyncio.sleep(settings.housekeeping_seconds)
        try:
            async with database.transaction() as session:
                await keys.rotate_if_due(session, vault, settings, utc_now())
            removed = housekeeping.BATCH
            while removed >= housekeeping.BATCH:
                async with database.transaction() as session:
                    removed = await housekeeping.purge(session, utc_now())
        except (SQLAlchemyError, OSError) as error:
            log.warning("housekeeping failed, will try again", error=repr(error))
