"""Ids that follow from the id of a booking, or of a change of its stay, so that a step which runs twice speaks of the
same thing."""

from __future__ import annotations

from uuid import UUID, uuid5


def hold_id_of(booking_id: UUID) -> UUID:
    """The hold of rooms in hotels, of a booking or of a change of its stay."""
    return uuid5(booking_id, "hold")


def points_id_of(booking_id: UUID) -> UUID:
    """The reservation of points in gamification."""
    return uuid5(booking_id, "points")


def payment_id_of(booking_id: UUID) -> UUID:
    """The payment of a booking, or of the difference of a change."""
    return uuid5(booking_id, "payment")


def refund_id_of(booking_id: UUID) -> UUID:
    """The refund of the booking's first payment on a cancellation. Payments of later changes: of the change's id."""
    return uuid5(booking_id, "refund")


def difference_refund_id_of(change_id: UUID, payment_id: UUID) -> UUID:
    """What a change to a cheaper stay gives back of a payment."""
    return uuid5(change_id, f"refund:{payment_id}")
