"""The outbox relay: delivers what transactions wrote down, at least once, in order per aggregate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import delete, exists, func, select, text, update
from sqlalchemy.orm import aliased

from shared.db import Database, OutboxMixin, WriteSession, utc_now
from shared.messaging.envelope import EVENTS
from shared.messaging.pauses import rest
from shared.messaging.wakeup import RelayBell

log = structlog.get_logger(__name__)

Deliver = Callable[[OutboxMixin], Awaitable[None]]
"""Delivers one message, or raises. Called for several aggregates at a time."""

BATCH = 200
CONCURRENCY = 64
IDLE_SECONDS = 1.0
"""How often an idle relay looks by itself, for what fell due and for rings that were lost."""
AWAKE_SECONDS = 0.01
"""How soon a relay that may not sleep looks again; doubles up to ``IDLE_SECONDS``."""
GATHER_SECONDS = 0.005
"""How long a relay that has just delivered something waits for more, before it looks and perhaps sleeps."""
MAX_BACKOFF_SECONDS = 30


class OutboxRelay:
    """Empties one domain's outbox. Any number may run; a transaction lock lets one at a time work, so order holds.

    Each destination is served by itself: a slow mail server holds up no event.
    """

    def __init__(
        self, name: str, database: Database, outbox: type[OutboxMixin], deliver: Mapping[str, Deliver]
    ) -> None:
        """Set up a relay.

        Args:
            name: The domain, for the lock and the log.
            database: Where the outbox is.
            outbox: The domain's outbox model.
            deliver: A delivery function for each destination that the domain uses.
        """
        self._name = name
        self._database = database
        self._outbox = outbox
        self._deliver = deliver

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop`` is set. A database that is away is waited for."""
        async with asyncio.TaskGroup() as tasks:
            for destination in self._deliver:
                tasks.create_task(self._serve(destination, stop))

    async def deliver_once(self) -> int:
        """Deliver one batch of due messages for each destination and return how many went out.

        A crash between a delivery and the commit delivers that message again: consumers must expect it.
        """
        return sum([await self._deliver_batch(destination) for destination in self._deliver])

    async def _serve(self, destination: str, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if destination == EVENTS:
                    async with RelayBell(self._database) as bell:
                        await self._deliver_when_rung(destination, bell, stop)
                elif not await self._deliver_batch(destination):
                    await rest(stop, IDLE_SECONDS)
            except Exception:  # the loop must outlive whatever the database or a bug throws at it
                log.exception("outbox relay failed", domain=self._name, destination=destination)
                await rest(stop, IDLE_SECONDS)

    async def _deliver_when_rung(self, destination: str, bell: RelayBell, stop: asyncio.Event) -> None:
        pause = AWAKE_SECONDS
        while not stop.is_set():
            if delivered := await self._deliver_batch(destination):
                pause = AWAKE_SECONDS
                if delivered < BATCH:  # more may be on its way, and goes out cheaper together
                    await rest(stop, GATHER_SECONDS)
            elif await bell.fall_asleep():
                # Something may have been committed between the last look and falling asleep.
                if not await self._deliver_batch(destination):
                    await bell.wait(IDLE_SECONDS, stop)
                await bell.wake_up()
                pause = AWAKE_SECONDS
            else:
                await bell.wait(pause, stop)
                pause = min(pause * 2, IDLE_SECONDS)

    async def _deliver_batch(self, destination: str) -> int:
        async with self._database.transaction() as session:
            if not await session.scalar(
                text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"),
                {"name": f"outbox:{self._name}:{destination}"},
            ):
                return 0
            # What follows a failed message of its aggregate waits for it, also when it was written after the failure.
            earlier = aliased(self._outbox)
            waits = exists().where(
                earlier.aggregate_id == self._outbox.aggregate_id,
                earlier.destination == destination,
                earlier.id < self._outbox.id,
                earlier.next_attempt_at > func.now(),
            )
            messages = (
                await session.scalars(
                    select(self._outbox)
                    .where(
                        self._outbox.destination == destination,
                        self._outbox.next_attempt_at <= func.now(),
                        ~waits,
                    )
                    .order_by(self._outbox.id)
                    .limit(BATCH)
                )
            ).all()
            if not messages:
                return 0
            delivered, failed = await self._deliver_concurrently(self._deliver[destination], messages)
            for message, error in failed:
                await self._postpone(session, message, error)
            if delivered:
                await session.execute(delete(self._outbox).where(self._outbox.id.in_(delivered)))
            return len(delivered)

    async def _deliver_concurrently(
        self, deliver: Deliver, messages: Sequence[OutboxMixin]
    ) -> tuple[list[UUID], list[tuple[OutboxMixin, Exception]]]:
        """Aggregates beside each other, the messages of one in turn; those after a failed one wait for it."""
        by_aggregate: dict[UUID, list[OutboxMixin]] = {}
        for message in messages:
            by_aggregate.setdefault(message.aggregate_id or message.id, []).append(message)
        delivered: list[UUID] = []
        failed: list[tuple[OutboxMixin, Exception]] = []
        slots = asyncio.Semaphore(CONCURRENCY)

        async def deliver_in_turn(ordered: list[OutboxMixin]) -> None:
            for message in ordered:
                try:
                    async with slots:
                        await deliver(message)
                except Exception as error:  # noqa: BLE001  # recorded on the row and tried again
                    failed.append((message, error))
                    return
                delivered.append(message.id)

        await asyncio.gather(*map(deliver_in_turn, by_aggregate.values()))
        return delivered, failed

    async def _postpone(self, session: WriteSession, message: OutboxMixin, error: Exception) -> None:
        wait = min(2.0**message.attempts, MAX_BACKOFF_SECONDS)
        log.warning(
            "delivery failed", domain=self._name, topic=message.topic, attempts=message.attempts + 1, error=repr(error)
        )
        again_at = utc_now() + timedelta(seconds=wait)
        await session.execute(
            update(self._outbox)
            .where(self._outbox.id == message.id)
            .values(attempts=self._outbox.attempts + 1, next_attempt_at=again_at, last_error=repr(error)[:500])
        )
