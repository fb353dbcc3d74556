"""Seasons, weekends and movable feasts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from reservei.market.pricing import Season, easter, pricing
from subgraphs.hotels.importing import CalendarPricing


@pytest.mark.parametrize(
    "sunday",
    [
        date(1961, 4, 2), date(2000, 4, 23), date(2008, 3, 23), date(2011, 4, 24), date(2024, 3, 31), date(2025, 4, 20),
        date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25),
    ],
)  # fmt: skip
def test_easter(sunday: date) -> None:
    assert easter(sunday.year) == sunday


def _percent(prices: CalendarPricing, night: date) -> int:
    """What the database computes, without the jitter."""
    peak = max((peak.percent for peak in prices.peaks if peak.first_night <= night < peak.until), default=100)
    return prices.months[night.month - 1] * prices.weekdays[night.weekday()] * peak // 10_000


def _min_stay(prices: CalendarPricing, night: date) -> int:
    peaks = [(peak.percent, peak.min_stay) for peak in prices.peaks if peak.first_night <= night < peak.until]
    return max(peaks, default=(100, 1))[1]


@pytest.fixture(name="beach")
def _beach() -> CalendarPricing:
    return pricing(Season.BEACH, date(2026, 11, 1), date(2028, 5, 1))


def test_new_years_eve_is_the_dearest_time_at_the_beach(beach: CalendarPricing) -> None:
    nights = [date(2026, 11, 1) + timedelta(day) for day in range(540)]
    dearest = sorted(nights, key=lambda night: _percent(beach, night))[-3:]
    assert {(night.month, night.day) for night in dearest} <= {(12, 31), (1, 1)}
    assert _percent(beach, date(2026, 12, 31)) > 2 * _percent(beach, date(2027, 5, 13))
    assert _min_stay(beach, date(2026, 12, 31)) == 4


def test_carnival_of_2027_runs_from_friday_to_ash_wednesday(beach: CalendarPricing) -> None:
    friday = date(2027, 2, 5)
    carnival = [friday + timedelta(day) for day in range(5)]
    for night in carnival:
        assert _percent(beach, night) > 1.5 * _percent(beach, night + timedelta(7))
    assert [_min_stay(beach, night) for night in carnival] == [4] * 5
    assert _min_stay(beach, friday - timedelta(1)) == _min_stay(beach, friday + timedelta(5)) == 1


def test_a_city_is_dear_on_working_days_and_a_mountain_on_weekends_and_in_winter() -> None:
    span = date(2027, 5, 1), date(2027, 9, 1)
    city, mountain = pricing(Season.CITY, *span), pricing(Season.MOUNTAIN, *span)
    tuesday, saturday = date(2027, 6, 15), date(2027, 6, 19)
    assert _percent(city, tuesday) > _percent(city, saturday)
    assert _percent(mountain, saturday) > 1.5 * _percent(mountain, tuesday)
    assert _percent(mountain, date(2027, 7, 17)) > _percent(mountain, date(2027, 5, 15))


def test_a_minimum_stay_holds_every_night_and_peaks_may_ask_for_more() -> None:
    first, until = date(2026, 12, 1), date(2027, 3, 1)
    prices = pricing(Season.BEACH, first, until, min_stay=3)
    stays = {_min_stay(prices, first + timedelta(day)) for day in range((until - first).days)}
    assert stays == {3, 4}


def test_europe_knows_no_carnival() -> None:
    prices = pricing(Season.EUROPE, date(2027, 1, 10), date(2027, 12, 20))
    assert prices.peaks == []
