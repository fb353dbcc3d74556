"""Messages that fail, poison and dead letters, and instances that die, on each broker."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, text

from shared.db import (
    WriteSession,
    new_id,
    utc_now,
)
from shared.messaging import (
    EventEnvelope,
    Handler,
    Reject,
    RetryPolicy,
)
from shared.messaging import consumer as consumer_module
from shared.messaging.dead_letters import everything, open_dead_letters, with_ids
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from shared.tests.consumer_stage import (
    CLAIM_AFTER_SECONDS,
    Heard,
    InboxMessage,
    Stage,
    listen_as,
    running,
    until_settled,
    word_of,
)


async def test_a_rejected_message_is_dead_at_once_and_the_next_goes_on(stage: Stage) -> None:
    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        session.add(Heard(word=word_of(envelope), by=""))
        if word_of(envelope) == "poison":
            await session.flush()
            raise Reject("we do not say that")

    async with running(await stage.consumer(handle)):
        await stage.say("before", "poison", "after", aggregate=new_id())
        await stage.until_heard("before", "after")
        (letter,) = await stage.until_dead()
    assert (letter.reason, letter.attempts) == ("rejected: we do not say that", 1)
    assert letter.topic == stage.topic
    assert word_of(msgspec.json.decode(letter.body, type=EventEnvelope)) == "poison"


async def test_what_is_no_envelope_is_dead_with_the_reason(stage: Stage) -> None:
    async with running(await stage.consumer(listen_as())):
        for message_id, body in {"a": b"\xff\xfe", "b": b"{}"}.items():
            await stage.broker.publish(domain=stage.domain, topic=stage.topic, message_id=message_id, body=body)
        await stage.say("fine")
        await stage.until_heard("fine")
        letters = await stage.until_dead(2)
    assert {letter.message_id: letter.body for letter in letters} == {"a": b"\xff\xfe", "b": b"{}"}
    assert all(letter.reason.startswith("not an event envelope: ") for letter in letters)


async def test_a_failing_message_is_tried_again_later_and_holds_back_its_aggregate_only(stage: Stage) -> None:
    sulking = new_id()
    attempts: list[float] = []
    cheerful_heard = asyncio.Event()

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        session.add(Heard(word=word_of(envelope), by=""))
        if word_of(envelope) == "c1":
            cheerful_heard.set()
        if word_of(envelope) == "s1":
            attempts.append(asyncio.get_running_loop().time())
            if len(attempts) < 3:
                raise ConnectionError("not now")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await cheerful_heard.wait()

    policy = RetryPolicy(max_attempts=3, first_delay=0.1, max_delay=1)
    async with running(await stage.consumer(handle, retry=policy)):
        await stage.say("s1", "s2", aggregate=sulking)
        await stage.say("c1")
        await stage.until_heard("c1", "s1", "s2")
    first_wait, second_wait = attempts[1] - attempts[0], attempts[2] - attempts[1]
    assert first_wait >= 0.05  # half of it is certain, the other half chance
    assert second_wait >= 0.1
    assert await stage.dead() == []


def test_the_wait_doubles_up_to_its_limit_with_half_of_it_at_random() -> None:
    policy = RetryPolicy(first_delay=1, max_delay=10)
    for failures, whole in {1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 5000: 10}.items():
        delays = {policy.delay(failures) for _ in range(20)}
        assert len(delays) > 1
        assert all(whole / 2 <= delay <= whole for delay in delays)


async def test_after_the_last_attempt_a_message_is_dead_until_it_is_replayed_to_its_consumer(stage: Stage) -> None:
    is_broken = True

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        session.add(Heard(word=word_of(envelope), by=""))
        if is_broken and word_of(envelope).startswith("hard"):
            raise ValueError("too hard")

    consumer = await stage.consumer(handle)
    other = await stage.consumer(listen_as("other"), suffix="other")
    async with running(consumer, other):
        await stage.say("hard", "easy", aggregate=new_id())
        await stage.say("hardest")
        letters = await stage.until_dead(2)
        assert {(letter.reason, letter.attempts) for letter in letters} == {("ValueError: too hard", 3)}
        await stage.until_heard("easy")

        is_broken = False
        async with open_dead_letters(stage.url) as dead:

            async def is_listed() -> bool:
                return stage.name() in await dead.consumers()

            await eventually(is_listed)
            by_word = {word_of(msgspec.json.decode(letter.body, type=EventEnvelope)): letter for letter in letters}
            assert await dead.replay(stage.name(), with_ids({by_word["hard"].message_id})) == 1
            await stage.until_heard("easy", "hard")
            assert [letter.message_id for letter in await dead.read(stage.name())] == [by_word["hardest"].message_id]
            assert await dead.drop(stage.name(), everything) == 1
            assert await dead.read(stage.name()) == []
            assert await dead.replay(stage.name(), everything) == 0
        await until_settled(stage)
    assert sorted(await stage.heard("other")) == ["easy", "hard", "hardest"]


async def test_what_a_dead_instance_held_is_taken_over(stage: Stage) -> None:
    is_held, never = asyncio.Event(), asyncio.Event()

    async def hang(_session: WriteSession, envelope_of: EventEnvelope) -> None:
        is_held.set()
        await never.wait()

    doomed = asyncio.create_task((await stage.consumer(hang)).run(asyncio.Event()))
    await stage.say("one", "two", aggregate=new_id())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await is_held.wait()
    doomed.cancel()
    await asyncio.wait([doomed])
    await stage.grow_old()
    async with running(await stage.consumer(listen_as())):
        await stage.until_heard("one", "two")


async def test_a_message_that_waits_for_its_next_attempt_is_not_taken_from_a_living_instance(stage: Stage) -> None:
    handled: list[tuple[str, str]] = []

    def listen(by: str) -> Handler:
        async def handle(_session: WriteSession, envelope: EventEnvelope) -> None:
            handled.append((by, word_of(envelope)))
            if word_of(envelope) == "bad":
                raise ConnectionError("not now")

        return handle

    policy = RetryPolicy(max_attempts=2, first_delay=600, max_delay=600)
    first, second = [await stage.consumer(listen(by), retry=policy) for by in ("a", "b")]
    async with running(first):
        await stage.say("bad")
        await eventually(lambda: _is_in(("a", "bad"), handled))
        if stage.url.startswith("redis"):
            await stage.grow_old()

            async def shows_life() -> bool:
                return all(age < CLAIM_AFTER_SECONDS / 2 for _, age in await stage.ages())

            await eventually(shows_life)
        async with running(second):

            async def has_looked_around() -> bool:
                await stage.say("good")
                return ("b", "good") in handled

            await eventually(has_looked_around)
    assert [by for by, word in handled if word == "bad"] == ["a"]


async def _is_in(what: object, where: Container[object]) -> bool:
    return what in where


async def test_a_message_that_takes_its_process_down_every_time_is_dead_in_the_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "MAX_REDELIVERIES", 2)
    is_held = asyncio.Event()

    async def hang(_session: WriteSession, envelope_of: EventEnvelope) -> None:
        is_held.set()
        await asyncio.Event().wait()

    first, second, third = [await stage.consumer(hang) for _ in range(3)]
    await stage.say("deadly")
    for consumer in (first, second):
        is_held.clear()
        doomed = asyncio.create_task(consumer.run(asyncio.Event()))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await is_held.wait()
        doomed.cancel()
        await asyncio.wait([doomed])
        await stage.grow_old()
    async with running(third):
        (letter,) = await stage.until_dead()
    assert letter.reason == "was delivered 2 times and never settled"


async def test_old_rows_of_the_inbox_go(redis_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_module, "_PRUNE_SECONDS", 0.01)
    consumer = await redis_stage.consumer(listen_as())
    ages = {redis_stage.name(): (31, 29), "another": (31,)}
    async with redis_stage.database.transaction() as session:
        for name, days in ages.items():
            for age in days:
                processed_at = utc_now() - timedelta(days=age)
                session.add(InboxMessage(consumer=name, event_id=new_id(), processed_at=processed_at))

    async def rows() -> list[str]:
        async with redis_stage.database.read() as session:
            return sorted(await session.scalars(select(InboxMessage.consumer)))

    async with running(consumer):

        async def is_pruned() -> bool:
            return len(await rows()) == 2

        await eventually(is_pruned)
    assert await rows() == sorted(["another", redis_stage.name()])


async def test_a_lost_database_connection_costs_a_message_no_attempt(stage: Stage) -> None:
    handled = 0

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        nonlocal handled
        handled += 1
        session.add(Heard(word=word_of(envelope), by=""))
        if handled < 4:
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with running(await stage.consumer(handle, retry=RetryPolicy(1, first_delay=0.02, max_delay=0.02))):
        await stage.say("at last")
        await stage.until_heard("at last")
    assert await stage.dead() == []
