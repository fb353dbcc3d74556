"""The workers of the queue. Any number may run, in any processes: a delivery that is due is leased to one of them.

What is promised
----------------
* A delivery is handed to its provider once. Before that it is written down that it will be, and afterwards what the
  provider said; a worker that dies before the first or after the second leaves nothing open.
* Between the two nobody can know whether the provider has the message. Such a delivery is sent once more when the lease
  is over, and never a third time; a mail keeps its Message-ID, and a browser shows both as one.
* The urgent goes first, and a campaign never takes more than half of a worker's hands.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from jinja2 import TemplateError

from shared.db import Database, utc_now
from shared.messaging.pauses import rest
from shared.resilience import CircuitBreaker
from subgraphs.notifications.channels.port import NotNow, Outgoing, Provider, Refused, Unanswered
from subgraphs.notifications.delivery.preparing import Drop, Preparer, Wait
from subgraphs.notifications.kinds import Channel, Priority
from subgraphs.notifications.models import Delivery
from subgraphs.notifications.repository import deliveries, preferences
from subgraphs.notifications.secrets import Secrets
from subgraphs.notifications.settings import NotificationsSettings

log = structlog.get_logger(__name__)

LONGEST_REASON: Final = 500
_SEND_SHARE: Final = 0.5
"""Of the lease that a provider may take, so that nobody else takes the delivery over meanwhile."""


class Dispatcher:
    """One worker: leases due deliveries and sends them, several at a time."""

    def __init__(
        self,
        database: Database,
        providers: Mapping[Channel, Provider],
        preparer: Preparer,
        secrets: Secrets,
        settings: NotificationsSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
        owner: str | None = None,
    ) -> None:
        self._database = database
        self._providers = providers
        self._preparer = preparer
        self._secrets = secrets
        self._settings = settings
        self._clock = clock
        self._owner = owner or f"{os.uname().nodename[:40]}:{os.getpid()}:{uuid4().hex[:8]}"
        self._breakers: dict[str, CircuitBreaker] = {}
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until ``stop`` is set, then finish what is begun. A database that is away is waited for."""
        running: dict[asyncio.Task[None], bool] = {}
        while not stop.is_set():
            try:
                async with self._listening():
                    await self._work(stop, running)
            except Exception as error:  # the loop must outlive whatever the database or a bug throws at it
                log.warning("dispatcher failed, will try again", exc_info=error)
                await rest(stop, self._settings.poll_seconds)
        if running:
            await asyncio.wait(running)

    async def run_once(self, limit: int = 100) -> int:
        """Send what is due now, and say how much that was. What becomes due by it waits for the next call."""
        due = await self._lease(limit, Priority.CAMPAIGN)
        await asyncio.gather(*(self._deliver(delivery) for delivery in due))
        return len(due)

    async def _work(self, stop: asyncio.Event, running: dict[asyncio.Task[None], bool]) -> None:
        while not stop.is_set():
            self._wake.clear()
            for delivery in await self._lease_for(running):
                task = asyncio.create_task(self._deliver(delivery))
                running[task] = delivery.priority >= Priority.CAMPAIGN
                task.add_done_callback(running.pop)
                task.add_done_callback(lambda _: self._wake.set())
            await rest(stop, self._settings.poll_seconds, until=self._wake)

    async def _lease_for(self, running: Mapping[asyncio.Task[None], bool]) -> list[Delivery]:
        """As many as there are hands: first what is urgent, then campaigns, for those at most half of the hands."""
        free = self._settings.parallelism - len(running)
        if free <= 0:
            return []
        urgent = await self._lease(free, Priority.SOCIAL)
        for_campaigns = self._settings.parallelism // 2 - sum(running.values())
        rest_of_hands = min(free - len(urgent), for_campaigns)
        if rest_of_hands <= 0:
            return urgent
        return urgent + await self._lease(rest_of_hands, Priority.CAMPAIGN)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """Be woken by whoever puts something into the queue, through PostgreSQL's NOTIFY; polling catches the rest."""
        async with self._database.engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection

            def wake(*_: object) -> None:
                self._wake.set()

            await driver.add_listener(deliveries.WAKE_CHANNEL, wake)
            try:
                yield
            finally:
                if not driver.is_closed():
                    await driver.remove_listener(deliveries.WAKE_CHANNEL, wake)

    async def _lease(self, limit: int, lowest: Priority) -> list[Delivery]:
        open_channels = [channel for channel in self._providers if not self._is_paused(channel)]
        if not open_channels:
            return []
        async with self._database.transaction() as session:
            return list(
                await deliveries.lease(
                    session,
                    owner=self._owner,
                    now=self._clock(),
                    seconds=self._settings.lease_seconds,
                    limit=limit,
                    channels=open_channels,
                    lowest=lowest,
                )
            )

    def _is_paused(self, channel: Channel) -> bool:
        """Whether all of a channel goes over one provider that is left alone: then nothing is leased in vain."""
        if channel is Channel.PUSH:
            return False
        breaker = self._breakers.get(channel)
        return breaker is not None and breaker.remaining_seconds > 0

    def _breaker(self, channel: Channel, lane: str) -> CircuitBreaker:
        key = lane if channel is Channel.PUSH else channel.value
        if key not in self._breakers:
            settings = self._settings
            self._breakers[key] = CircuitBreaker(
                failures=settings.breaker_failures, open_seconds=settings.breaker_seconds
            )
        return self._breakers[key]

    async def _deliver(self, delivery: Delivery) -> None:
        """One leased delivery, whatever becomes of it."""
        try:
            prepared = await self._preparer.prepare(delivery, self._clock())
            match prepared:
                case Outgoing():
                    await self._send(delivery, prepared)
                case Wait(until=until, reason=reason):
                    async with self._database.transaction() as session:
                        await deliveries.put_off(session, delivery, self._clock(), until=until, reason=reason)
                case Drop(state=state, reason=reason):
                    async with self._database.transaction() as session:
                        await deliveries.settle(session, delivery, self._clock(), state=state, reason=reason)
        except TemplateError as error:
            log.exception("a notification cannot be put into words", delivery=str(delivery.id), kind=delivery.kind)
            async with self._database.transaction() as session:
                await deliveries.settle(session, delivery, self._clock(), state="DEAD", reason=repr(error))
        except Exception as error:  # the lease runs out, and somebody takes the delivery up again
            log.warning("a delivery is left to its lease", delivery=str(delivery.id), exc_info=error)

    async def _send(self, delivery: Delivery, message: Outgoing) -> None:
        channel = Channel(delivery.channel)
        provider = self._providers[channel]
        breaker = self._breaker(channel, provider.lane(message.address))
        if not breaker.allows():
            await self._pause(delivery, breaker)
            return
        async with self._database.transaction() as session:
            number = await deliveries.begin(session, delivery, provider.name, self._clock())
        if number is None:
            return
        try:
            async with asyncio.timeout(self._settings.lease_seconds * _SEND_SHARE):
                provider_id = await provider.send(message)
        except Refused as error:
            breaker.succeeded()  # the provider is well; it is the message
            await self._end(delivery, number, "REFUSED", str(error), {"state": "DEAD", "settled_at": self._clock()})
            if error.is_address_dead:
                await self._give_up_address(delivery, message, channel)
        except NotNow as error:
            breaker.failed()
            await self._end(delivery, number, "RETRY", str(error), self._again(delivery, number, channel, error))
        except (Unanswered, TimeoutError) as error:
            breaker.failed()
            await self._leave_unanswered(delivery, number, repr(error))
        else:
            breaker.succeeded()
            values = {"state": "SENT", "settled_at": self._clock(), "provider_id": provider_id, "reason": None}
            await self._end(delivery, number, "SENT", provider_id, values)

    async def _pause(self, delivery: Delivery, breaker: CircuitBreaker) -> None:
        # Spread, so that what waited for a provider does not fall upon it at once.
        wait = breaker.remaining_seconds * random.uniform(1.0, 1.5)  # noqa: S311  # not a secret
        now = self._clock()
        async with self._database.transaction() as session:
            await deliveries.put_off(
                session, delivery, now, until=now + timedelta(seconds=wait), reason="provider_paused"
            )

    async def _end(
        self, delivery: Delivery, number: int, outcome: str, detail: str | None, values: dict[str, Any]
    ) -> None:
        said = None if detail is None else detail[:LONGEST_REASON]
        if outcome != "SENT":
            values = {"reason": said, **values}
        async with self._database.transaction() as session:
            await deliveries.end(
                session, delivery, number, outcome=outcome, now=self._clock(), detail=said, values=values
            )

    def _again(self, delivery: Delivery, number: int, channel: Channel, error: NotNow) -> dict[str, Any]:
        now = self._clock()
        if number >= self._settings.max_attempts:
            return {"state": "DEAD", "settled_at": now}
        wait = self._backoff(channel, number)
        if error.retry_after is not None:
            wait = max(wait, min(error.retry_after, self._settings.max_backoff_seconds))
        log.info("a delivery is tried again", delivery=str(delivery.id), attempt=number, wait=round(wait, 1))
        return {"next_attempt_at": now + timedelta(seconds=wait)}

    def _backoff(self, channel: Channel, failures: int) -> float:
        """Seconds after that many attempts: doubling, half of it at random so that what failed together spreads."""
        settings = self._settings
        first = {
            Channel.EMAIL: settings.email_backoff_seconds,
            Channel.SMS: settings.sms_backoff_seconds,
            Channel.PUSH: settings.push_backoff_seconds,
        }[channel]
        whole = min(first * 2.0 ** min(failures - 1, 30), settings.max_backoff_seconds)
        return whole * random.uniform(0.5, 1.0)  # noqa: S311  # not a secret

    async def _leave_unanswered(self, delivery: Delivery, number: int, detail: str) -> None:
        now = self._clock()
        again_at = now + timedelta(seconds=self._backoff(Channel(delivery.channel), number))
        async with self._database.transaction() as session:
            await deliveries.leave_unanswered(
                session, delivery, number, now=now, detail=detail[:LONGEST_REASON], next_attempt_at=again_at
            )

    async def _give_up_address(self, delivery: Delivery, message: Outgoing, channel: Channel) -> None:
        """Nothing more goes to an address that does not exist."""
        async with self._database.transaction() as session:
            if channel is Channel.PUSH:
                await preferences.delete_subscription(session, UUID(delivery.target))
                return
            address = message.address.email or message.address.phone
            assert address is not None
            digest = self._secrets.address_digest(channel, address)
            await deliveries.suppress(session, channel, digest, "does_not_exist")
