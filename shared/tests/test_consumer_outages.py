"""Nothing is lost and nothing has effect twice when the broker or the relay goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

import aio_pika
import msgspec
import pytest
from aio_pika.exceptions import AMQPError
from redis.exceptions import RedisError

from shared.db import (
    Database,
    OutboxMixin,
    WriteSession,
    new_id,
)
from shared.local.valkey import EmbeddedValkey
from shared.messaging import (
    EventEnvelope,
    OutboxRelay,
    record_event,
)
from shared.messaging import relay as relay_module
from shared.messaging.envelope import EVENTS
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from shared.tests.consumer_stage import (
    Heard,
    OutboxMessage,
    Said,
    Stage,
    envelope_of,
    listen_as,
    running,
    until_settled,
    word_of,
)


async def test_a_relay_that_dies_between_publishing_and_deleting_causes_no_second_effect(stage: Stage) -> None:
    published = 0

    async def publish(message: OutboxMixin) -> None:
        nonlocal published
        await stage.broker.publish(
            domain=stage.domain, topic=message.topic, message_id=str(message.id), body=message.payload
        )
        published += 1
        if published == 2:
            raise asyncio.CancelledError

    async with stage.database.transaction() as session:
        aggregate = new_id()
        for sequence, word in enumerate(("one", "two", "three"), start=1):
            record_event(
                session,
                OutboxMessage,
                type=stage.topic,
                aggregate_id=aggregate,
                aggregate_sequence=sequence,
                payload=Said(word),
            )
    consumer = await stage.consumer(listen_as())
    relay = OutboxRelay(stage.domain, stage.database, OutboxMessage, {EVENTS: publish})
    async with running(consumer):
        with pytest.raises(asyncio.CancelledError):
            await relay.deliver_once()
        assert await relay.deliver_once() == 3
        await stage.until_heard("one", "two", "three")
        await until_settled(stage)
    assert published == 5
    assert await stage.heard() == ["one", "two", "three"]


async def test_after_a_restart_of_valkey_nothing_is_lost_and_nothing_has_effect_twice(
    tmp_path: Path, database: Database
) -> None:
    server = EmbeddedValkey(tmp_path, durable=False)
    await asyncio.to_thread(server.start)
    try:
        stage = Stage(server.url, database)

        async def take_away() -> None:
            await asyncio.to_thread(server.stop)

        async def bring_back() -> None:
            await asyncio.to_thread(server.start)

        try:
            await _survive_an_outage(stage, stage.url, take_away, bring_back)
        finally:
            await stage.clean()
    finally:
        await asyncio.to_thread(server.stop)


async def test_after_rabbitmq_was_out_of_reach_nothing_is_lost_and_nothing_has_effect_twice(
    broker_url: str, database: Database
) -> None:
    if not broker_url.startswith("amqp"):
        pytest.skip("needs RESERVEI_TEST_BROKER_URL=amqp://...; `make test-servers` gives it")
    stage = Stage(broker_url, database)
    try:
        async with _Cable(broker_url) as cable:
            await _survive_an_outage(stage, cable.url, cable.cut, cable.mend)
    finally:
        await stage.clean()


async def _survive_an_outage(
    stage: Stage, url: str, take_away: Callable[[], Awaitable[None]], bring_back: Callable[[], Awaitable[None]]
) -> None:
    aggregate, is_held, go_on = new_id(), asyncio.Event(), asyncio.Event()

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        session.add(Heard(word=word_of(envelope), by=""))
        if word_of(envelope) == "two":
            is_held.set()
            await go_on.wait()

    consumer = await stage.consumer(handle, url=url)
    async with running(consumer):
        await stage.say("one", "two", "three", aggregate=aggregate)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await is_held.wait()
        await take_away()
        go_on.set()  # "two" commits, or not, while nobody can be told
        await bring_back()
        # As the relay does: again until the broker has it.
        envelope = envelope_of("four", aggregate, 4, stage.topic)

        async def is_published() -> bool:
            try:
                await stage.publish(envelope)
            except (OSError, RedisError, AMQPError):
                return False
            return True

        await eventually(is_published)
        await eventually_heard(stage, 4)
        assert await stage.heard() == ["one", "two", "three", "four"]
        await until_settled(stage)
    assert await stage.heard() == ["one", "two", "three", "four"]
    assert await stage.dead() == []


async def eventually_heard(stage: Stage, count: int) -> None:
    async def enough() -> bool:
        return len(await stage.heard()) >= count

    await eventually(enough)


class _Cable:
    """A TCP proxy in front of a broker, which can be cut."""

    def __init__(self, url: str) -> None:
        self._parts = aio_pika.connection.URL(url)
        self._is_cut = False
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = str(self._parts.with_port(self._server.sockets[0].getsockname()[1]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        self._is_cut = True
        for end in self._ends:
            end.transport.abort()
        if self._carrying:
            await asyncio.wait(self._carrying)

    async def mend(self) -> None:
        self._is_cut = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(self._parts.host, self._parts.port or 5672)
        self._ends |= {writer, there_writer}
        for source, target in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._carry(source, target))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    @staticmethod
    async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        except OSError:
            return
        finally:
            target.transport.abort()


async def test_a_relay_that_sleeps_is_woken_by_the_commit(redis_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """32 writers, and a relay that never looks by itself: whatever it does not hear of is never delivered."""
    monkeypatch.setattr(relay_module, "IDLE_SECONDS", 600.0)
    stage, heard = redis_stage, set[str]()

    async def deliver(message: OutboxMixin) -> None:
        heard.add(word_of(msgspec.json.decode(message.payload, type=EventEnvelope)))

    async def write(writer: int) -> None:
        for number in range(15):
            async with stage.database.transaction() as session:
                record_event(
                    session,
                    OutboxMessage,
                    type=stage.topic,
                    aggregate_id=new_id(),
                    aggregate_sequence=1,
                    payload=Said(f"{writer}.{number}"),
                )
            if writer == 0:  # one goes on when the others have ended, so the relay falls asleep in between
                await eventually(lambda n=number: _is_in(heard, f"0.{n}"))

    relays = [OutboxRelay(stage.domain, stage.database, OutboxMessage, {EVENTS: deliver}) for _ in range(2)]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for relay in relays:
            tasks.create_task(relay.run(stop))
        try:
            await asyncio.gather(*map(write, range(32)))
            await eventually(lambda: _is_full(heard, 480))
        finally:
            stop.set()


async def _is_in(heard: set[str], word: str) -> bool:
    return word in heard


async def _is_full(heard: set[str], count: int) -> bool:
    return len(heard) == count
