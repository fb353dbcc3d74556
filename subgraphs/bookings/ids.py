"""Ids that follow from a booking's id, so that a step which runs twice speaks of the same thing."""

from __future__ import annotations

from uuid import UUID, uuid5


def hold_id_of(booking_id: UUID) -> UUID:
    """The hold of rooms in hotels."""
    return uuid5(booking_id, "hold")


def points_id_of(booking_id: UUID) -> UUID:
    """The reservation of points in gamification."""
    return uuid5(booking_id, "points")


def payment_id_of(booking_id: UUID) -> UUID:
    """The payment."""
    return uuid5(booking_id, "payment")


def refund_id_of(booking_id: UUID) -> UUID:
    """The one refund that a booking can have."""
    return uuid5(booking_id, "refund")
