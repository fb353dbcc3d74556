"""``reservei deadletters`` on each broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import uuid4

import pytest
from click.testing import Result
from redis.asyncio import Redis
from typer.testing import CliRunner

from reservei.cli.deadletters import deadletters_app
from shared.config import PlatformSettings
from shared.local.errors import LocalRuntimeError
from shared.messaging import open_broker
from shared.messaging.dead_letters import open_dead_letters
from shared.messaging.names import (
    DEAD_PREFIX,
    REPLAY_PREFIX,
    SOURCES,
    STREAM_PREFIX,
)
from shared.messaging.subscription import SubscriptionSettings, subscribe
from shared.testing.plugin import PATIENCE_SECONDS, eventually
from shared.tests.consumer_stage import forget_consumers


class DeadLetterOffice:
    """A consumer with two dead letters, ``<name>-first`` and ``<name>-second``, at a broker."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"d{uuid4().hex[:12]}"
        self.settings = SubscriptionSettings(
            consumer=self.name,
            instance="i",
            patterns=[f"{self.name}.said"],
            sources=[self.name],
            prefetch=10,
            claim_after_seconds=10,
        )

    async def fill(self) -> None:
        broker = open_broker(self.url)
        async with subscribe(self.url, self.settings) as subscription:
            for suffix, body in {"first": b'{"word": "[bold]"}', "second": b"\xff"}.items():
                await broker.publish(
                    domain=self.name, topic=f"{self.name}.said", message_id=f"{self.name}-{suffix}", body=body
                )
            async with aclosing(subscription.deliveries()) as deliveries:
                async for delivery in deliveries:
                    await delivery.dead_letter("ValueError: no [such] word", attempts=8)
                    if delivery.message_id.endswith("second"):
                        break
        await broker.close()

    async def next_message_id(self) -> str:
        """What the consumer gets now."""
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            subscribe(self.url, self.settings) as subscription,
            aclosing(subscription.deliveries()) as deliveries,
        ):
            async for delivery in deliveries:
                assert delivery.topic == f"{self.name}.said"
                await delivery.ack()
                return delivery.message_id
        raise AssertionError("deliveries never end")

    async def clean(self) -> None:
        if self.url.startswith("amqp"):
            await forget_consumers(self.url, {self.name})
            return
        async with Redis.from_url(self.url) as redis:
            await redis.srem(SOURCES, self.name)
            await redis.delete(STREAM_PREFIX + self.name, DEAD_PREFIX + self.name, REPLAY_PREFIX + self.name)


@pytest.fixture(params=["redis", "rabbitmq"])
async def office(
    request: pytest.FixtureRequest,
    redis_url: str,
    broker_url: str,
    platform: PlatformSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[DeadLetterOffice]:
    if request.param == "rabbitmq" and not broker_url.startswith("amqp"):
        pytest.skip("needs RESERVEI_TEST_BROKER_URL=amqp://...; `make test-servers` gives it")
    office = DeadLetterOffice(broker_url if request.param == "rabbitmq" else redis_url)
    settings = platform.model_copy(update={"broker_url": office.url})
    monkeypatch.setattr("shared.config.platform_settings", lambda: settings)
    await office.fill()
    yield office
    await office.clean()


async def _run(*arguments: str, answer: str | None = None) -> Result:
    # In a thread, because the command has an event loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, deadletters_app, list(arguments), answer)


async def test_list_shows_each_with_its_reason(office: DeadLetterOffice) -> None:
    result = await _run("list", "--consumer", office.name)
    assert result.exit_code == 0, result.output
    header, first, second = result.output.splitlines()
    assert header.split()[:3] == ["id", "consumer", "topic"]
    assert first.startswith(f"{office.name}-first")
    assert "ValueError: no [such] word" in first
    assert second.startswith(f"{office.name}-second")

    async def all_consumers_include_ours() -> bool:  # another test may be looking at the same queue
        return f"{office.name}-first" in (await _run("list")).output

    await eventually(all_consumers_include_ours)


async def test_list_of_nothing_says_so(office: DeadLetterOffice) -> None:
    result = await _run("list", "--consumer", "nobody")
    assert (result.exit_code, result.output) == (0, "There are no dead letters.\n")


async def test_show_prints_the_message_readably(office: DeadLetterOffice) -> None:
    result = await _run("show", f"{office.name}-first", "--consumer", office.name)
    assert result.exit_code == 0, result.output
    assert "attempts:  8" in result.output
    assert '"word": "[bold]"' in result.output
    assert r"b'\xff'" in (await _run("show", f"{office.name}-second", "--consumer", office.name)).output
    missing = await _run("show", "nonsense", "--consumer", office.name)
    assert (missing.exit_code, missing.output) == (1, "There is no dead letter 'nonsense'.\n")


async def test_replay_sends_the_chosen_one_back_to_its_consumer(office: DeadLetterOffice) -> None:
    result = await _run("replay", "--consumer", office.name, "--id", f"{office.name}-second")
    assert (result.exit_code, result.output) == (0, "1 dead letter sent back.\n")
    assert await office.next_message_id() == f"{office.name}-second"
    async with open_dead_letters(office.url) as dead:
        assert [letter.message_id for letter in await dead.read(office.name)] == [f"{office.name}-first"]
    again = await _run("replay", "--consumer", office.name, "--id", f"{office.name}-second")
    assert again.exit_code == 1


async def test_drop_asks_first_and_then_deletes(office: DeadLetterOffice) -> None:
    refused = await _run("drop", "--consumer", office.name, "--all", answer="n\n")
    assert refused.exit_code == 1
    result = await _run("drop", "--consumer", office.name, "--all", "--yes")
    assert (result.exit_code, result.output) == (0, "2 dead letters dropped.\n")
    async with open_dead_letters(office.url) as dead:
        assert await dead.read(office.name) == []


async def test_replay_and_drop_want_either_an_id_or_all(office: DeadLetterOffice) -> None:
    for arguments in (["replay"], ["drop", "--yes"], ["replay", "--all", "--id", "x"]):
        result = await _run(*arguments)
        assert result.exit_code == 2
        assert "either --id ID or --all" in result.output


async def test_a_broker_that_is_away_is_one_clear_line(
    platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in ("redis://127.0.0.1:1", "amqp://127.0.0.1:1"):
        settings = platform.model_copy(update={"broker_url": url})
        monkeypatch.setattr("shared.config.platform_settings", lambda settings=settings: settings)
        result = await _run("list")
        assert isinstance(result.exception, LocalRuntimeError)
        assert "does not answer" in result.exception.what
