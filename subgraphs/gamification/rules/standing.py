"""Where a traveler stands: one pure function of what they did and of the rules.

It looks at all activities in the order in which they happened, whatever the order in which they became known. So late,
repeated and shuffled events lead to the same standing, and a rebuild is the same calculation again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from subgraphs.gamification.rules.activity import CALLED_OFF, CHECKED_OUT, OF_BOOKINGS, Activity
from subgraphs.gamification.rules.catalogue import Achievement, Catalogue, Mission, MissionVersion
from subgraphs.gamification.rules.definitions import EarningRule, Rule, Streak
from subgraphs.gamification.rules.measures import changes_at, counts, longest_streak, measure, streak

POINTS_LIVE_MONTHS: Final = 24
_STREAK: Final = "month"
_STAYS_IN_A_ROW: Final = Rule(event=CHECKED_OUT, measure=Streak(unit="month"))


@dataclass(frozen=True, slots=True)
class Grant:
    """Points that a traveler is due from one source."""

    source: str
    points: int
    is_pending: bool
    earned_at: datetime | None
    """When they became available."""
    expires_at: datetime | None
    booking_id: UUID | None = None
    mission_id: UUID | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class MissionStanding:
    """How far a traveler is in a mission."""

    version: int
    value: int
    """Towards ``target`` since the last completion; of a mission that is over for them, what completed it."""
    target: int
    completed_at: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class BadgeStanding:
    """How far a traveler is in an achievement."""

    tier: int
    """0 for none yet."""
    value: int
    reached_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that follows from a traveler's activities."""

    grants: Mapping[str, Grant]
    missions: Mapping[UUID, MissionStanding]
    """Those with any progress."""
    badges: Mapping[str, BadgeStanding]
    """Those with any progress."""
    lifetime: int
    streak: int
    longest_streak: int
    due_at: datetime | None
    """When time alone will change it."""


def standing(
    activities: Iterable[Activity], catalogue: Catalogue, enrolments: Mapping[UUID, datetime], now: datetime
) -> Standing:
    """Where the traveler stands at ``now``.

    Args:
        activities: Everything they did, in any order, each once.
        catalogue: The rules.
        enrolments: When they chose the missions that one has to choose, by mission.
        now: The present moment.
    """
    ordered = sorted(activities, key=lambda each: (each.occurred_at, each.event_id))
    reader = _Reader(catalogue, enrolments, _Bookings.of(ordered))
    for activity in ordered:
        reader.read(activity)
    return reader.standing(now)


def expiry_of(earned_at: datetime) -> datetime:
    """When points earned at that moment expire: 24 months later."""
    years, month = divmod(earned_at.month - 1 + POINTS_LIVE_MONTHS, 12)
    year = earned_at.year + years
    day = earned_at.day
    while True:
        try:
            return earned_at.replace(year=year, month=month + 1, day=day)
        except ValueError:  # the 29th of February
            day -= 1


def points_for(activity: Activity, rules: Sequence[EarningRule], level_percent: int, at: datetime) -> int:
    """Points for a stay as it is after ``activity``, by the rules of the moment at which it was booked."""
    data = activity.data
    valid = [
        rule
        for rule in rules
        if (rule.valid_from is None or rule.valid_from <= at) and (rule.valid_until is None or at < rule.valid_until)
    ]
    hundredths = sum(
        # Minor units are taken as hundredths of the unit; the rates of currencies without them are set accordingly.
        data["total_minor"] * rule.points_per_hundred // 100 + 100 * data["nights"] * rule.points_per_night
        for rule in valid
        if rule.currency is not None and rule.currency == data["currency"]
    )
    campaign = max((rule.multiplier_percent for rule in valid if rule.currency is None), default=100)
    return int(hundredths * level_percent * campaign // 1_000_000)


@dataclass(slots=True)
class _Bookings:
    """How bookings are after all their events."""

    newest: dict[UUID, Activity] = field(default_factory=dict)
    called_off: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, activities: Iterable[Activity]) -> _Bookings:
        bookings = cls()
        for activity in activities:
            if activity.type not in OF_BOOKINGS:
                continue
            known = bookings.newest.get(activity.subject_id)
            if known is None or known.sequence < activity.sequence:
                bookings.newest[activity.subject_id] = activity
            if activity.type in CALLED_OFF:
                bookings.called_off.add(activity.subject_id)
        return bookings

    def is_void(self, activity: Activity) -> bool:
        """Whether the activity is of a booking that was called off, and not the calling off itself."""
        return activity.subject_id in self.called_off and activity.type not in CALLED_OFF


