"""What bookings does without being asked: runs sagas, follows events, finishes payments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings
from shared.db import Database
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.projections import Projector
from subgraphs.bookings.saga.cleaning import SagaCleaner
from subgraphs.bookings.saga.executor import SagaExecutor
from subgraphs.bookings.settings import BookingsSettings


def background_tasks(
    settings: PlatformSettings, database: Database
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    knobs = BookingsSettings()
    parts = build_payments(settings, database)
    loops = [
        SagaExecutor(database, parts.payments, knobs).run,
        SagaCleaner(database, knobs).run,
        Projector(database, poll_seconds=knobs.poll_seconds).run,
        *parts.background_tasks(),
    ]

    async def run(stop: asyncio.Event) -> None:
        """All of them; the connections to payment providers are closed when the last one has stopped."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for loop in loops:
                    tasks.create_task(_until(loop, stop))
        finally:
            await parts.close()

    return [run]


async def _until(loop: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    await loop(stop)
