"""Client events: which are taken, and how they travel to whoever counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from shared.contracts.analytics import ClientEvent, ClientEvents
from shared.db import new_id
from shared.messaging import Broker, EventEnvelope

MOST_EVENTS: Final = 500
"""In one call."""
EARLY: Final = timedelta(minutes=5)
"""How far a visitor's clock may be ahead."""
LATE: Final = timedelta(days=7)
"""How long a client may keep what it could not send."""
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_STAY: Final = timedelta(days=365)


class Rejection(StrEnum):
    """Why an event is not taken."""

    IN_THE_FUTURE = "IN_THE_FUTURE"
    TOO_OLD = "TOO_OLD"
    DUPLICATE_ID = "DUPLICATE_ID"
    MALFORMED = "MALFORMED"


@dataclass(frozen=True, slots=True)
class Sorted:
    """The events of a call, told apart."""

    accepted: list[ClientEvent]
    rejected: list[tuple[UUID, Rejection]]


def sort_events(events: Sequence[ClientEvent], now: datetime) -> Sorted:
    """Tell those that are taken from those that are not. Of several with one id the first counts."""
    accepted: list[ClientEvent] = []
    rejected: list[tuple[UUID, Rejection]] = []
    seen: set[UUID] = set()
    for event in events:
        fault = Rejection.DUPLICATE_ID if event.event_id in seen else _fault(event, now)
        seen.add(event.event_id)
        if fault is None:
            accepted.append(event)
        else:
            rejected.append((event.event_id, fault))
    return Sorted(accepted, rejected)


async def hand_over(
    broker: Broker, *, visitor_id: UUID, user_id: UUID | None, events: Sequence[ClientEvent], now: datetime
) -> None:
    """Give the events to the broker, as one message. Raises when it is not known to have them."""
    message_id = new_id()
    told = ClientEvents(visitor_id=visitor_id, user_id=user_id, events=list(events))
    envelope = EventEnvelope(
        id=message_id,
        type=ClientEvents.topic,
        version=1,
        occurred_at=now,
        aggregate_id=visitor_id,
        aggregate_sequence=0,
        correlation_id=message_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(told)),
    )
    await broker.publish(
        domain="analytics",
        topic=ClientEvents.topic,
        message_id=str(message_id),
        body=msgspec.json.encode(envelope),
    )


def _fault(event: ClientEvent, now: datetime) -> Rejection | None:
    if event.occurred_at > now + EARLY:
        return Rejection.IN_THE_FUTURE
    if event.occurred_at < now - LATE:
        return Rejection.TOO_OLD
    return None if _is_well_formed(event) else Rejection.MALFORMED


def _is_well_formed(event: ClientEvent) -> bool:
    if event.destination is not None and (len(event.destination) > 80 or not _SLUG.fullmatch(event.destination)):
        return False
    if (event.check_in is None) != (event.check_out is None):
        return False
    if event.check_in is not None and event.check_out is not None:
        nights = event.check_out - event.check_in
        if nights < timedelta(days=1) or nights > _LONGEST_STAY:
            return False
    numbers = ((event.query_length, 0, 10_000), (event.position, 1, 10_000))
    return all(value is None or least <= value <= most for value, least, most in numbers)
