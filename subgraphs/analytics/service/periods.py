"""Ranges of days and the periods that they are cut into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from subgraphs.analytics.service.refusals import Refused

MOST_DAYS = 3_660
"""Ten years."""
MOST_PERIODS = 800
EARLIEST = date(2000, 1, 1)
LATEST = date(2100, 1, 1)


class Interval(StrEnum):
    """How long a period is. Weeks begin on Monday (ISO 8601)."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from ``start`` to ``end``, both included.

    Raises:
        Refused: the end is before the start, more than ten years, or outside this century.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise Refused("end_before_start", "endDate")
        if self.start < EARLIEST or self.end >= LATEST:
            raise Refused("outside_this_century", "startDate")
        if self.days > MOST_DAYS:
            raise Refused("range_too_long", "endDate")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days + 1

    def periods(self, interval: Interval) -> list[date]:
        """The first days of the periods that the range touches.

        Raises:
            Refused: there are more than 800.
        """
        periods: list[date] = []
        for first in _first_days(period_of(self.start, interval), self.end, interval):
            periods.append(first)
            if len(periods) > MOST_PERIODS:
                raise Refused("too_many_periods", "interval", most=MOST_PERIODS)
        return periods


def period_of(day: date, interval: Interval) -> date:
    """The first day of the period that ``day`` is in."""
    match interval:
        case Interval.DAY:
            return day
        case Interval.WEEK:
            return day - timedelta(days=day.weekday())
        case Interval.MONTH:
            return day.replace(day=1)
        case Interval.QUARTER:
            return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
        case Interval.YEAR:
            return day.replace(month=1, day=1)


def months_later(day: date, months: int) -> date:
    """The first day of the month that is ``months`` after the one of ``day``."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}
_DAYS = {Interval.DAY: 1, Interval.WEEK: 7}


def _first_days(first: date, end: date, interval: Interval) -> Iterator[date]:
    while first <= end:
        yield first
        if interval in _MONTHS:
            first = months_later(first, _MONTHS[interval])
        else:
            first += timedelta(days=_DAYS[interval])
