"""Chance that falls the same way every time: on every machine, with every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of chance that depends on its key alone.

    Built on ``Random.random()`` only: Python promises that its sequence never changes, and promises nothing about
    ``choice`` and ``shuffle``.
    """

    def __init__(self, *key: object) -> None:
        # Not for secrets: names and prices of a demo market.
        self._random = Random("/".join(str(part) for part in key)).random  # noqa: S311

    def fraction(self) -> float:
        """A number from 0 up to, not including, 1."""
        return self._random()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def integer(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self._random() * (high - low + 1))

    def between(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``, more often near their middle."""
        return low + (high - low) * (self._random() + self._random()) / 2

    def pick(self, options: Sequence[T]) -> T:
        """One of ``options``."""
        return options[int(self._random() * len(options))]

    def weighted(self, options: Sequence[T], weights: Sequence[float]) -> T:
        """One of ``options``, in proportion to its weight."""
        limits = list(accumulate(weights))
        point = self._random() * limits[-1]
        return next(option for option, limit in zip(options, limits, strict=True) if point < limit)

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """``count`` different ones of ``options`` (all, when there are fewer), in random order."""
        left = list(options)
        return [left.pop(int(self._random() * len(left))) for _ in range(min(count, len(left)))]
