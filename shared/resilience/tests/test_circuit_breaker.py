"""A circuit breaker opens, waits, probes once, and closes."""

from __future__ import annotations

from shared.resilience import CircuitBreaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(failures=3, open_seconds=10, clock=clock)


def test_it_opens_after_failures_in_a_row_only() -> None:
    it = breaker(Clock())
    for _ in range(5):
        it.failed()
        it.failed()
        it.succeeded()
    assert it.is_closed
    it.failed()
    it.failed()
    assert it.allows()
    it.failed()
    assert not it.allows()
    assert not it.is_closed
    assert it.remaining_seconds == 10


def test_after_a_while_one_caller_tries_and_decides() -> None:
    clock = Clock()
    it = breaker(clock)
    for _ in range(3):
        it.failed()
    clock.now += 10
    assert it.allows()
    assert not it.allows()
    it.failed()
    assert it.remaining_seconds == 10
    clock.now += 10
    assert it.allows()
    it.succeeded()
    assert it.allows()
    assert it.allows()


def test_a_caller_that_never_tells_is_not_waited_for_for_ever() -> None:
    clock = Clock()
    it = breaker(clock)
    for _ in range(3):
        it.failed()
    clock.now += 10
    assert it.allows()
    clock.now += 10
    assert it.allows()
