"""The outbox relay on real databases and brokers."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import aio_pika
import msgspec
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, text

from shared.config import PlatformSettings
from shared.db import Database, DomainBase, OutboxMixin, domain_database_url, domain_metadata, new_id
from shared.db.provision import create_databases
from shared.messaging import EventEnvelope, OutboxRelay, open_broker, record_event
from shared.messaging.envelope import EVENTS, MailEnvelope, record_mail
from shared.messaging.mail import MailTemplates
from shared.messaging.names import EXCHANGE, STREAM_PREFIX
from shared.testing.plugin import PATIENCE_SECONDS


class Base(DomainBase):
    __abstract__ = True
    metadata = domain_metadata()


class OutboxMessage(OutboxMixin, Base):
    pass


class Said(msgspec.Struct):
    word: str


@pytest.fixture
async def database(platform: PlatformSettings) -> AsyncIterator[Database]:
    assert platform.database_url is not None
    domain = f"relay_{uuid4().hex[:8]}"
    await create_databases(platform.database_url, platform.database_prefix, [domain])
    database = Database(domain_database_url(platform, domain), application_name="test")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.close()
    server = Database(platform.database_url, application_name="test")
    async with server.read() as session:
        await session.execute(text(f'DROP DATABASE "{platform.database_prefix}_{domain}" WITH (FORCE)'))
    await server.close()


async def _say(database: Database, aggregate: UUID, *words: str) -> None:
    async with database.transaction() as session:
        for sequence, word in enumerate(words, start=1):
            record_event(
                session,
                OutboxMessage,
                type="parrot.said",
                aggregate_id=aggregate,
                aggregate_sequence=sequence,
                payload=Said(word),
            )


async def _left(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


async def _put_off(database: Database) -> None:
    """Let what waits after a failure wait for longer than a busy machine can take."""
    async with database.transaction() as session:
        await session.execute(
            text("UPDATE outbox SET next_attempt_at = next_attempt_at + interval '1 hour' WHERE attempts > 0")
        )


async def _make_due(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(text("UPDATE outbox SET next_attempt_at = now() - interval '1 second'"))


def _word(body: bytes) -> str:
    return msgspec.json.decode(msgspec.json.decode(body, type=EventEnvelope).payload, type=Said).word


async def test_what_rolls_back_is_never_delivered(database: Database) -> None:
    async with database.transaction() as session:
        record_event(
            session, OutboxMessage, type="parrot.said", aggregate_id=new_id(), aggregate_sequence=1, payload=Said("x")
        )
        await session.flush()
        await session.rollback()
    assert await _left(database) == 0


async def test_events_reach_redis_streams_in_order(database: Database, redis_url: str) -> None:
    broker = open_broker(redis_url)

    async def publish(message: OutboxMixin) -> None:
        await broker.publish(domain="parrots", topic=message.topic, message_id=str(message.id), body=message.payload)

    async with Redis.from_url(redis_url) as redis:
        await redis.delete(STREAM_PREFIX + "parrots")
        await _say(database, new_id(), "one", "two", "three")
        assert await OutboxRelay("t", database, OutboxMessage, {EVENTS: publish}).deliver_once() == 3
        entries = await redis.xrange(STREAM_PREFIX + "parrots")
        assert [_word(fields[b"body"]) for _, fields in entries] == ["one", "two", "three"]
        assert {fields[b"topic"] for _, fields in entries} == {b"parrot.said"}
    await broker.ping()
    await broker.close()
    assert await _left(database) == 0


async def test_events_reach_rabbitmq_in_order(database: Database, broker_url: str) -> None:
    if not broker_url.startswith("amqp"):
        pytest.skip("needs RESERVEI_TEST_BROKER_URL=amqp://...; `make test-servers` gives it")
    broker = open_broker(broker_url)
    await broker.ping()
    topic = f"parrot{uuid4().hex}.said"
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(EXCHANGE, routing_key=topic)

        async def publish(message: OutboxMixin) -> None:
            await broker.publish(domain="parrots", topic=topic, message_id=str(message.id), body=message.payload)

        await _say(database, new_id(), "one", "two", "three")
        assert await OutboxRelay("t", database, OutboxMessage, {EVENTS: publish}).deliver_once() == 3
        words = []
        async with asyncio.timeout(PATIENCE_SECONDS), queue.iterator() as messages:
            async for message in messages:
                await message.ack()
                words.append(_word(message.body))
                if len(words) == 3:
                    break
        assert words == ["one", "two", "three"]
    await broker.close()


async def test_a_failed_delivery_holds_back_its_aggregate_and_no_other(database: Database) -> None:
    sulking, cheerful = new_id(), new_id()
    await _say(database, sulking, "s1", "s2")
    await _say(database, cheerful, "c1")
    heard: list[str] = []
    is_broken = True

    async def publish(message: OutboxMixin) -> None:
        if message.aggregate_id == sulking and is_broken:
            raise ConnectionError("away")
        heard.append(_word(message.payload))

    relay = OutboxRelay("t", database, OutboxMessage, {EVENTS: publish})
    assert await relay.deliver_once() == 1
    assert heard == ["c1"]
    await _put_off(database)
    assert await relay.deliver_once() == 0  # the rest waits for its time
    is_broken = False
    await _make_due(database)
    assert await relay.deliver_once() == 2
    assert heard == ["c1", "s1", "s2"]


async def test_what_is_written_after_a_failure_waits_too(database: Database) -> None:
    parrot = new_id()
    heard: list[str] = []
    is_broken = True

    async def publish(message: OutboxMixin) -> None:
        if is_broken:
            raise ConnectionError("away")
        heard.append(_word(message.payload))

    relay = OutboxRelay("t", database, OutboxMessage, {EVENTS: publish})
    await _say(database, parrot, "first")
    assert await relay.deliver_once() == 0
    await _put_off(database)
    is_broken = False
    await _say(database, parrot, "second")
    assert await relay.deliver_once() == 0  # "first" is not due yet, so "second" must not overtake it
    await _make_due(database)
    assert await relay.deliver_once() == 2
    assert heard == ["first", "second"]


async def test_a_crash_between_delivery_and_commit_delivers_again_and_loses_nothing(database: Database) -> None:
    await _say(database, new_id(), "one", "two")
    heard: list[str] = []

    async def publish_and_die(message: OutboxMixin) -> None:
        heard.append(_word(message.payload))
        if len(heard) == 2:
            raise asyncio.CancelledError  # as when the process is told to stop in the middle

    with pytest.raises(asyncio.CancelledError):
        await OutboxRelay("t", database, OutboxMessage, {EVENTS: publish_and_die}).deliver_once()
    assert await _left(database) == 2

    async def publish(message: OutboxMixin) -> None:
        heard.append(_word(message.payload))

    await OutboxRelay("t", database, OutboxMessage, {EVENTS: publish}).deliver_once()
    assert heard == ["one", "two", "one", "two"]


async def test_of_many_relays_one_works_so_that_order_holds(database: Database) -> None:
    await _say(database, new_id(), *[str(n) for n in range(50)])
    heard: list[str] = []

    async def publish(message: OutboxMixin) -> None:
        await asyncio.sleep(0)
        heard.append(_word(message.payload))

    relays = [OutboxRelay("t", database, OutboxMessage, {EVENTS: publish}) for _ in range(5)]
    assert sum(await asyncio.gather(*(relay.deliver_once() for relay in relays))) == 50
    assert heard == [str(n) for n in range(50)]


async def test_a_mail_is_rendered_from_its_domains_template(database: Database, tmp_path) -> None:
    (tmp_path / "hello.en.txt.j2").write_text("Hello {{ name }}\n\nWelcome, {{ name }} <3\n", encoding="utf-8")
    async with database.transaction() as session:
        record_mail(
            session, OutboxMessage, to="a@example.com", template="x/hello", locale="en", context={"name": "Ana\nBcc: b"}
        )
    sent: list[MailEnvelope] = []

    async def send(message: OutboxMixin) -> None:
        sent.append(msgspec.json.decode(message.payload, type=MailEnvelope))

    await OutboxRelay("t", database, OutboxMessage, {"mail": send}).deliver_once()
    message = MailTemplates({"x": tmp_path}).render(sent[0], sender="us@example.com")
    assert message["Subject"] == "Hello Ana"  # a line break ends the subject and cannot add a header
    assert message["Bcc"] is None
    assert "Welcome, Ana" in message.get_content()