class _MissionReader:
    """Follows one mission."""

    def __init__(self, mission: Mission, since: datetime) -> None:
        self.mission = mission
        self._since = since
        self._counted: dict[int, list[Activity]] = {version.version: [] for version in mission.versions}
        """By version: since the last completion."""
        self._completed: list[datetime] = []
        self._last: tuple[MissionVersion, int] | None = None
        """The version that completed it last, and the value then."""

    def read(self, activity: Activity) -> MissionVersion | None:
        """Take an activity in; the version that is completed by it, if one is."""
        mission = self.mission
        if activity.occurred_at < self._since or (
            mission.ends_at is not None and activity.occurred_at >= mission.ends_at
        ):
            return None
        decisive = mission.version_at(activity.occurred_at)
        if self._is_over(decisive):
            return None
        for version in mission.versions:
            if counts(version.definition.rule, activity):
                self._counted[version.version].append(activity)
        counted = self._counted[decisive.version]
        if not counted or counted[-1] is not activity:
            return None
        value = measure(decisive.definition.rule, counted, activity.occurred_at)
        if value < decisive.definition.target:
            return None
        self._completed.append(activity.occurred_at)
        self._last = (decisive, value)
        for activities in self._counted.values():
            activities.clear()
        return decisive

    @property
    def completions(self) -> int:
        return len(self._completed)

    def standing(self, now: datetime) -> MissionStanding | None:
        version = self.mission.newest
        value = 0
        if self._last is not None and self._is_over(version):
            version, value = self._last
        elif self.mission.is_open(now):
            value = measure(version.definition.rule, self._counted[version.version], now)
        if value == 0 and not self._completed:
            return None
        return MissionStanding(version.version, value, version.definition.target, tuple(self._completed))

    def due_at(self, now: datetime) -> datetime | None:
        version = self.mission.newest
        counted = self._counted[version.version]
        if self._is_over(version) or not counted:
            return None
        moments = [changes_at(version.definition.rule, counted, now), self.mission.ends_at]
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def _is_over(self, version: MissionVersion) -> bool:
        return bool(self._completed) and version.definition.repeat == "once"


