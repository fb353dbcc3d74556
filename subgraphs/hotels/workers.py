"""What hotels does without being asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from shared.config import PlatformSettings
from shared.db import Database, utc_now
from subgraphs.hotels.repository import holds
from subgraphs.hotels.service.holds import expire_due
from subgraphs.hotels.service.housekeeping import roll_calendars
from subgraphs.hotels.settings import HotelsSettings

log = structlog.get_logger(__name__)

BATCH = 100
"""Holds per transaction: their nights are locked for its length, a few milliseconds."""
LONGEST_NAP_SECONDS = 2.0
"""A hold that is made while we sleep is noticed after at most this."""
SECONDS_BETWEEN_ROLLS = 24 * 3600.0
SHORTEST_NAP_SECONDS = 0.05
"""Due holds that somebody is changing are looked at again after this."""


def background_tasks(
    settings: PlatformSettings,  # noqa: ARG001  # the signature that every domain shares
    database: Database,
) -> list[Callable[[asyncio.Event], Awaitable[None]]]:
    """The loops that the worker runs; each goes on until the event it is given is set."""

    async def expire(stop: asyncio.Event) -> None:
        await expire_holds(database, stop)

    async def roll(stop: asyncio.Event) -> None:
        await roll_on(database, HotelsSettings(), stop)

    return [expire, roll]


async def roll_on(
    database: Database, settings: HotelsSettings, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now
) -> None:
    """Extend the calendars at the start and then daily, until ``stop`` is set. Any number may run at the same time."""
    while not stop.is_set():
        try:
            added = await roll_calendars(database, settings, clock())
            log.info("calendars rolled on", nights=added)
        except Exception:  # as below
            log.exception("rolling the calendars on failed")
        try:
            await asyncio.wait_for(stop.wait(), SECONDS_BETWEEN_ROLLS)
        except TimeoutError:
            continue


async def expire_holds(database: Database, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now) -> None:
    """Give back the rooms of holds as they become due, until ``stop`` is set. Any number may run at the same time."""
    while not stop.is_set():
        try:
            nap = await _expire_batch(database, clock)
        except Exception:  # the loop must outlive whatever the database or a bug throws at it
            log.exception("expiring holds failed")
            nap = LONGEST_NAP_SECONDS
        if nap > 0:
            try:
                await asyncio.wait_for(stop.wait(), nap)
            except TimeoutError:
                continue


async def _expire_batch(database: Database, clock: Callable[[], datetime]) -> float:
    """Expire what is due, and return how many seconds there is nothing to do."""
    now = clock()
    async with database.transaction() as session:
        expired = await expire_due(session, now, BATCH)
    if expired:
        log.info("holds expired", count=len(expired))
    if len(expired) == BATCH:
        return 0
    async with database.read() as session:
        due_at = await holds.next_due(session)
    if due_at is None:
        return LONGEST_NAP_SECONDS
    return min(max((due_at - clock()).total_seconds(), SHORTEST_NAP_SECONDS), LONGEST_NAP_SECONDS)
