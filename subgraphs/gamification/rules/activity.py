"""What travelers do, as rules see it: which events there are, and which fields each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Activity:
    """Something a traveler did."""

    event_id: UUID
    type: str
    occurred_at: datetime
    subject_id: UUID
    """The booking or the review."""
    sequence: int
    """Of the booking: the activity with the highest says how it is now."""
    data: Mapping[str, Any]


CONFIRMED: Final = "booking.confirmed"
CHANGED: Final = "booking.changed"
CHECKED_IN: Final = "booking.checked_in"
CHECKED_OUT: Final = "booking.checked_out"
CANCELLED: Final = "booking.cancelled"
NO_SHOW: Final = "booking.no_show"
REVIEWED: Final = "review.added"
CALLED_OFF: Final = frozenset({CANCELLED, NO_SHOW})
"""After one of these a booking counts as if it had never been made."""
OF_BOOKINGS: Final = frozenset({CONFIRMED, CHANGED, CHECKED_IN, CHECKED_OUT, CANCELLED, NO_SHOW})

_STAY: Final[Mapping[str, type]] = {
    "nights": int,
    "rooms": int,
    "guests": int,
    "total_minor": int,
    "currency": str,
    "hotel_id": str,
    "city": str,
    "region": str,
    "country_code": str,
    "payment_method": str,
    "lead_days": int,
    "is_weekend": bool,
}
"""``lead_days``: from the event to check-in. ``is_weekend``: a night from Friday or Saturday is part of the stay."""
_REVIEW: Final[Mapping[str, type]] = {"hotel_id": str, "rating_tenths": int, "is_verified_stay": bool}

FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    CONFIRMED: _STAY,
    CHECKED_IN: _STAY,
    CHECKED_OUT: _STAY,
    CANCELLED: _STAY,
    REVIEWED: _REVIEW,
}
"""The events that a rule may be about, and the type of each of their fields. A field can be missing."""