class _Reader:
    """Reads a traveler's activities, the oldest first."""

    def __init__(self, catalogue: Catalogue, enrolments: Mapping[UUID, datetime], bookings: _Bookings) -> None:
        self._catalogue = catalogue
        self._bookings = bookings
        self._missions = list(_open_missions(catalogue, enrolments))
        self._achievements = [_AchievementReader(each) for each in catalogue.achievements]
        self._given: dict[str, tuple[int, datetime]] = {}
        """Badges that missions gave: how often, and when first."""
        self._grants: dict[str, Grant] = {}
        self._stays: list[Activity] = []
        self._lifetime = 0

    def read(self, activity: Activity) -> None:
        if self._bookings.is_void(activity):
            return
        if activity.type in OF_BOOKINGS and activity.subject_id not in self._bookings.called_off:
            self._earn(activity)
        if activity.type == CHECKED_OUT:
            self._stays.append(activity)
        for achievement in self._achievements:
            achievement.read(activity)
        for mission in self._missions:
            version = mission.read(activity)
            if version is not None:
                self._reward(mission, version, activity.occurred_at)

    def standing(self, now: datetime) -> Standing:
        missions = {each.mission.id: found for each in self._missions if (found := each.standing(now)) is not None}
        badges = {each.achievement.code: badge for each in self._achievements if (badge := each.standing()) is not None}
        for code, (count, first) in self._given.items():
            badges[code] = BadgeStanding(1, count, first)
        moments = [each.due_at(now) for each in self._missions]
        moments.append(changes_at(_STAYS_IN_A_ROW, self._stays, now))
        return Standing(
            grants=self._grants,
            missions=missions,
            badges=badges,
            lifetime=self._lifetime,
            streak=streak(self._stays, _STREAK, now),
            longest_streak=longest_streak(self._stays, _STREAK),
            due_at=min((moment for moment in moments if moment is not None), default=None),
        )

    def _earn(self, activity: Activity) -> None:
        """Points of a stay: fixed by level and rules when it is first heard of, by its newest terms in amount."""
        source = f"booking:{activity.subject_id}"
        known = self._grants.get(source)
        points = self._points(activity) if known is None else known.points
        is_over = activity.type == CHECKED_OUT or (known is not None and not known.is_pending)
        earned_at = known.earned_at if known is not None else None
        if activity.type == CHECKED_OUT and earned_at is None:
            earned_at = activity.occurred_at
            self._lifetime += points
        self._grants[source] = Grant(
            source=source,
            points=points,
            is_pending=not is_over,
            earned_at=earned_at,
            expires_at=None if earned_at is None else expiry_of(earned_at),
            booking_id=activity.subject_id,
            city=self._bookings.newest[activity.subject_id].data.get("city"),
        )

    def _points(self, activity: Activity) -> int:
        level = self._catalogue.level_of(self._lifetime)
        percent = 100 if level is None else level.definition.multiplier_percent
        newest = self._bookings.newest[activity.subject_id]
        return points_for(newest, self._catalogue.earning, percent, activity.occurred_at)

    def _reward(self, mission: _MissionReader, version: MissionVersion, at: datetime) -> None:
        rewards = version.definition.rewards
        if rewards.points:
            source = f"mission:{mission.mission.id}:{mission.completions}"
            self._grants[source] = Grant(
                source=source,
                points=rewards.points,
                is_pending=False,
                earned_at=at,
                expires_at=expiry_of(at),
                mission_id=mission.mission.id,
            )
            self._lifetime += rewards.points
        if rewards.badge is not None:
            count, first = self._given.get(rewards.badge, (0, at))
            self._given[rewards.badge] = (count + 1, first)


class _AchievementReader:
    """Follows one achievement with a rule: its tiers are reached for good, over all time."""

    def __init__(self, achievement: Achievement) -> None:
        self.achievement = achievement
        self._counted: list[Activity] = []
        self._tier = 0
        self._value = 0
        self._reached_at: datetime | None = None

    def read(self, activity: Activity) -> None:
        definition = self.achievement.definition
        if definition.rule is None or not counts(definition.rule, activity):
            return
        self._counted.append(activity)
        value = measure(definition.rule, self._counted, activity.occurred_at)
        self._value = max(self._value, value)
        reached = sum(tier.target <= value for tier in definition.tiers)
        if reached > self._tier:
            self._tier, self._reached_at = reached, activity.occurred_at

    def standing(self) -> BadgeStanding | None:
        return BadgeStanding(self._tier, self._value, self._reached_at) if self._value else None


def _open_missions(catalogue: Catalogue, enrolments: Mapping[UUID, datetime]) -> Iterable[_MissionReader]:
    for mission in catalogue.missions:
        since = mission.starts_at
        if mission.newest.definition.enrolment == "opt_in":
            enrolled_at = enrolments.get(mission.id)
            if enrolled_at is None:
                continue
            since = max(since, enrolled_at)
        yield _MissionReader(mission, since)
