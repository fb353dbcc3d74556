"""What is told later: check-in reminders, requests for reviews, digests. Durable: a table, not a timer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import structlog

from shared.db import Database, WriteSession, utc_now
from shared.messaging.pauses import rest
from subgraphs.notifications.kinds import Kind
from subgraphs.notifications.models import Schedule
from subgraphs.notifications.repository import deliveries, feeds, schedules
from subgraphs.notifications.service.notify import Message, notify
from subgraphs.notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

BATCH = 50


class Scheduler:
    """One worker of the schedule. Any number may run: what is due is leased to one of them."""

    def __init__(
        self,
        database: Database,
        settings: NotificationsSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        owner: str | None = None,
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._owner = owner or f"{os.uname().nodename[:40]}:{os.getpid()}:{uuid4().hex[:8]}"

    async def run(self, stop: asyncio.Event) -> None:
        """Tell what is due until ``stop`` is set. A database that is away is waited for."""
        while not stop.is_set():
            try:
                while await self.run_once() and not stop.is_set():
                    pass
            except Exception as error:  # the loop must outlive whatever the database or a bug throws at it
                log.warning("scheduler failed, will try again", exc_info=error)
            await rest(stop, self._settings.schedule_poll_seconds)

    async def run_once(self) -> int:
        """Tell what is due now, and say how much that was."""
        async with self._database.transaction() as session:
            due = await schedules.lease(
                session, owner=self._owner, now=self._clock(), seconds=self._settings.lease_seconds, limit=BATCH
            )
        for schedule in due:
            # One transaction each: it locks one feed only, so two workers never wait for each other in a circle.
            async with self._database.transaction() as session:
                await self._tell(session, schedule)
        return len(due)

    async def _tell(self, session: WriteSession, schedule: Schedule) -> None:
        now = self._clock()
        if not await feeds.lock(session, schedule.user_id) or not await schedules.fire(session, schedule, now):
            return
        message = await self._message(session, schedule, now)
        if message is not None:
            await notify(session, message, now, self._settings)

    async def _message(self, session: WriteSession, schedule: Schedule, now: datetime) -> Message | None:
        kind = Kind(schedule.kind)
        if kind is Kind.DIGEST:
            gathered = await deliveries.take_held(session, schedule.user_id, now)
            if not gathered:
                return None
            data = {"notification_ids": [str(each) for each in gathered]}
            return Message(user_id=schedule.user_id, kind=kind, cause_id=schedule.cause_id, data=data)
        cause_id, expires_at = schedule.cause_id, None
        if kind is Kind.CHECK_IN_REMINDER:
            expires_at = datetime.fromisoformat(schedule.data["check_in_at"])
            if expires_at <= now:  # nobody worked for a day; the traveler has arrived without us
                return None
            # A stay that was moved after its reminder has another one.
            cause_id = f"{cause_id}:{schedule.data['check_in']}"
        return Message(
            user_id=schedule.user_id,
            kind=kind,
            cause_id=cause_id,
            data=schedule.data,
            booking_id=schedule.booking_id,
            expires_at=expires_at,
        )
