"""Live updates, on a real server that is also taken away."""
# ruff: noqa: SIM117  # a context manager that uses the one before reads best nested

import asyncio
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from shared.local.valkey import EmbeddedValkey
from shared.pubsub import LiveUpdates
from shared.testing.plugin import PATIENCE_SECONDS, eventually


async def test_every_subscriber_of_a_channel_is_told_and_nobody_else(redis_url: str) -> None:
    async with LiveUpdates(redis_url) as here, LiveUpdates(redis_url) as there:
        async with here.changes("a") as first, there.changes("a") as second, here.changes("b") as other:
            await there.announce("a")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await anext(first)
                await anext(second)
            await here.announce("b")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await anext(other)
            # "a" was announced once: nothing more is pending for its subscribers.
            waiting = asyncio.ensure_future(anext(first))
            done, _ = await asyncio.wait([waiting], timeout=0.1)
            assert not done
            waiting.cancel()


async def test_a_slow_subscriber_holds_one_pending_change_however_many_there_were(redis_url: str) -> None:
    async with LiveUpdates(redis_url) as live:
        async with live.changes("busy") as changes, live.changes("last") as last:
            for _ in range(1000):
                await live.announce("busy")
            await live.announce("last")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await anext(last)  # all of "busy" has arrived before this
                await anext(changes)
            waiting = asyncio.ensure_future(anext(changes))
            done, _ = await asyncio.wait([waiting], timeout=0.1)
            assert not done
            waiting.cancel()


async def test_a_connection_that_nobody_used_for_long_is_watched_and_still_works(redis_url: str) -> None:
    async with LiveUpdates(redis_url) as live, asyncio.timeout(PATIENCE_SECONDS):
        listen, answers, is_asked = live._pubsub.get_message, 0, False

        async def get_message(timeout: float) -> Any:  # noqa: ASYNC109  # redis-py's
            """Quick to find the connection silent, and as patient as ever with the answer to the heartbeat."""
            nonlocal answers, is_asked
            message = await listen(timeout=timeout if is_asked else 0.01)
            is_asked = message is None
            answers += message is not None and message["type"] == "pong"
            return message

        live._pubsub.get_message = get_message  # type: ignore[method-assign]
        for channel in ("a", "b", "c"):  # each subscribes alone, after the one before has left
            async with live.changes(channel) as changes:
                before = answers

                async def was_silent(before: int = before) -> bool:
                    return answers >= before + 2

                await eventually(was_silent)
                await live.announce(channel)
                await anext(changes)


async def test_after_a_restart_of_the_server_subscribers_look_again_and_hear_what_follows(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, durable=False)
    await asyncio.to_thread(server.start)
    try:
        async with LiveUpdates(server.url) as live:
            async with live.changes("a") as changes:
                await asyncio.to_thread(server.stop)
                await asyncio.to_thread(server.start)
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await anext(changes)  # told to look again
                    # Announced until heard: the resubscription may still be on its way.
                    heard = asyncio.ensure_future(anext(changes))
                    while not heard.done():
                        await live.announce("a")
                        await asyncio.wait([heard], timeout=0.05)
                    assert heard.exception() is None
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_subscription_that_failed_leaves_nobody_waiting_for_it(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, durable=False)
    await asyncio.to_thread(server.start)
    try:
        async with LiveUpdates(server.url) as live, asyncio.timeout(PATIENCE_SECONDS):
            async with live.changes("warm"):
                pass
            await asyncio.to_thread(server.stop)

            async def watch() -> bool:
                try:
                    async with live.changes("a"):
                        return True
                except (RedisError, OSError):  # TimeoutError is an OSError
                    return False

            assert await asyncio.gather(*(watch() for _ in range(4))) == [False] * 4
            await asyncio.to_thread(server.start)
            while not await watch():  # it is back when it is back
                continue
            async with live.changes("a") as changes:
                await live.announce("a")
                await anext(changes)
    finally:
        await asyncio.to_thread(server.stop)
