"""What bookings does without being asked: runs sagas, follows events, finishes payments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings
from shared.db import Database
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.projections import Projector
from subgraphs.bookings.saga.executor import SagaExecutor
from subgraphs.bookings.settings import BookingsSettings


def background_tasks(
    settings: PlatformSettings, database: Database
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""
    knobs = BookingsSettings()
    parts = build_payments(settings, database)
    return [
        SagaExecutor(database, parts.payments, knobs).run,
        Projector(database, poll_seconds=knobs.poll_seconds).run,
        *parts.background_tasks(),
    ]
