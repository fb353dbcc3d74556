"""A stay: the nights, guests and rooms that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

LATEST_ZONE = timedelta(hours=-12)
"""Where the date changes last: what is past here is past everywhere."""
EARLIEST_ZONE = timedelta(hours=14)
"""Where the date changes first."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Nights from ``check_in`` up to, not including, ``check_out``; dates are local to the hotel."""

    check_in: date
    check_out: date
    guests: int
    """In all rooms together."""
    rooms: int = 1
    replaces_hold_id: UUID | None = None
    """The hold of a booking whose stay is to become this one: the rooms that it bought count as free."""

    @property
    def night_count(self) -> int:
        """How many nights."""
        return (self.check_out - self.check_in).days


def today_in(time_zone: str, now: datetime) -> date:
    """The date at a hotel in ``time_zone`` (an IANA name) at the moment ``now``."""
    return now.astimezone(ZoneInfo(time_zone)).date()


def earliest_today(now: datetime) -> date:
    """The date where it changes last: a check-in before it is in the past at every hotel."""
    return (now.astimezone(UTC) + LATEST_ZONE).date()


def may_be_past_somewhere(day: date, now: datetime) -> bool:
    """Whether ``day`` is already over at some place on Earth."""
    return day < (now.astimezone(UTC) + EARLIEST_ZONE).date()
