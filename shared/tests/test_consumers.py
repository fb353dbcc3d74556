"""What consumers promise, on each broker: effect once, and in order per aggregate."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

import aio_pika
import pytest
from sqlalchemy import event, text

from shared.config import PlatformSettings
from shared.db import (
    Database,
    WriteSession,
    new_id,
)
from shared.messaging import (
    Consumer,
    EventEnvelope,
    Handler,
)
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from shared.tests.consumer_stage import (
    Heard,
    InboxMessage,
    Stage,
    envelope_of,
    listen_as,
    running,
    until_settled,
    word_of,
)


async def test_messages_of_an_aggregate_are_handled_one_at_a_time_in_order(stage: Stage) -> None:
    aggregates = [new_id() for _ in range(5)]
    active: set[UUID] = set()
    order: dict[UUID, list[str]] = defaultdict(list)
    all_active = asyncio.Event()

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        assert envelope.aggregate_id not in active
        active.add(envelope.aggregate_id)
        if len(active) == len(aggregates):
            all_active.set()
        await all_active.wait()  # aggregates go side by side, or nothing goes on here
        await session.execute(text("SELECT 1"))
        order[envelope.aggregate_id].append(word_of(envelope))
        session.add(Heard(word=word_of(envelope), by=""))
        active.discard(envelope.aggregate_id)

    consumer = await stage.consumer(handle)
    for number in range(30):
        for aggregate in aggregates:
            await stage.say(str(number), aggregate=aggregate)
    async with running(consumer):

        async def all_heard() -> bool:
            return len(await stage.heard()) == 150

        await eventually(all_heard)
    assert order == {aggregate: [str(number) for number in range(30)] for aggregate in aggregates}
    assert await stage.dead() == []


async def test_killed_between_commit_and_acknowledgement_the_effect_stays_one(stage: Stage) -> None:
    handled = 0

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        nonlocal handled
        handled += 1
        session.add(Heard(word=word_of(envelope), by=""))
        if handled == 1:
            event.listen(session.sync_session, "after_commit", lambda _: first.cancel(), once=True)

    consumer = await stage.consumer(handle)
    first = asyncio.create_task(consumer.run(asyncio.Event()))
    await stage.say("once")
    await asyncio.wait([first], timeout=PATIENCE_SECONDS)
    assert first.cancelled()
    assert await stage.heard() == ["once"]
    await stage.grow_old()
    async with running(consumer):  # gets "once" again, and then
        await stage.say("after")
        await stage.until_heard("once", "after")
        await until_settled(stage)
    assert handled == 2


async def test_each_consumer_gets_everything_it_asked_for_and_nothing_else(stage: Stage) -> None:
    left = await stage.consumer({stage.topic: listen_as("left")}, suffix="left")
    right = await stage.consumer(
        {f"{stage.domain}.*": listen_as("right"), f"{stage.domain}.sung": listen_as("sung")}, suffix="right"
    )
    async with running(left, right):
        aggregate = new_id()
        await stage.say("one", aggregate=aggregate)
        await stage.say("la", topic=f"{stage.domain}.sung")
        await stage.say("deep", topic=f"{stage.domain}.said.deeply")
        await stage.say("psst", topic=f"{stage.domain}.whispered")
        await stage.say("two", aggregate=aggregate)
        await stage.until_heard("one", "two", by="left")

        async def right_heard_all() -> bool:
            return sorted(await stage.heard("right")) == ["one", "psst", "two"]

        await eventually(right_heard_all)
        await stage.until_heard("la", by="sung")
        await until_settled(stage)
    assert await stage.heard("left") == ["one", "two"]


async def test_two_instances_share_the_work(stage: Stage) -> None:
    consumers = [await stage.consumer(listen_as(by)) for by in ("a", "b")]
    said: list[str] = []

    async def both_have_worked() -> bool:
        said.append(str(len(said)))
        await stage.say(said[-1])
        return bool(await stage.heard("a")) and bool(await stage.heard("b"))

    async with running(*consumers):
        await eventually(both_have_worked)

        async def all_heard() -> bool:
            return sorted(await stage.heard("a") + await stage.heard("b")) == sorted(said)

        await eventually(all_heard)


async def test_instances_never_handle_one_aggregate_at_the_same_time(stage: Stage) -> None:
    aggregate, is_busy = new_id(), False
    heard_by: set[str] = set()

    def listen(by: str) -> Handler:
        async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
            nonlocal is_busy
            assert not is_busy
            is_busy = True
            await session.execute(text("SELECT pg_sleep(0.005)"))
            session.add(Heard(word=word_of(envelope), by=""))
            heard_by.add(by)
            is_busy = False

        return handle

    consumers = [await stage.consumer(listen(by)) for by in ("a", "b")]
    async with running(*consumers):
        await stage.say(*map(str, range(40)), aggregate=aggregate)

        async def all_heard() -> bool:
            return len(await stage.heard()) == 40

        await eventually(all_heard)
    assert sorted(map(int, await stage.heard())) == list(range(40))
    assert await stage.dead() == []


async def test_told_to_stop_an_instance_finishes_what_it_handles_and_hands_over_the_rest(stage: Stage) -> None:
    is_held, go_on = asyncio.Event(), asyncio.Event()

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        is_held.set()
        await go_on.wait()
        session.add(Heard(word=word_of(envelope), by=""))

    async with running(await stage.consumer(handle)):
        await stage.say("one", "two", aggregate=new_id())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await is_held.wait()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert await stage.heard() == ["one"]
    # Nobody is taken for dead within this test: what is left must have been handed over.
    async with running(await stage.consumer(listen_as())):
        await stage.until_heard("one", "two")


async def test_a_command_waits_for_its_addressee(stage: Stage) -> None:
    """On RabbitMQ the publisher is told and tries again; on Redis the stream keeps it."""
    topic = f"command.{stage.domain}.sing"
    envelope = envelope_of("la", new_id(), 1, topic)

    async def publish() -> bool:
        try:
            await stage.publish(envelope)
        except aio_pika.exceptions.PublishError:
            return False
        return True

    assert await publish() == stage.url.startswith("redis")
    async with running(await stage.consumer({f"command.{stage.domain}.*": listen_as()})):
        assert await publish()
        await stage.until_heard("la")


async def test_on_redis_a_consumer_finds_the_streams_of_all_domains(redis_stage: Stage) -> None:
    consumer = await redis_stage.consumer(listen_as(), sources=None)
    async with running(consumer):
        await redis_stage.say("hello")  # the first word ever of this domain
        await redis_stage.until_heard("hello")


@pytest.mark.parametrize(
    "handlers", [{}, {"*": listen_as()}, {"a.*.b": listen_as()}, {"A.b": listen_as()}, {"a.#": listen_as()}]
)
def test_a_consumer_refuses_topics_that_it_could_not_serve_on_both_brokers(
    handlers: Mapping[str, Handler], platform: PlatformSettings
) -> None:
    assert platform.database_url is not None
    with pytest.raises(ValueError):
        Consumer(
            "c", "redis://127.0.0.1", Database(platform.database_url, application_name="t"), InboxMessage, handlers
        )
