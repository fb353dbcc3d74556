"""What gamification does with what other domains tell: bookings, reviews, accounts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from shared.contracts.bookings import BookingEvent
from shared.contracts.hotels import ReviewAdded
from shared.db import WriteSession
from subgraphs.gamification.events import Cause
from subgraphs.gamification.repository import activity, progress, travelers
from subgraphs.gamification.rules.activity import OF_BOOKINGS, REVIEWED, Activity
from subgraphs.gamification.rules.measures import ZONE
from subgraphs.gamification.service.grants import bring_into_line
from subgraphs.gamification.service.settling import settle, tell_points

_FRIDAY: Final = 4
_SATURDAY: Final = 5


def activity_of_booking(
    event_id: UUID, event_type: str, occurred_at: datetime, sequence: int, booking: BookingEvent
) -> Activity | None:
    """What rules see of a booking's event; ``None`` for events that mean nothing to them."""
    if event_type not in OF_BOOKINGS:
        return None
    data: dict[str, Any] = {
        "nights": (booking.check_out - booking.check_in).days,
        "rooms": booking.rooms,
        "guests": booking.guests,
        "total_minor": booking.total_minor,
        "currency": booking.currency,
        "hotel_id": str(booking.hotel_id),
        "city": booking.city,
        "region": booking.region,
        "country_code": booking.country_code,
        "payment_method": booking.payment_method,
        "lead_days": (booking.check_in - occurred_at.astimezone(ZONE).date()).days,
        "is_weekend": _has_weekend(booking.check_in, booking.check_out),
    }
    known = {name: value for name, value in data.items() if value is not None}
    return Activity(event_id, event_type, occurred_at, booking.booking_id, sequence, known)


def activity_of_review(event_id: UUID, occurred_at: datetime, review: ReviewAdded) -> Activity:
    """What rules see of a review."""
    data = {
        "hotel_id": str(review.hotel_id),
        "rating_tenths": review.rating_tenths,
        "is_verified_stay": review.is_verified_stay,
    }
    return Activity(event_id, REVIEWED, occurred_at, review.review_id, 1, data)


async def happened(session: WriteSession, user_id: UUID, what: Activity, *, cause: Cause, now: datetime) -> None:
    """Keep an activity of a traveler and settle them. One that we have, or of a deleted account, changes nothing."""
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is None and await activity.record(session, user_id, what):
        await settle(session, traveler, now, cause)


async def introduced(
    session: WriteSession, user_id: UUID, display_name: str, sequence: int, *, cause: Cause, now: datetime
) -> None:
    """Somebody has an account, or another name. An event that is older than what we know changes nothing."""
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is not None or sequence <= traveler.profile_sequence:
        return
    traveler.display_name, traveler.profile_sequence = display_name, sequence
    if traveler.announced_level == 0:
        await settle(session, traveler, now, cause)


async def forget(session: WriteSession, user_id: UUID, *, cause: Cause, now: datetime) -> None:
    """The account is gone: name, activities, progress and points too. The ledger keeps numbers under a bare id."""
    traveler = await travelers.lock(session, user_id)
    if traveler.deleted_at is not None:
        return
    entries = traveler.ledger_sequence
    await activity.forget(session, user_id)
    await progress.forget(session, user_id)
    await bring_into_line(session, traveler, {}, now)
    traveler.deleted_at = now
    traveler.display_name = None
    traveler.due_at = None
    traveler.lifetime = traveler.streak = traveler.longest_streak = 0
    traveler.level = None
    await travelers.note_board_change(session, user_id)
    if traveler.ledger_sequence != entries:
        tell_points(session, traveler, cause)


def _has_weekend(check_in: date, check_out: date) -> bool:
    nights = (check_in + timedelta(days=number) for number in range(min((check_out - check_in).days, 7)))
    return any(night.weekday() in {_FRIDAY, _SATURDAY} for night in nights)
