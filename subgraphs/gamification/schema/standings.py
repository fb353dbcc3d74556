"""Achievements, levels, streaks and leaderboards."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from subgraphs.gamification import models
from subgraphs.gamification.rules import catalogue as rules
from subgraphs.gamification.rules.catalogue import Catalogue
from subgraphs.gamification.rules.definitions import Perk, Tier
from subgraphs.gamification.schema.context import Info, localised
from subgraphs.gamification.service.access import may_see
from subgraphs.gamification.service.boards import Place

if TYPE_CHECKING:
    from subgraphs.gamification.schema.owners import User


@strawberry.type(description="A step of an achievement.")
class AchievementTier:
    """A tier."""

    of: strawberry.Private[Tier]
    number: int = strawberry.field(description="1 for the lowest.")

    @strawberry.field(description="Its name, in the caller's language.")
    def name(self, info: Info) -> str:
        return localised(info, self.of.name)

    @strawberry.field(description="The value at which it is reached.")
    def target(self) -> float:
        return float(self.of.target)


@strawberry.federation.type(keys=["code"], description="Something that a traveler can be proud of, in tiers.")
class Achievement:
    """An achievement or a badge."""

    achievement: strawberry.Private[rules.Achievement]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The achievements behind entity references."""
        known = {each.code: each for each in (await info.context.loaders.catalogue()).achievements}
        found = [known.get(str(key.get("code"))) for key in keys]
        return [None if each is None else cls(achievement=each) for each in found]

    @strawberry.field(description="Its name for programs: `night-owl`.")
    def code(self) -> str:
        return self.achievement.code

    @strawberry.field(description="Its title, in the caller's language.")
    def title(self, info: Info) -> str:
        return localised(info, self.achievement.definition.title)

    @strawberry.field(description="What it is for, in the caller's language.")
    def description(self, info: Info) -> str:
        return localised(info, self.achievement.definition.description)

    @strawberry.field(description="Its tiers from the lowest.")
    def tiers(self) -> list[AchievementTier]:
        return [AchievementTier(of=tier, number=number) for number, tier in enumerate(self._tiers, 1)]

    @property
    def _tiers(self) -> list[Tier]:
        return self.achievement.definition.tiers


@strawberry.type(description="How far a traveler is in an achievement.")
class UserAchievement:
    """Whoever makes one of these has checked that the caller may see it."""

    of: strawberry.Private[rules.Achievement]
    badge: strawberry.Private[models.Badge | None]

    @strawberry.field(description="The achievement.")
    def achievement(self) -> Achievement:
        return Achievement(achievement=self.of)

    @strawberry.field(description="The highest tier that was reached; null for none yet.")
    def tier(self) -> AchievementTier | None:
        number = 0 if self.badge is None else min(self.badge.tier, len(self.of.definition.tiers))
        return None if number == 0 else AchievementTier(of=self.of.definition.tiers[number - 1], number=number)

    @strawberry.field(description="The tier to reach next; null when there is none above.")
    def next_tier(self) -> AchievementTier | None:
        number = 0 if self.badge is None else self.badge.tier
        tiers = self.of.definition.tiers
        return None if number >= len(tiers) else AchievementTier(of=tiers[number], number=number + 1)

    @strawberry.field(description="What is counted for it, so far.")
    def value(self) -> float:
        return 0.0 if self.badge is None else float(self.badge.value)

    @strawberry.field(description="When the highest tier was reached.")
    def reached_at(self) -> datetime | None:
        return None if self.badge is None else self.badge.reached_at


@strawberry.type(description="Something that a level is good for.")
class LevelPerk:
    """A perk."""

    perk: strawberry.Private[Perk]

    @strawberry.field(description="Its name for programs: `late-check-out`.")
    def code(self) -> str:
        return self.perk.code

    @strawberry.field(description="What it is, in the caller's language.")
    def text(self, info: Info) -> str:
        return localised(info, self.perk.text)


