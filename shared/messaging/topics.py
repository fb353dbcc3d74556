"""Which handler takes a topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")

_PATTERN = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?")

COMMAND_PREFIX = "command."
"""Topics of commands start so: unlike an event, a command has one addressee, who must exist."""


class TopicTable(Generic[T]):
    """Values by topic: exact ones (``booking.confirmed``), or all topics one word below a prefix (``booking.*``).

    An exact topic wins over a pattern. The rule is the one of an AMQP topic exchange, so both brokers agree.
    """

    def __init__(self, entries: Mapping[str, T]) -> None:
        """Check the patterns. Raises ``ValueError`` for one that could never be served, or when there is none."""
        if not entries:
            raise ValueError("a consumer needs at least one topic")
        for pattern in entries:
            if not _PATTERN.fullmatch(pattern):
                raise ValueError(f"{pattern!r} is neither a topic nor a prefix with '.*' at its end")
        self._entries = dict(entries)

    @property
    def patterns(self) -> Iterable[str]:
        """The topics and patterns, as given."""
        return self._entries.keys()

    def get(self, topic: str) -> T | None:
        """The value for ``topic``, or ``None`` when nobody asked for it."""
        exact = self._entries.get(topic)
        if exact is not None:
            return exact
        return self._entries.get(topic.rpartition(".")[0] + ".*")
