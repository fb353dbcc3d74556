"""One message for each cause: repeated events, rivals, and a consumer that dies."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy.exc import IntegrityError

from shared.db import Database, new_id
from shared.messaging import Consumer, EventEnvelope, RetryPolicy, open_broker
from shared.messaging.subscription import subscribe
from shared.testing.plugin import eventually
from subgraphs.notifications.consumers import Handlers
from subgraphs.notifications.models import InboxMessage, Notification
from subgraphs.notifications.service import booking_news
from subgraphs.notifications.tests.world import World, booking_of


class Killed(BaseException):
    """The process dies here."""


def _envelope(world: World, payload: msgspec.Struct, topic: str, sequence: int = 4) -> EventEnvelope:
    return EventEnvelope(
        id=new_id(), type=topic, version=1, occurred_at=world.now, aggregate_id=payload.booking_id,
        aggregate_sequence=sequence, correlation_id=new_id(), causation_id=None, trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )  # fmt: skip


async def test_rivals_that_tell_the_same_tell_it_once(world: World) -> None:
    user_id = await world.traveler()
    event = booking_of(user_id)
    await asyncio.gather(
        *(world.hear("booking.confirmed", event, about=event.booking_id, sequence=4) for _ in range(5))
    )
    await world.send_all()
    assert len(await world.notifications(user_id)) == 1
    assert len(world.email.sent) == 1


async def test_without_the_unique_key_they_would_tell_it_twice(world: World) -> None:
    """The key is what holds, not the look before: a second row of the same cause is refused by the database."""
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    (told,) = await world.notifications(user_id)
    with pytest.raises(IntegrityError):
        async with world.database.transaction() as session:
            session.add(
                Notification(
                    user_id=user_id, sequence=99, kind=told.kind, cause_id=told.cause_id, data={}, is_in_app=True
                )
            )


@pytest.mark.parametrize("point", ["before the commit", "after the commit"])
async def test_a_consumer_that_dies_tells_once(world: World, point: str) -> None:
    user_id = await world.traveler()
    event = booking_of(user_id)
    envelope = _envelope(world, event, "booking.confirmed")
    handler = Handlers(world.settings, world.clock).by_topic()["booking.confirmed"]

    async def consume_and_die() -> None:
        async with world.database.transaction() as session:
            await handler(session, envelope)
            if point == "before the commit":
                raise Killed
        raise Killed  # the message is not acknowledged, so it is delivered again

    with pytest.raises(Killed):
        await consume_and_die()
    if point == "before the commit":
        assert await world.notifications(user_id) == []
        assert await world.deliveries(user_id) == []
    async with world.database.transaction() as session:
        await handler(session, envelope)
    await world.send_all()
    assert len(await world.notifications(user_id)) == 1
    assert len(world.email.sent) == 1


async def test_over_the_broker_every_event_has_effect_once(world: World, database: Database, broker_url: str) -> None:
    user_id = await world.traveler()
    domain = f"d{uuid4().hex[:12]}"
    failures = [RuntimeError("the first attempt fails")]
    handler = Handlers(world.settings, world.clock).booking

    async def fails_once(session, envelope) -> None:
        await handler(session, envelope)
        if failures:
            raise failures.pop()

    consumer = Consumer(
        f"{domain}-listener", broker_url, database, InboxMessage,
        dict.fromkeys(booking_news.TOPICS, fails_once), sources=[domain],
        retry=RetryPolicy(max_attempts=5, first_delay=0.02, max_delay=0.1), claim_after_seconds=600,
    )  # fmt: skip
    async with subscribe(broker_url, consumer._settings):
        pass  # from now on messages are kept for it
    broker = open_broker(broker_url)
    confirmed = booking_of(user_id)
    cancelled = booking_of(user_id, booking_id=confirmed.booking_id, state="CANCELLED")
    first = _envelope(world, confirmed, "booking.confirmed")
    last = _envelope(world, cancelled, "booking.cancelled", 5)
    for envelope in (first, first, _envelope(world, confirmed, "booking.confirmed"), first, last):
        body = msgspec.json.encode(envelope)
        await broker.publish(domain=domain, topic=envelope.type, message_id=str(envelope.id), body=body)
    stop = asyncio.Event()
    running = asyncio.create_task(consumer.run(stop))
    try:

        async def all_is_told() -> bool:
            return len(await world.notifications(user_id)) >= 2

        await eventually(all_is_told, within=90)
    finally:
        stop.set()
        await running
        await broker.close()
    await world.send_all()
    assert [row.kind for row in await world.notifications(user_id)] == ["BOOKING_CONFIRMED", "BOOKING_CANCELLED"]
    assert len(world.email.sent) == 2
