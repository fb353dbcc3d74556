"""The events that this domain publishes. The aggregate is the user; answers to bookings are about the booking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias
from uuid import UUID

import msgspec

from shared.contracts.gamification import CouponGranted, LevelReached, MissionCompleted
from shared.contracts.points import PointsRefused, PointsReserved
from shared.db import WriteSession
from shared.messaging import record_event
from subgraphs.gamification.models import OutboxMessage, Reservation, Traveler

__all__ = [
    "AchievementReached",
    "Cause",
    "CouponGranted",
    "LevelReached",
    "MissionCompleted",
    "MissionProgressed",
    "PointsChanged",
    "PointsRefused",
    "PointsReserved",
]


class PointsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler's points moved; these are the balances after it."""

    type: ClassVar[str] = "points.changed"

    user_id: UUID
    pending: int
    available: int
    reserved: int
    ledger_sequence: int
    """Of the last entry of the traveler's ledger."""


class MissionProgressed(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler's progress in a mission changed."""

    type: ClassVar[str] = "mission.progressed"

    user_id: UUID
    mission_id: UUID
    value: int
    target: int
    completions: int


class AchievementReached(msgspec.Struct, frozen=True, kw_only=True):
    """A traveler reached a tier of an achievement, or got a badge."""

    type: ClassVar[str] = "achievement.reached"

    user_id: UUID
    code: str
    tier: int
    """1 for the lowest."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What led to a change."""

    correlation_id: UUID | None = None
    event_id: UUID | None = None
    """The event or command; ``None`` for a client's call, or when it was time."""


TravelerEvent: TypeAlias = (
    PointsChanged | MissionProgressed | AchievementReached | MissionCompleted | LevelReached | CouponGranted
)


def publish(session: WriteSession, traveler: Traveler, event: TravelerEvent, cause: Cause) -> None:
    """Record ``event`` in the current transaction; the caller holds the traveler's row."""
    traveler.version += 1
    record_event(
        session,
        OutboxMessage,
        type=event.type,
        aggregate_id=traveler.user_id,
        aggregate_sequence=traveler.version,
        payload=event,
        correlation_id=cause.correlation_id,
        causation_id=cause.event_id,
    )


def answer(
    session: WriteSession, reservation: Reservation, reply: PointsReserved | PointsRefused, cause: Cause
) -> None:
    """Record the answer to a command of bookings in the current transaction."""
    record_event(
        session,
        OutboxMessage,
        type=reply.topic,
        aggregate_id=reply.booking_id,
        aggregate_sequence=reservation.version,
        payload=reply,
        correlation_id=cause.correlation_id,
        causation_id=cause.event_id,
    )
