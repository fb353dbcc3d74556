"""Consumers: what a domain does when another has said something. Effect once, in order per aggregate.

What is promised
----------------
* A message has effect once for each consumer name: the handler's writes and a row of the inbox are one transaction,
  and the message is acknowledged after its commit. Whatever is delivered again finds the row and does nothing.
* Within a running instance the messages of an aggregate from one publishing domain are handled one at a time, in the
  order in which they were published. One that fails holds back the later ones until it succeeds or is dead.
* Over several instances of one consumer, two messages of an aggregate are still never handled at the same time (a lock
  in the transaction), but one instance may overtake another. A handler that cares must look at
  ``aggregate_sequence``, or its consumer must run in one worker.
* A dead letter that is replayed comes after messages that have been handled meanwhile.
* An outage of the database costs no message an attempt: it is waited for.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import structlog
from opentelemetry import context as trace
from opentelemetry.propagate import extract
from sqlalchemy import Uuid, bindparam, delete, text
from sqlalchemy.exc import DBAPIError

from shared.db import Database, InboxMixin, WriteSession, utc_now
from shared.messaging.envelope import EventEnvelope
from shared.messaging.pauses import end_if_cancelled, rest
from shared.messaging.subscription import Delivery, Subscription, SubscriptionSettings, subscribe
from shared.messaging.topics import TopicTable

log = structlog.get_logger(__name__)

Handler = Callable[[WriteSession, EventEnvelope], Awaitable[None]]
"""Runs inside one transaction together with the inbox row. Raise to be tried again; raise ``Reject`` to be not."""

PREFETCH = 128
MAX_REDELIVERIES = 50
"""A message that was handed out so often and never settled probably takes its process down."""
INBOX_KEPT_FOR = timedelta(days=30)
"""Longer than any broker keeps what it may deliver again."""
_PRUNE_SECONDS = 3600
_RECONNECT_SECONDS = (0.1, 5.0)


class Reject(Exception):
    """The message can never be handled: a dead letter at once."""


class DatabaseUnavailable(Exception):
    """A transaction could not be opened or was cut off; the message is not at fault."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a failing message is tried, and how long it rests between: doubling, half of it at random."""

    max_attempts: int = 8
    first_delay: float = 0.5
    """Seconds after the first failure."""
    max_delay: float = 30.0
    """Seconds at most between two attempts."""

    def delay(self, failures: int) -> float:
        """Seconds to wait after that many failures (1 or more)."""
        whole = min(self.first_delay * 2.0 ** min(failures - 1, 30), self.max_delay)
        # The half at random keeps many that failed together from coming back together.
        return whole * random.uniform(0.5, 1.0)  # noqa: S311  # not a secret


