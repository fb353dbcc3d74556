"""Rate limits in Redis or Valkey, by the generic cell rate algorithm (GCRA, from ITU-T I.371's leaky bucket).

One number per key, the *theoretical arrival time* (TAT): when the bucket would be empty again. An attempt moves it
``period / limit`` further; it may lie at most ``period`` ahead of now. So a limit of 10 in 900 s lets 10 attempts
through at once and then one every 90 s: no window whose edge lets twice the limit through, and no list of attempts.

Each operation is one Lua script on one key: atomic, one round trip, and fit for Redis Cluster.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from redis.asyncio import Redis

# The server's clock counts, not ours: processes on several machines share a key. Microseconds stay below 2^53, so
# Lua's doubles hold them exactly. ARGV: interval between attempts, limit, cost, now (empty: the server's clock).
_NOW: Final = """
local now = tonumber(ARGV[4])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local interval, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local function store(value)
  if value > now then
    redis.call('SET', KEYS[1], string.format('%.0f', value), 'PX', math.ceil((value - now) / 1000))
  else
    redis.call('DEL', KEYS[1])
  end
end
"""

_HIT: Final = (
    _NOW
    + """
local budget = interval * limit
local next_arrival = arrival + interval * cost
local wait = next_arrival - budget - now
if wait > 0 then
  return {0, math.floor((budget - (arrival - now)) / interval), string.format('%.0f', wait)}
end
store(next_arrival)
return {1, math.floor((budget - (next_arrival - now)) / interval), '0'}
"""
)

_REFUND: Final = (
    _NOW
    + """
store(arrival - interval * cost)
return 1
"""
)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``limit`` attempts in a burst, refilled evenly over ``period_seconds``."""

    limit: int
    period_seconds: float

    def __post_init__(self) -> None:
        if self.limit < 1 or self.period_seconds <= 0:
            raise ValueError("a rate needs a limit of 1 or more in a period longer than nothing")

    @property
    def interval_microseconds(self) -> int:
        """How long one attempt takes to be forgotten."""
        return max(1, round(self.period_seconds * 1_000_000 / self.limit))


@dataclass(frozen=True, slots=True)
class Decision:
    """What the limiter said about one attempt."""

    allowed: bool
    remaining: int
    """How many attempts of cost 1 would be let through right now."""
    retry_after_seconds: float
    """How long to wait until this attempt would be let through; 0 when it was."""

    @property
    def retry_after(self) -> int:
        """The wait in whole seconds, rounded up: what ``Retry-After`` and ``retryAfterSeconds`` carry."""
        return math.ceil(self.retry_after_seconds)


class RateLimiter:
    """Counts attempts under a key, atomically over all processes.

    Errors of Redis are not caught: whether an unreachable limiter lets everybody in or nobody is the caller's
    decision, and differs between a sign-in and a search.
    """

    def __init__(self, redis: Redis, *, namespace: str = "rate", clock: Callable[[], float] | None = None) -> None:
        """Args:
        redis: Any client of the shared server.
        namespace: First part of the Redis keys.
        clock: Unix time in seconds, for tests; by default the Redis server's own clock.
        """
        self._namespace = namespace
        self._clock = clock
        self._hit = redis.register_script(_HIT)
        self._refund = redis.register_script(_REFUND)
        self._redis = redis

    async def hit(self, key: str, rate: Rate, cost: int = 1) -> Decision:
        """Count an attempt under ``key``, unless it exceeds ``rate``. A refused attempt counts nothing.

        Raises:
            ValueError: ``cost`` is below 1, or above the limit so that no wait would ever suffice.
        """
        if not 1 <= cost <= rate.limit:
            raise ValueError(f"the cost must be between 1 and the limit {rate.limit}, not {cost}")
        allowed, remaining, wait = await self._hit(keys=[self._name(key)], args=self._arguments(rate, cost))
        return Decision(bool(allowed), int(remaining), int(wait) / 1_000_000)

    async def refund(self, key: str, rate: Rate, cost: int = 1) -> None:
        """Give back an attempt that was counted and turned out legitimate."""
        await self._refund(keys=[self._name(key)], args=self._arguments(rate, cost))

    async def reset(self, key: str) -> None:
        """Forget every attempt under ``key``."""
        await self._redis.delete(self._name(key))

    def _arguments(self, rate: Rate, cost: int) -> list[str | int]:
        now = "" if self._clock is None else str(round(self._clock() * 1_000_000))
        return [rate.interval_microseconds, rate.limit, cost, now]

    def _name(self, key: str) -> str:
        # Hashed: keys are made of e-mails and addresses, which have no business in a cache dump, and of any length.
        return f"{self._namespace}:{sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}"
