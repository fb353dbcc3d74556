"""The limiter against a real Redis, with a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from shared.resilience import Rate, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(redis: Redis, clock: Clock) -> RateLimiter:
    return RateLimiter(redis, namespace=f"test-{uuid4().hex}", clock=clock)


RATE = Rate(limit=5, period_seconds=50)


async def test_a_burst_of_the_limit_passes_and_the_next_attempt_waits(limiter: RateLimiter) -> None:
    decisions = [await limiter.hit("ana", RATE) for _ in range(5)]
    assert [decision.allowed for decision in decisions] == [True] * 5
    assert [decision.remaining for decision in decisions] == [4, 3, 2, 1, 0]
    refused = await limiter.hit("ana", RATE)
    assert not refused.allowed
    assert refused.retry_after_seconds == pytest.approx(10, abs=0.01)
    assert refused.retry_after == 10


async def test_waiting_as_told_is_enough_and_a_moment_less_is_not(limiter: RateLimiter, clock: Clock) -> None:
    for _ in range(5):
        await limiter.hit("ana", RATE)
    clock.now += 9.99
    assert not (await limiter.hit("ana", RATE)).allowed
    clock.now += 0.01
    assert (await limiter.hit("ana", RATE)).allowed
    assert not (await limiter.hit("ana", RATE)).allowed


async def test_a_refused_attempt_does_not_lengthen_the_wait(limiter: RateLimiter) -> None:
    for _ in range(5):
        await limiter.hit("ana", RATE)
    waits = {(await limiter.hit("ana", RATE)).retry_after for _ in range(20)}
    assert waits == {10}


async def test_no_window_edge_lets_twice_the_limit_through(limiter: RateLimiter, clock: Clock) -> None:
    passed = 0
    for _ in range(100):  # one period, tried twice a second
        passed += (await limiter.hit("ana", RATE)).allowed
        clock.now += 0.5
    assert passed == 5 + 4  # the burst, and what flowed back in strictly less than a period


async def test_keys_do_not_share_their_attempts(limiter: RateLimiter) -> None:
    for _ in range(5):
        await limiter.hit("ana", RATE)
    assert (await limiter.hit("bia", RATE)).allowed


async def test_a_refund_gives_the_attempt_back_and_never_more(limiter: RateLimiter) -> None:
    for _ in range(5):
        await limiter.hit("ana", RATE)
    await limiter.refund("ana", RATE)
    assert (await limiter.hit("ana", RATE)).allowed
    for _ in range(50):
        await limiter.refund("ana", RATE)
    allowed = [(await limiter.hit("ana", RATE)).allowed for _ in range(6)]
    assert allowed == [True] * 5 + [False]


async def test_reset_forgets_everything(limiter: RateLimiter) -> None:
    for _ in range(6):
        await limiter.hit("ana", RATE)
    await limiter.reset("ana")
    assert (await limiter.hit("ana", RATE)).remaining == 4


async def test_concurrent_attempts_never_pass_the_limit(redis: Redis) -> None:
    limiter = RateLimiter(redis, namespace=f"test-{uuid4().hex}")  # the server's clock
    decisions = await asyncio.gather(*(limiter.hit("ana", Rate(10, 3600)) for _ in range(60)))
    assert sum(decision.allowed for decision in decisions) == 10


async def test_a_key_goes_away_by_itself_and_does_not_show_whom_it_is_about(redis: Redis) -> None:
    namespace = f"test-{uuid4().hex}"
    await RateLimiter(redis, namespace=namespace).hit("sign-in:ana@reservei.example", Rate(10, 100))
    [key] = [name async for name in redis.scan_iter(f"{namespace}:*")]
    assert b"ana" not in key
    assert 0 < await redis.pttl(key) <= 10_000


async def test_a_cost_that_could_never_pass_is_a_mistake(limiter: RateLimiter) -> None:
    with pytest.raises(ValueError, match="between 1 and the limit 5"):
        await limiter.hit("ana", RATE, cost=6)
    with pytest.raises(ValueError, match="limit of 1"):
        Rate(limit=0, period_seconds=1)