class Consumer:
    """Takes the messages of some topics from the broker and gives each to its handler."""

    def __init__(
        self,
        name: str,
        broker_url: str,
        database: Database,
        inbox: type[InboxMixin],
        handlers: Mapping[str, Handler],
        *,
        sources: Sequence[str] | None = None,
        retry: RetryPolicy = RetryPolicy(),  # frozen
        concurrency: int = 16,
        claim_after_seconds: float = 10.0,
    ) -> None:
        """Set up a consumer without connecting.

        Args:
            name: Instances with one name share the work; each name gets every message. Keep it for ever: it names
                what the broker keeps.
            broker_url: ``amqp(s)://`` or ``redis(s)://``.
            database: Where the handlers write.
            inbox: The domain's inbox model.
            handlers: By topic (``booking.confirmed``) or prefix (``booking.*``); an exact topic wins.
            sources: Redis Streams: the domains whose streams are read. Commands stand in the stream of the domain
                that sends them. ``None`` reads every domain that has published; a new one is seen within a second.
            retry: When a handler raises.
            concurrency: How many aggregates are handled at a time.
            claim_after_seconds: Redis Streams: when the messages of an instance that shows no life are taken over.

        Raises:
            ValueError: when a topic is malformed, or there is none.
        """
        self._name = name
        self._broker_url = broker_url
        self._database = database
        self._inbox = inbox
        self._handlers = TopicTable(handlers)
        # As text and made once: it runs for every message, and building it would cost more than running it.
        self._remember_once = text(
            f"INSERT INTO {inbox.__tablename__} (consumer, event_id) "  # noqa: S608  # a table of ours
            "SELECT :consumer, :event_id FROM pg_advisory_xact_lock(hashtextextended(:aggregate, 0)) AS aggregate "
            "ON CONFLICT DO NOTHING RETURNING event_id"
        ).bindparams(bindparam("event_id", type_=Uuid()))
        self._retry = retry
        self._slots = asyncio.Semaphore(concurrency)
        self._settings = SubscriptionSettings(
            consumer=name,
            instance=f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}",
            patterns=tuple(self._handlers.patterns),
            sources=sources,
            prefetch=max(PREFETCH, concurrency),
            claim_after_seconds=claim_after_seconds,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; what is being handled then is finished. An absent broker is waited for."""
        pruning = asyncio.create_task(self._prune_inbox())
        try:
            delay, longest = _RECONNECT_SECONDS
            while not stop.is_set():
                end_if_cancelled()
                try:
                    async with subscribe(self._broker_url, self._settings) as subscription:
                        delay = _RECONNECT_SECONDS[0]
                        await self._consume(subscription, stop)
                except Exception as error:  # noqa: BLE001  # the loop must outlive whatever the broker throws at it
                    log.warning("consumer lost its broker", consumer=self._name, error=repr(_first_of(error)))
                    await rest(stop, delay)
                    delay = min(delay * 2, longest)
        finally:
            pruning.cancel()
            await asyncio.wait([pruning])

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        """Until ``stop``. When a part fails all of them end: the broker will deliver again what was not settled."""
        lanes = _Lanes(self, stop)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(subscription, lanes, tasks))
            await stop.wait()
            reading.cancel()

    async def _read(self, subscription: Subscription, lanes: _Lanes, tasks: asyncio.TaskGroup) -> None:
        async with aclosing(subscription.deliveries()) as deliveries:  # type: ignore[type-var]
            async for delivery in deliveries:
                handler = self._handlers.get(delivery.topic)
                if handler is None:  # of a binding that an earlier release made
                    await delivery.ack()
                else:
                    lanes.add(_Message.of(delivery, handler), tasks)

    async def settle(self, message: _Message, stop: asyncio.Event) -> bool:
        """Handle one message for good, however long that takes; false when ``stop`` came before the end."""
        delivery, envelope = message.delivery, message.envelope
        if envelope is None:
            await self._bury(delivery, message.fault, attempts=0)
            return True
        if delivery.redeliveries >= MAX_REDELIVERIES:
            await self._bury(delivery, f"was delivered {delivery.redeliveries} times and never settled", attempts=0)
            return True
        failures = outages = 0
        while not stop.is_set():
            end_if_cancelled()
            try:
                async with self._slots:
                    await self._attempt(message.handler, envelope)
            except Reject as error:
                await self._bury(delivery, f"rejected: {error}", attempts=failures + 1)
                return True
            except DatabaseUnavailable as error:
                outages += 1
                log.warning("consumer waits for its database", consumer=self._name, error=repr(error.__cause__))
                await rest(stop, self._retry.delay(outages))
            except Exception as error:
                failures += 1
                if failures >= self._retry.max_attempts:
                    log.exception("message failed for good", consumer=self._name, topic=delivery.topic)
                    await self._bury(delivery, f"{type(error).__name__}: {error}"[:500], attempts=failures)
                    return True
                delay = self._retry.delay(failures)
                log.warning(
                    "message failed",
                    consumer=self._name,
                    topic=delivery.topic,
                    message_id=delivery.message_id,
                    attempts=failures,
                    again_in=round(delay, 2),
                    error=repr(error),
                )
                await rest(stop, delay)
            else:
                await delivery.ack()
                return True
        return False

    async def _attempt(self, handler: Handler, envelope: EventEnvelope) -> None:
        is_handling = False
        token = trace.attach(extract(envelope.trace_context))
        try:
            async with self._database.transaction() as session:
                is_new = await self._remember(session, envelope)
                is_handling = True
                if is_new:
                    await handler(session, envelope)
        except Exception as error:
            if not is_handling or (isinstance(error, DBAPIError) and error.connection_invalidated):
                raise DatabaseUnavailable from error
            raise
        finally:
            trace.detach(token)

    async def _remember(self, session: WriteSession, envelope: EventEnvelope) -> bool:
        """Write the message down as had, holding its aggregate until the transaction ends; false when it was had."""
        values = {
            "consumer": self._name,
            "event_id": envelope.id,
            "aggregate": f"{self._name}:{envelope.aggregate_id}",
        }
        return (await session.execute(self._remember_once, values)).first() is not None

    async def _bury(self, delivery: Delivery, reason: str, *, attempts: int) -> None:
        log.error(
            "dead letter",
            consumer=self._name,
            topic=delivery.topic,
            message_id=delivery.message_id,
            attempts=attempts,
            reason=reason,
        )
        await delivery.dead_letter(reason, attempts)

    async def _prune_inbox(self) -> None:
        while True:
            await asyncio.sleep(_PRUNE_SECONDS)
            try:
                async with self._database.transaction() as session:
                    await session.execute(
                        delete(self._inbox).where(
                            self._inbox.consumer == self._name, self._inbox.processed_at < utc_now() - INBOX_KEPT_FOR
                        )
                    )
            except Exception:  # the next hour is another chance
                log.exception("inbox not pruned", consumer=self._name)


@dataclass(frozen=True, slots=True)
class _Message:
    delivery: Delivery
    handler: Handler
    envelope: EventEnvelope | None
    fault: str
    """Why there is no envelope."""

    @classmethod
    def of(cls, delivery: Delivery, handler: Handler) -> _Message:
        try:
            return cls(delivery, handler, msgspec.json.decode(delivery.body, type=EventEnvelope), "")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return cls(delivery, handler, None, f"not an event envelope: {error}")


class _Lanes:
    """A queue per aggregate that has messages in hand, each worked off by a task that ends with it."""

    def __init__(self, consumer: Consumer, stop: asyncio.Event) -> None:
        self._consumer = consumer
        self._stop = stop
        self._waiting: dict[UUID | int, deque[_Message]] = {}

    def add(self, message: _Message, tasks: asyncio.TaskGroup) -> None:
        key = message.envelope.aggregate_id if message.envelope is not None else id(message)
        lane = self._waiting.get(key)
        if lane is not None:
            lane.append(message)
            return
        self._waiting[key] = deque([message])
        tasks.create_task(self._work_off(key))

    async def _work_off(self, key: UUID | int) -> None:
        lane = self._waiting[key]
        while lane and await self._consumer.settle(lane[0], self._stop):
            lane.popleft()
            end_if_cancelled()
        del self._waiting[key]


def _first_of(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
