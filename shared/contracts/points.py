"""Points as money: what bookings asks of gamification, and what gamification answers.

A reservation is known by ``reservation_id``, which bookings chooses; a command that arrives twice has effect once. A
reservation does not expire by itself: whoever made it confirms or releases it.
"""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

import msgspec


class ReservePoints(msgspec.Struct, frozen=True, kw_only=True):
    """Set ``points`` of the user's balance aside for a booking."""

    topic: ClassVar[str] = "command.gamification.reserve_points"

    reservation_id: UUID
    booking_id: UUID
    user_id: UUID
    points: int


class ConfirmPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Spend the points that were set aside. No answer is sent."""

    topic: ClassVar[str] = "command.gamification.confirm_points"

    reservation_id: UUID
    booking_id: UUID


class ReleasePoints(msgspec.Struct, frozen=True, kw_only=True):
    """Give points that were set aside, or spent, back to the balance. One that overtakes its reservation keeps that
    reservation from ever being made. No answer is sent."""

    topic: ClassVar[str] = "command.gamification.release_points"

    reservation_id: UUID
    booking_id: UUID


class PointsReserved(msgspec.Struct, frozen=True, kw_only=True):
    """The points are set aside."""

    topic: ClassVar[str] = "points.reserved"

    reservation_id: UUID
    booking_id: UUID
    points: int


PointsRefusal = Literal["too_few_points", "released"]


class PointsRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The points are not there; nothing is set aside."""

    topic: ClassVar[str] = "points.refused"

    reservation_id: UUID
    booking_id: UUID
    reason: PointsRefusal
    available: int
    """How many the user could spend."""
