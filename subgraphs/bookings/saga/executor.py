"""The workers of the saga. Any number may run, in any processes: a saga that is due is leased to one of them.

A lease is a few columns of the row and runs out by itself, so the sagas of a worker that died are taken over within
its length. No transaction is open while a provider is called; what the call answered counts only if the saga is still
at the step, in the revision, for which it was made.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Database, WriteSession, utc_now
from subgraphs.bookings.models import Saga
from subgraphs.bookings.repository import bookings, sagas
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.saga.courses import course_of
from subgraphs.bookings.saga.payments_port import PaymentCalls
from subgraphs.bookings.saga.signals import DeadlinePassed
from subgraphs.bookings.saga.table import Step
from subgraphs.bookings.settings import BookingsSettings

log = structlog.get_logger(__name__)


class SagaExecutor:
    """One worker: leases due sagas and runs their steps, several at a time."""

    def __init__(
        self,
        database: Database,
        payments: PaymentCalls,
        settings: BookingsSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        owner: str | None = None,
    ) -> None:
        self._database = database
        self._payments = payments
        self._settings = settings
        self._clock = clock
        self._owner = owner or f"{os.uname().nodename[:40]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Run due steps until ``stop`` is set, then finish those begun. A database that is away is waited for."""
        running: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            try:
                async with self._listening():
                    await self._work(stop, running)
            except Exception as error:  # the loop must outlive whatever the database or a bug throws at it
                log.warning("saga executor failed, will try again", exc_info=error)
                await _pause(stop, self._settings.poll_seconds)
        if running:
            await asyncio.wait(running)

    async def run_once(self) -> int:
        """Run every step that is due now, and say how many. Steps that become due by it wait for the next call."""
        due = await self._lease(self._settings.saga_parallelism)
        await asyncio.gather(*(self._run_step(saga) for saga in due))
        return len(due)

    async def _work(self, stop: asyncio.Event, running: set[asyncio.Task[None]]) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._wake.clear()
                free = self._settings.saga_parallelism - len(running)
                for saga in await self._lease(free) if free > 0 else ():
                    task = asyncio.create_task(self._run_step(saga))
                    running.add(task)
                    task.add_done_callback(running.discard)
                    task.add_done_callback(lambda _: self._wake.set())
                woken = asyncio.create_task(self._wake.wait())
                await asyncio.wait(
                    {stopped, woken}, timeout=self._settings.poll_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                woken.cancel()
        finally:
            stopped.cancel()

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """Be woken by whoever makes a saga due, through PostgreSQL's NOTIFY; polling catches what is missed."""
        async with self._database.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection

            def wake(*_: object) -> None:
                self._wake.set()

            await driver.add_listener(sagas.WAKE_CHANNEL, wake)
            try:
                yield
            finally:
                if not driver.is_closed():
                    await driver.remove_listener(sagas.WAKE_CHANNEL, wake)

    async def _lease(self, limit: int) -> list[Saga]:
        async with self._database.transaction() as session:
            return list(
                await sagas.lease(
                    session,
                    owner=self._owner,
                    now=self._clock(),
                    seconds=self._settings.lease_seconds,
                    limit=limit,
                )
            )

    async def _run_step(self, saga: Saga) -> None:
        """One step of a leased saga, whatever becomes of it."""
        try:
            # Shorter than the lease, so that nobody else works on the saga while we still do.
            async with asyncio.timeout(self._settings.lease_seconds * 0.8):
                await self._step(saga)
        except Conflict:
            log.info("a booking changed while its saga ran", saga=str(saga.id))
            await self._note_failure(saga, "the booking changed meanwhile")
        except Exception as error:  # whatever it is, the saga is tried again and the error kept on it
            log.warning("saga step failed", saga=str(saga.id), step=saga.step, exc_info=error)
            await self._note_failure(saga, repr(error))

    async def _step(self, saga: Saga) -> None:
        step = Step(saga.step)
        course = course_of(saga)
        now = self._clock()
        if step in course.ended_by_deadline and now >= saga.deadline:
            async with self._owned(saga) as (session, locked):
                if locked is not None:
                    await lifecycle.advance(session, locked, DeadlinePassed(), now, self._settings)
            return
        async with self._database.read() as reading:
            booking = await bookings.load(reading, saga.booking_id)
        assert booking is not None  # they are made in one transaction
        if course.command(step, booking) is not None:
            async with self._owned(saga) as (session, locked):
                if locked is not None:
                    lifecycle.repeat_command(session, locked, booking, now, self._settings)
            return
        signal = await course.call(step, booking, self._payments)
        async with self._owned(saga) as (session, locked):
            if locked is None:
                log.info("an answer came when the saga had moved on", saga=str(saga.id), step=step)
            else:
                await lifecycle.advance(session, locked, signal, self._clock(), self._settings)

    async def _note_failure(self, saga: Saga, error: str) -> None:
        try:
            async with self._owned(saga) as (_, locked):
                if locked is not None:
                    lifecycle.note_failure(locked, error, self._clock(), self._settings)
        except (SQLAlchemyError, OSError) as lost:
            log.warning("a failed step is left to its lease", saga=str(saga.id), error=repr(lost))

    @asynccontextmanager
    async def _owned(self, saga: Saga) -> AsyncIterator[tuple[WriteSession, Saga | None]]:
        """A transaction with the saga locked; ``None`` for it when it is no longer ours or no longer at that step."""
        async with self._database.transaction() as session:
            locked = await sagas.lock(session, saga.id)
            is_ours = locked is not None and locked.revision == saga.revision and locked.lease_owner == self._owner
            yield session, locked if is_ours else None


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
