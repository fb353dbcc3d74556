"""The shapes of what admins write as data: missions, achievements, levels and earning rules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Scalar: TypeAlias = str | int | bool
Operator: TypeAlias = Literal["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in"]


class _Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A misspelt key is an error and not ignored."""


class Text(_Definition, frozen=True, kw_only=True):
    """A text that travelers read."""

    pt: str
    en: str


class Filter(_Definition, frozen=True, kw_only=True):
    """What an activity must be like to count."""

    field: str
    op: Operator = "eq"
    value: Scalar | list[Scalar]


class Count(_Definition, frozen=True, kw_only=True, tag="count", tag_field="kind"):
    """How many activities."""


class Sum(_Definition, frozen=True, kw_only=True, tag="sum", tag_field="kind"):
    """The sum of a number over the activities."""

    field: str


class Distinct(_Definition, frozen=True, kw_only=True, tag="distinct", tag_field="kind"):
    """How many different values of a field; activities without one do not count."""

    field: str


class Streak(_Definition, frozen=True, kw_only=True, tag="streak", tag_field="kind"):
    """How many days, weeks or months in a row, up to the present one, have an activity."""

    unit: Literal["day", "week", "month"]


Measure: TypeAlias = Count | Sum | Distinct | Streak


class Rule(_Definition, frozen=True, kw_only=True):
    """What is measured: which activities count, and what of them."""

    event: str
    where: list[Filter] = []
    measure: Measure = Count()
    window_days: int | None = None
    """Only activities of the last so many days; ``None`` for all."""


class CouponReward(_Definition, frozen=True, kw_only=True):
    """A coupon. Exactly one of ``percent`` and ``amount_minor`` is given."""

    percent: int | None = None
    amount_minor: int | None = None
    """Centavos of BRL."""
    minimum_minor: int = 0
    valid_days: int = 180


class Rewards(_Definition, frozen=True, kw_only=True):
    """What completing a mission gives."""

    points: int = 0
    badge: str | None = None
    """The code of an achievement without a rule."""
    coupon: CouponReward | None = None


class MissionDefinition(_Definition, frozen=True, kw_only=True):
    """A version of a mission."""

    title: Text
    description: Text
    rule: Rule
    target: int
    rewards: Rewards = Rewards()
    repeat: Literal["once", "repeatable"] = "once"
    enrolment: Literal["automatic", "opt_in"] = "automatic"
    starts_at: datetime | None = None
    """Activities before it do not count; by default from when the mission is first published."""
    ends_at: datetime | None = None
    """Activities from then on do not count."""


class Tier(_Definition, frozen=True, kw_only=True):
    """A step of an achievement."""

    target: int
    name: Text


class AchievementDefinition(_Definition, frozen=True, kw_only=True):
    """An achievement; without a rule, a badge that missions give."""

    title: Text
    description: Text
    rule: Rule | None = None
    tiers: list[Tier]
    """From the lowest."""


class Perk(_Definition, frozen=True, kw_only=True):
    """Something that a level is good for."""

    code: str
    text: Text


class LevelDefinition(_Definition, frozen=True, kw_only=True):
    """A level."""

    code: str
    name: Text
    minimum_points: int
    """Points ever earned from which one has it; 0 for the lowest."""
    multiplier_percent: int = 100
    """What stays booked at this level earn, 100 for as much as at the lowest."""
    perks: list[Perk] = []


class EarningRule(_Definition, frozen=True, kw_only=True):
    """A base rate for stays paid in a currency, or a campaign (without a currency) that multiplies the base."""

    currency: str | None = None
    points_per_hundred: int = 0
    """Points for 100 whole units of the currency: 100 for one point per real."""
    points_per_night: int = 0
    multiplier_percent: int = 100
    """Of a campaign. Of several at a time the best counts."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