@strawberry.type(description="A level of travelers, by the points that they ever earned.")
class Level:
    """A level."""

    level: strawberry.Private[rules.Level]

    @strawberry.field(description="Its name for programs: `gold`.")
    def code(self) -> str:
        return self.level.definition.code

    @strawberry.field(description="Its name, in the caller's language.")
    def name(self, info: Info) -> str:
        return localised(info, self.level.definition.name)

    @strawberry.field(description="1 for the lowest.")
    def position(self) -> int:
        return self.level.position

    @strawberry.field(description="Points ever earned from which one has it.")
    def minimum_points(self) -> int:
        return self.level.definition.minimum_points

    @strawberry.field(description="What stays booked at this level earn, in percent of the lowest level's.")
    def multiplier_percent(self) -> int:
        return self.level.definition.multiplier_percent

    @strawberry.field(description="What it is good for.")
    def perks(self) -> list[LevelPerk]:
        return [LevelPerk(perk=perk) for perk in self.level.definition.perks]


@strawberry.type(description="Which level a traveler has, and how far the next one is.")
class UserLevel:
    """Whoever makes one of these has checked that the caller may see it."""

    lifetime: strawberry.Private[int]
    catalogue: strawberry.Private[Catalogue]

    @strawberry.field(description="The level.")
    def level(self) -> Level | None:
        found = self.catalogue.level_of(self.lifetime)
        return None if found is None else Level(level=found)

    @strawberry.field(description="Points ever earned, also those spent or expired since.")
    def lifetime_points(self) -> int:
        return self.lifetime

    @strawberry.field(description="The level above; null at the top.")
    def next_level(self) -> Level | None:
        found = self.catalogue.next_level(self.catalogue.level_of(self.lifetime))
        return None if found is None else Level(level=found)

    @strawberry.field(description="Points that are missing to it; null at the top.")
    def points_to_next_level(self) -> int | None:
        found = self.catalogue.next_level(self.catalogue.level_of(self.lifetime))
        return None if found is None else found.definition.minimum_points - self.lifetime


@strawberry.type(description="Months in a row in which a traveler completed a stay.")
class TravelStreak:
    """A streak."""

    current_months: int = strawberry.field(description="Up to this month or the one before.")
    longest_months: int = strawberry.field(description="The most ever.")


@strawberry.type(description="A traveler's place on a leaderboard.")
class LeaderboardRank:
    """A place."""

    rank: int = strawberry.field(description="1 for the first; who has as many points shares it.")
    points: int = strawberry.field(description="Points earned in the period.")
    participant_count: int = strawberry.field(description="Travelers on the board.")


@strawberry.type(description="A place on a leaderboard.")
class LeaderboardEntry:
    """Shows no more of a traveler than a first name and an initial."""

    place: strawberry.Private[Place]

    @strawberry.field(description="1 for the first; who has as many points shares it.")
    def rank(self) -> int:
        return self.place.rank

    @strawberry.field(description="Points earned in the period.")
    def points(self) -> int:
        return self.place.points

    @strawberry.field(description="The traveler's first name and an initial: `Ana S.`; null for who has no name.")
    async def display_name(self, info: Info) -> str | None:
        traveler = await info.context.loaders.traveler.load(self.place.user_id)
        return None if traveler is None else short_name(traveler.display_name)

    @strawberry.field(description="The traveler's level.")
    async def level(self, info: Info) -> Level | None:
        traveler = await info.context.loaders.traveler.load(self.place.user_id)
        catalogue = await info.context.loaders.catalogue()
        found = None if traveler is None else catalogue.level_by_code(traveler.level)
        return None if found is None else Level(level=found)

    @strawberry.field(
        description=(
            "The traveler. For themselves and our staff; null for others, who see the short `displayName` and no more."
        )
    )
    def user(self, info: Info) -> Annotated["User", strawberry.lazy("subgraphs.gamification.schema.owners")] | None:
        from subgraphs.gamification.schema.owners import User

        principal = info.context.principal
        if principal is None or not may_see(principal, self.place.user_id):
            return None
        return User(user_id=self.place.user_id)

    @strawberry.field(description="Whether it is the caller.")
    def is_me(self, info: Info) -> bool:
        principal = info.context.principal
        return principal is not None and principal.user_id == self.place.user_id


def short_name(name: str | None) -> str | None:
    """A first name and the initial of the last."""
    words = (name or "").split()
    if len(words) < 2:
        return words[0] if words else None
    return f"{words[0]} {words[-1][0]}."
