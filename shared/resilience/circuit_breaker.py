"""A circuit breaker: leave alone what fails again and again, and try it carefully afterwards.

See Nygard, "Release It!", chapter "Stability Patterns". The state is this process's own: each learns by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class CircuitBreaker:
    """Closed (calls pass) until ``failures`` in a row; then open for a while; then one call is let through to see.

    Ask :meth:`allows` before a call, and tell how it went by :meth:`succeeded` or :meth:`failed`.
    """

    def __init__(self, *, failures: int, open_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin closed.

        Args:
            failures: In a row, until it opens.
            open_seconds: How long no call passes.
            clock: Seconds, for tests that travel in time.
        """
        self._limit = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probe_since: float | None = None

    @property
    def remaining_seconds(self) -> float:
        """How long no call passes yet; 0 when one may."""
        if self._opened_at is None:
            return 0.0
        since = self._opened_at if self._probe_since is None else self._probe_since
        return max(0.0, since + self._open_seconds - self._clock())

    @property
    def is_closed(self) -> bool:
        """Whether calls pass freely."""
        return self._opened_at is None

    def allows(self) -> bool:
        """Whether a call may be made now. When the time is over, exactly one caller hears yes, and is to tell.

        One that never tells is forgotten after the same time.
        """
        if self._opened_at is None:
            return True
        if self.remaining_seconds > 0:
            return False
        self._probe_since = self._clock()
        return True

    def succeeded(self) -> None:
        """A call went well: closed."""
        self._failures = 0
        self._opened_at = None
        self._probe_since = None

    def failed(self) -> None:
        """A call failed."""
        self._failures += 1
        if self._opened_at is not None or self._failures >= self._limit:
            self._opened_at = self._clock()
            self._probe_since = None
