"""What notifications does without being asked: sends what is in the queue, and tells what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings
from shared.db import Database
from subgraphs.notifications.channels.assembly import open_providers
from subgraphs.notifications.delivery.dispatcher import Dispatcher
from subgraphs.notifications.delivery.housekeeping import Housekeeper
from subgraphs.notifications.delivery.preparing import Preparer
from subgraphs.notifications.delivery.scheduler import Scheduler
from subgraphs.notifications.secrets import Secrets
from subgraphs.notifications.settings import NotificationsSettings


def background_tasks(
    settings: PlatformSettings, database: Database
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    knobs = NotificationsSettings()
    secrets = Secrets(settings)

    async def dispatch(stop: asyncio.Event) -> None:
        async with open_providers(settings, knobs) as providers:
            preparer = Preparer(database, settings, knobs, secrets)
            await Dispatcher(database, providers, preparer, secrets, knobs).run(stop)

    return [dispatch, Scheduler(database, knobs).run, Housekeeper(database, knobs).run]
