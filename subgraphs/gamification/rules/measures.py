"""Measures: what a rule makes of the activities that count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from subgraphs.gamification.rules.activity import Activity
from subgraphs.gamification.rules.definitions import Count, Distinct, Filter, Operator, Rule, Streak, Sum

ZONE: Final = ZoneInfo("America/Sao_Paulo")
"""Where days, weeks and months begin, also those of leaderboards."""

_TESTS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    "eq": lambda found, given: bool(found == given),
    "ne": lambda found, given: bool(found != given),
    "lt": lambda found, given: bool(found < given),
    "lte": lambda found, given: bool(found <= given),
    "gt": lambda found, given: bool(found > given),
    "gte": lambda found, given: bool(found >= given),
    "in": lambda found, given: found in given,
    "not_in": lambda found, given: found not in given,
}


def counts(rule: Rule, activity: Activity) -> bool:
    """Whether ``activity`` is one that ``rule`` is about. A filter on a field that is missing does not hold."""
    return activity.type == rule.event and all(_holds(each, activity) for each in rule.where)


def _holds(given: Filter, activity: Activity) -> bool:
    found = activity.data.get(given.field)
    return found is not None and _TESTS[given.op](found, given.value)


def measure(rule: Rule, activities: Sequence[Activity], at: datetime) -> int:
    """What ``rule`` measures at a moment over ``activities``, which all count, none later, the oldest first."""
    if rule.window_days is not None:
        begin = at - timedelta(days=rule.window_days)
        activities = [activity for activity in activities if activity.occurred_at > begin]
    match rule.measure:
        case Count():
            return len(activities)
        case Sum(field=field):
            return sum(activity.data.get(field) or 0 for activity in activities)
        case Distinct(field=field):
            return len({activity.data[field] for activity in activities if activity.data.get(field) is not None})
        case Streak(unit=unit):
            return streak(activities, unit, at)


def changes_at(rule: Rule, activities: Sequence[Activity], at: datetime) -> datetime | None:
    """When time alone will next change what ``rule`` measures; ``None`` for never."""
    if isinstance(rule.measure, Streak):
        if not activities:
            return None
        unit = rule.measure.unit
        end = _start_of(_period(activities[-1].occurred_at, unit) + 2, unit)
        return end if end > at else None
    if rule.window_days is None:
        return None
    window = timedelta(days=rule.window_days)
    return next((activity.occurred_at + window for activity in activities if activity.occurred_at + window > at), None)


def streak(activities: Sequence[Activity], unit: str, at: datetime) -> int:
    """The periods in a row with an activity, up to the present one or the one before."""
    periods = {_period(activity.occurred_at, unit) for activity in activities}
    present = _period(at, unit)
    last = present if present in periods else present - 1
    length = 0
    while last - length in periods:
        length += 1
    return length


def longest_streak(activities: Sequence[Activity], unit: str) -> int:
    """The most periods in a row that ever had an activity."""
    longest = length = 0
    before: int | None = None
    for period in sorted({_period(activity.occurred_at, unit) for activity in activities}):
        length = length + 1 if before == period - 1 else 1
        longest, before = max(longest, length), period
    return longest


def _period(moment: datetime, unit: str) -> int:
    """The number of the day, week or month that ``moment`` is in."""
    day = moment.astimezone(ZONE).date()
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - 1) // 7  # ordinal 1 is a Monday
    return day.year * 12 + day.month - 1


def _start_of(period: int, unit: str) -> datetime:
    if unit == "day":
        day = date.fromordinal(period)
    elif unit == "week":
        day = date.fromordinal(period * 7 + 1)
    else:
        day = date(period // 12, period % 12 + 1, 1)
    return datetime.combine(day, time(), ZONE).astimezone(UTC)
