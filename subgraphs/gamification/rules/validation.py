"""Reads definitions and says what is wrong with them, with the path of each mistake."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, TypeVar

import msgspec

from subgraphs.gamification.rules.activity import FIELDS
from subgraphs.gamification.rules.definitions import (
    AchievementDefinition,
    CouponReward,
    Distinct,
    EarningRule,
    Filter,
    LevelDefinition,
    MissionDefinition,
    Rule,
    Streak,
    Sum,
    Text,
)

DefinitionT = TypeVar("DefinitionT", bound=msgspec.Struct)

MAX_TARGET: Final = 10**12
MAX_POINTS: Final = 1_000_000
MAX_WINDOW_DAYS: Final = 3660
MAX_FILTERS: Final = 20
MAX_TEXT: Final = 500
_PATH: Final = re.compile(r"^(?P<message>.*?)(?: - at `\$?(?P<path>.*)`)?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something in a definition that cannot be."""

    path: str
    """Where: ``rule.where[0].value``; empty for the whole."""
    message: str


class InvalidDefinition(ValueError):
    """A definition with mistakes."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("; ".join(f"{mistake.path}: {mistake.message}" for mistake in mistakes))
        self.mistakes = mistakes


def read_mission(value: Any, badges: Collection[str]) -> MissionDefinition:
    """A mission from JSON data.

    Args:
        value: The decoded JSON.
        badges: Codes of the badges that missions may give.

    Raises:
        InvalidDefinition: it cannot be; says where and why.
    """
    mission = _convert(value, MissionDefinition)
    _raise(_mission_mistakes(mission, badges))
    return mission


def read_achievement(value: Any) -> AchievementDefinition:
    """An achievement from JSON data. Raises :class:`InvalidDefinition`."""
    achievement = _convert(value, AchievementDefinition)
    _raise(_achievement_mistakes(achievement))
    return achievement


def read_level(value: Any) -> LevelDefinition:
    """A level from JSON data. Raises :class:`InvalidDefinition`."""
    level = _convert(value, LevelDefinition)
    _raise(_in_range("multiplier_percent", level.multiplier_percent, 100, 1000))
    return level


def read_earning_rule(value: Any) -> EarningRule:
    """An earning rule from JSON data. Raises :class:`InvalidDefinition`."""
    rule = _convert(value, EarningRule)
    _raise(_earning_mistakes(rule))
    return rule


def _convert(value: Any, kind: type[DefinitionT]) -> DefinitionT:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found = _PATH.match(str(error))
        assert found is not None  # the pattern takes any text
        path = (found["path"] or "").removeprefix(".")
        raise InvalidDefinition([Mistake(path, found["message"])]) from error


def _raise(mistakes: Iterator[Mistake]) -> None:
    if found := list(mistakes):
        raise InvalidDefinition(found)


def _mission_mistakes(mission: MissionDefinition, badges: Collection[str]) -> Iterator[Mistake]:
    yield from _text_mistakes("title", mission.title)
    yield from _text_mistakes("description", mission.description)
    yield from _rule_mistakes("rule", mission.rule)
    yield from _in_range("target", mission.target, 1, MAX_TARGET)
    if isinstance(mission.rule.measure, Streak) and mission.rule.window_days is not None:
        yield Mistake("rule.window_days", "a streak has no window: it ends by itself")
    rewards = mission.rewards
    yield from _in_range("rewards.points", rewards.points, 0, MAX_POINTS)
    if rewards.badge is not None and rewards.badge not in badges:
        known = ", ".join(sorted(badges)) or "none"
        yield Mistake("rewards.badge", f"there is no badge {rewards.badge!r}; badges: {known}")
    if rewards.coupon is not None:
        yield from _coupon_mistakes("rewards.coupon", rewards.coupon)
    for name in ("starts_at", "ends_at"):
        yield from _zone_mistakes(name, getattr(mission, name))
    if _is_backwards(mission.starts_at, mission.ends_at):
        yield Mistake("ends_at", "must be after starts_at")


def _rule_mistakes(path: str, rule: Rule) -> Iterator[Mistake]:
    fields = FIELDS.get(rule.event)
    if fields is None:
        yield Mistake(f"{path}.event", f"there is no event {rule.event!r}; events: {', '.join(sorted(FIELDS))}")
        return
    if rule.window_days is not None:
        yield from _in_range(f"{path}.window_days", rule.window_days, 1, MAX_WINDOW_DAYS)
    if len(rule.where) > MAX_FILTERS:
        yield Mistake(f"{path}.where", f"at most {MAX_FILTERS} filters")
    for number, each in enumerate(rule.where):
        yield from _filter_mistakes(f"{path}.where[{number}]", each, rule.event)
    if isinstance(rule.measure, Sum | Distinct):
        kind = fields.get(rule.measure.field)
        if kind is None:
            yield _no_field(f"{path}.measure.field", rule.measure.field, rule.event)
        elif isinstance(rule.measure, Sum) and kind is not int:
            yield Mistake(f"{path}.measure.field", f"{rule.measure.field} is no number, so it has no sum")


def _filter_mistakes(path: str, given: Filter, event: str) -> Iterator[Mistake]:
    kind = FIELDS[event].get(given.field)
    if kind is None:
        yield _no_field(f"{path}.field", given.field, event)
        return
    if given.op in {"in", "not_in"}:
        if not isinstance(given.value, list) or not given.value:
            yield Mistake(f"{path}.value", f"{given.op} needs a list of values")
            return
    elif isinstance(given.value, list):
        yield Mistake(f"{path}.value", f"{given.op} needs one value; a list goes with in or not_in")
        return
    elif given.op in {"lt", "lte", "gt", "gte"} and kind is not int:
        yield Mistake(f"{path}.op", f"{given.field} is no number, so {given.op} says nothing")
        return
    for value in given.value if isinstance(given.value, list) else [given.value]:
        if type(value) is not kind:
            name = {int: "a whole number", str: "a text", bool: "true or false"}[kind]
            yield Mistake(f"{path}.value", f"{given.field} is {name}, not {value!r}")


def _coupon_mistakes(path: str, coupon: CouponReward) -> Iterator[Mistake]:
    if (coupon.percent is None) == (coupon.amount_minor is None):
        yield Mistake(path, "give either percent or amount_minor")
    if coupon.percent is not None:
        yield from _in_range(f"{path}.percent", coupon.percent, 1, 100)
    if coupon.amount_minor is not None:
        yield from _in_range(f"{path}.amount_minor", coupon.amount_minor, 1, 10**9)
    yield from _in_range(f"{path}.minimum_minor", coupon.minimum_minor, 0, 10**9)
    yield from _in_range(f"{path}.valid_days", coupon.valid_days, 1, 3660)


def _achievement_mistakes(achievement: AchievementDefinition) -> Iterator[Mistake]:
    if achievement.rule is not None:
        yield from _rule_mistakes("rule", achievement.rule)
    targets = [tier.target for tier in achievement.tiers]
    if not targets or targets[0] < 1 or any(low >= high for low, high in pairwise(targets)):
        yield Mistake("tiers", "needs one tier or more, with rising targets from 1")


def _earning_mistakes(rule: EarningRule) -> Iterator[Mistake]:
    if rule.currency is None and rule.multiplier_percent <= 100:
        yield Mistake("multiplier_percent", "a campaign gives more than 100 percent")
    if rule.currency is None and (rule.points_per_hundred or rule.points_per_night):
        yield Mistake("currency", "a base rate has a currency; a campaign has only multiplier_percent")
    yield from _in_range("points_per_hundred", rule.points_per_hundred, 0, 100_000)
    yield from _in_range("points_per_night", rule.points_per_night, 0, 100_000)
    yield from _in_range("multiplier_percent", rule.multiplier_percent, 1, 1000)
    for name in ("valid_from", "valid_until"):
        yield from _zone_mistakes(name, getattr(rule, name))
    if _is_backwards(rule.valid_from, rule.valid_until):
        yield Mistake("valid_until", "must be after valid_from")


def _text_mistakes(path: str, text: Text) -> Iterator[Mistake]:
    for language, value in (("pt", text.pt), ("en", text.en)):
        if not value.strip() or len(value) > MAX_TEXT:
            yield Mistake(f"{path}.{language}", f"needs 1 to {MAX_TEXT} characters")


def _zone_mistakes(path: str, moment: datetime | None) -> Iterator[Mistake]:
    if moment is not None and moment.tzinfo is None:
        yield Mistake(path, "needs an offset from UTC, such as 2026-12-31T23:59:59Z")


def _is_backwards(start: datetime | None, end: datetime | None) -> bool:
    if start is None or end is None or start.tzinfo is None or end.tzinfo is None:
        return False
    return end <= start


def _in_range(path: str, value: int, least: int, most: int) -> Iterator[Mistake]:
    if not least <= value <= most:
        yield Mistake(path, f"must be {least} to {most}, not {value}")


def _no_field(path: str, field: str, event: str) -> Mistake:
    return Mistake(path, f"{event} has no field {field!r}; fields: {', '.join(sorted(FIELDS[event]))}")
