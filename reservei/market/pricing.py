"""What a night costs when: seasons, weekends and the holidays of Brazil and Europe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from subgraphs.hotels.importing import CalendarPricing, Peak


class Season(StrEnum):
    """Places whose year runs alike."""

    BEACH = "beach"
    ISLAND = "island"
    RESORT = "resort"
    MOUNTAIN = "mountain"
    HISTORIC = "historic"
    NATURE = "nature"
    CITY = "city"
    EUROPE = "europe"


@dataclass(frozen=True, slots=True)
class _Year:
    months: tuple[int, ...]
    """Percent of the base price, January to December."""
    weekdays: tuple[int, ...]
    """Percent, Monday to Sunday."""
    new_year: int
    carnival: int
    holidays: int
    """Percent on long weekends."""
    winter_break: int
    """Percent in the school holidays of July."""


_LEISURE_WEEK: Final = (94, 92, 94, 102, 122, 124, 104)
_YEARS: Final[Mapping[Season, _Year]] = {
    Season.BEACH: _Year(
        (138, 124, 106, 98, 88, 86, 106, 92, 96, 102, 106, 126), _LEISURE_WEEK, 215, 175, 135, 118
    ),
    Season.ISLAND: _Year(
        (132, 122, 108, 98, 90, 90, 110, 104, 106, 104, 104, 124), (98, 96, 98, 102, 112, 114, 104), 210, 165, 130, 118
    ),
    Season.RESORT: _Year(
        (134, 116, 102, 100, 92, 92, 120, 94, 98, 108, 102, 122), (90, 88, 90, 102, 128, 130, 106), 190, 160, 145, 130
    ),
    Season.MOUNTAIN: _Year(
        (96, 88, 90, 98, 108, 130, 142, 116, 98, 102, 112, 128), (84, 82, 86, 104, 138, 142, 104), 165, 135, 150, 135
    ),
    Season.HISTORIC: _Year(
        (108, 100, 96, 104, 96, 100, 118, 96, 98, 104, 100, 112), (86, 86, 88, 102, 132, 136, 102), 150, 170, 150, 118
    ),
    Season.NATURE: _Year(
        (120, 104, 98, 100, 94, 100, 122, 108, 106, 104, 100, 116), (96, 94, 96, 102, 114, 114, 102), 160, 140, 140, 122
    ),
    Season.CITY: _Year(
        (88, 92, 104, 102, 104, 104, 96, 106, 108, 108, 106, 94), (108, 112, 112, 106, 92, 88, 90), 130, 110, 96, 97
    ),
    Season.EUROPE: _Year(
        (82, 84, 94, 106, 114, 120, 118, 112, 118, 108, 94, 104), (96, 96, 98, 100, 112, 116, 94), 150, 100, 100, 100
    ),
}  # fmt: skip

_NEW_YEAR_STAY: Final[Mapping[Season, int]] = {
    Season.BEACH: 4, Season.ISLAND: 5, Season.RESORT: 4, Season.MOUNTAIN: 3, Season.HISTORIC: 3, Season.NATURE: 3,
    Season.CITY: 1, Season.EUROPE: 2,
}  # fmt: skip
"""Fewest nights over New Year's Eve, as hotels of such places ask for."""

_JITTER_PERCENT: Final = 4


def pricing(season: Season, first_night: date, until: date, *, min_stay: int = 1) -> CalendarPricing:
    """How prices run from ``first_night`` up to ``until``; every stay has ``min_stay`` nights or more."""
    year = _YEARS[season]
    peaks = [
        Peak(
            first_night=peak.first_night, until=peak.until, percent=peak.percent, min_stay=max(peak.min_stay, min_stay)
        )
        for number in range(first_night.year - 1, until.year + 1)
        for peak in _peaks(season, year, number)
        if peak.until > first_night and peak.first_night < until and peak.percent > 100
    ]
    if min_stay > 1:
        peaks.append(Peak(first_night=first_night, until=until, percent=100, min_stay=min_stay))
    return CalendarPricing(months=year.months, weekdays=year.weekdays, peaks=peaks, jitter=_JITTER_PERCENT)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the "anonymous" algorithm, Meeus, Astronomical Algorithms, ch. 8)."""
    century, in_century = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _peaks(season: Season, year: _Year, number: int) -> Iterator[Peak]:
    stay = _NEW_YEAR_STAY[season]
    yield Peak(first_night=date(number, 12, 28), until=date(number + 1, 1, 2), percent=year.new_year, min_stay=stay)
    if season is Season.EUROPE:
        return
    sunday = easter(number)
    # Friday to Ash Wednesday.
    yield Peak(
        first_night=sunday - timedelta(51), until=sunday - timedelta(46), percent=year.carnival, min_stay=min(stay, 4)
    )
    yield Peak(first_night=sunday - timedelta(3), until=sunday, percent=year.holidays, min_stay=min(stay, 2))
    yield Peak(first_night=sunday + timedelta(60), until=sunday + timedelta(63), percent=year.holidays)
    yield Peak(first_night=date(number, 7, 10), until=date(number, 7, 27), percent=year.winter_break)
    for month, day in ((4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20)):
        yield from _long_weekend(date(number, month, day), year.holidays)


def _long_weekend(holiday: date, percent: int) -> Iterator[Peak]:
    """The nights around a national holiday that touches a weekend; Brazilians bridge Tuesdays and Thursdays."""
    weekday = holiday.weekday()
    if weekday in {0, 1}:  # Monday, Tuesday: from Friday on
        friday = holiday - timedelta(weekday + 3)
        yield Peak(first_night=friday, until=holiday, percent=percent)
    elif weekday in {3, 4}:  # Thursday, Friday: from its eve to Sunday
        yield Peak(first_night=holiday - timedelta(1), until=holiday + timedelta(6 - weekday), percent=percent)
