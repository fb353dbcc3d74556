"""What the AI domain does when another domain has said something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.config import PlatformSettings
from shared.db import WriteSession
from shared.messaging import EventEnvelope, Handler
from subgraphs.ai.learning import events as learning
from subgraphs.ai.search import events as search


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic."""
    return merged(search.HANDLERS, learning.HANDLERS)


def merged(*parts: Mapping[str, Handler]) -> Mapping[str, Handler]:
    """The handlers of all parts; where several want a topic they run one after the other, in one transaction."""
    by_topic: dict[str, list[Handler]] = {}
    for part in parts:
        for topic, handler in part.items():
            by_topic.setdefault(topic, []).append(handler)
    return {topic: _in_turn(handlers) for topic, handlers in by_topic.items()}


def _in_turn(handlers: Sequence[Handler]) -> Handler:
    if len(handlers) == 1:
        return handlers[0]

    async def handle(session: WriteSession, envelope: EventEnvelope) -> None:
        for handler in handlers:
            await handler(session, envelope)

    return handle
