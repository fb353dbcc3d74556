"""All rules of the game at a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from subgraphs.gamification.rules.definitions import (
    AchievementDefinition,
    EarningRule,
    LevelDefinition,
    MissionDefinition,
)


@dataclass(frozen=True, slots=True)
class MissionVersion:
    """A published version of a mission."""

    version: int
    effective_from: datetime
    definition: MissionDefinition


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission with its published versions, the oldest first; at least one."""

    id: UUID
    code: str
    position: int
    versions: Sequence[MissionVersion]
    archived_at: datetime | None = None

    @property
    def newest(self) -> MissionVersion:
        """The version that travelers see."""
        return self.versions[-1]

    @property
    def starts_at(self) -> datetime:
        """Activities before it do not count."""
        return self.newest.definition.starts_at or self.versions[0].effective_from

    @property
    def ends_at(self) -> datetime | None:
        """Activities from then on do not count."""
        ends = [end for end in (self.newest.definition.ends_at, self.archived_at) if end is not None]
        return min(ends, default=None)

    def is_open(self, at: datetime) -> bool:
        """Whether activities count at that moment."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    def version_at(self, moment: datetime) -> MissionVersion:
        """The version that decides about an activity of that moment."""
        decisive = self.versions[0]
        for each in self.versions[1:]:
            if each.effective_from <= moment:
                decisive = each
        return decisive


@dataclass(frozen=True, slots=True)
class Achievement:
    """An achievement."""

    code: str
    position: int
    definition: AchievementDefinition


@dataclass(frozen=True, slots=True)
class Level:
    """A level; 1 is the position of the lowest."""

    position: int
    definition: LevelDefinition


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rules of the game."""

    missions: Sequence[Mission] = ()
    achievements: Sequence[Achievement] = ()
    levels: Sequence[Level] = ()
    """From the lowest."""
    earning: Sequence[EarningRule] = ()
    missions_by_id: Mapping[UUID, Mission] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "missions_by_id", {mission.id: mission for mission in self.missions})

    def level_of(self, lifetime: int) -> Level | None:
        """The level that so many points ever earned make."""
        reached = [level for level in self.levels if level.definition.minimum_points <= lifetime]
        return reached[-1] if reached else None

    def level_by_code(self, code: str | None) -> Level | None:
        """A level by its code."""
        return next((level for level in self.levels if level.definition.code == code), None)

    def next_level(self, level: Level | None) -> Level | None:
        """The level above."""
        position = 0 if level is None else level.position
        return next((above for above in self.levels if above.position > position), None)

    @property
    def badges(self) -> frozenset[str]:
        """Codes of what missions may give."""
        return frozenset(each.code for each in self.achievements if each.definition.rule is None)
