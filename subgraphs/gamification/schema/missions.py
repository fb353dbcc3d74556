"""Missions, and how far travelers are in them."""

# mypy: disallow-untyped-decorators=False

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import msgspec
import strawberry
from strawberry.scalars import JSON

from shared.graphql import Money
from subgraphs.gamification import models
from subgraphs.gamification.rules import catalogue as rules
from subgraphs.gamification.rules.definitions import MissionDefinition, Rewards
from subgraphs.gamification.schema.context import Info, localised, uuid_or_none
from subgraphs.gamification.schema.enums import MissionStatus
from subgraphs.gamification.service.access import may_see
from subgraphs.gamification.service.missions import MissionRecord
from subgraphs.gamification.service.versions import MissionChange

if TYPE_CHECKING:
    from subgraphs.gamification.schema.standings import Achievement


@strawberry.type(description="What completing a mission gives.")
class MissionRewards:
    """Rewards."""

    rewards: strawberry.Private[Rewards]

    @strawberry.field(description="Points, which can be spent at once; 0 for none.")
    def points(self) -> int:
        return self.rewards.points

    @strawberry.field(description="A badge.")
    async def badge(
        self, info: Info
    ) -> Annotated["Achievement", strawberry.lazy("subgraphs.gamification.schema.standings")] | None:
        from subgraphs.gamification.schema.standings import Achievement

        catalogue = await info.context.loaders.catalogue()
        found = next((each for each in catalogue.achievements if each.code == self.rewards.badge), None)
        return None if found is None else Achievement(achievement=found)

    @strawberry.field(description="A coupon for so many percent off.")
    def coupon_percent(self) -> int | None:
        return None if self.rewards.coupon is None else self.rewards.coupon.percent

    @strawberry.field(description="A coupon for so much off.")
    def coupon_amount(self) -> Money | None:
        coupon = self.rewards.coupon
        if coupon is None or coupon.amount_minor is None:
            return None
        return Money.of_minor(coupon.amount_minor, "BRL")


@strawberry.federation.type(keys=["id"], description="Something to strive for, with a reward.")
class Mission:
    """A mission in its newest published version."""

    mission: strawberry.Private[rules.Mission]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The missions behind entity references; ``None`` for those that are not published."""
        missions = (await info.context.loaders.catalogue()).missions_by_id
        ids = [uuid_or_none(key.get("id")) for key in keys]
        found = [None if mission_id is None else missions.get(mission_id) for mission_id in ids]
        return [None if mission is None else cls(mission=mission) for mission in found]

    @property
    def _definition(self) -> MissionDefinition:
        return self.mission.newest.definition

    @strawberry.field(description="Identifies the mission.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.mission.id))

    @strawberry.field(description="Its name for programs: `first-trip`.")
    def code(self) -> str:
        return self.mission.code

    @strawberry.field(description="Counts what was published of it.")
    def version(self) -> int:
        return self.mission.newest.version

    @strawberry.field(description="Its title, in the caller's language.")
    def title(self, info: Info) -> str:
        return localised(info, self._definition.title)

    @strawberry.field(description="What to do, in the caller's language.")
    def description(self, info: Info) -> str:
        return localised(info, self._definition.description)

    @strawberry.field(description="The value at which it is completed.")
    def target(self) -> float:
        return float(self._definition.target)

    @strawberry.field(description="What it gives.")
    def rewards(self) -> MissionRewards:
        return MissionRewards(rewards=self._definition.rewards)

    @strawberry.field(description="Whether it can be completed more than once.")
    def is_repeatable(self) -> bool:
        return self._definition.repeat == "repeatable"

    @strawberry.field(description="Whether one has to choose it first: `enrollMission`.")
    def is_opt_in(self) -> bool:
        return self._definition.enrolment == "opt_in"

    @strawberry.field(description="What travelers do counts from then on.")
    def starts_at(self) -> datetime:
        return self.mission.starts_at

    @strawberry.field(description="What travelers do from then on does not count any more; null for no end.")
    def ends_at(self) -> datetime | None:
        return self.mission.ends_at

    @strawberry.field(description="The caller's own progress; null for callers who are not signed in.")
    async def my_progress(self, info: Info) -> "MissionProgress | None":
        principal = info.context.principal
        return None if principal is None else await progress_of(info, principal.user_id, self.mission)


@strawberry.federation.type(keys=["id"], description="How far a traveler is in a mission.")
class MissionProgress:
    """Whoever makes one of these has checked that the caller may see it."""

    user_id: strawberry.Private[UUID]
    of: strawberry.Private[rules.Mission]
    row: strawberry.Private[MissionChange | None]
    is_enrolled: strawberry.Private[bool]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list["MissionProgress | None"]:
        """The progress behind entity references; ``None`` for what the caller may not see."""
        missions = (await info.context.loaders.catalogue()).missions_by_id
        found: list[MissionProgress | None] = []
        for key in keys:
            user, _, mission = str(key.get("id")).partition(":")
            user_id, mission_id = uuid_or_none(user), uuid_or_none(mission)
            known = None if mission_id is None else missions.get(mission_id)
            principal = info.context.principal
            is_visible = principal is not None and user_id is not None and may_see(principal, user_id)
            found.append(
                await progress_of(info, user_id, known)
                if is_visible and user_id is not None and known is not None
                else None
            )
        return found

    @strawberry.field(description="Identifies it.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(f"{self.user_id}:{self.of.id}")

    @strawberry.field(description="The mission.")
    def mission(self) -> Mission:
        return Mission(mission=self.of)

    @strawberry.field(description="Where the traveler stands with it.")
    def status(self) -> MissionStatus:
        return status_of(self.of, self.row, is_enrolled=self.is_enrolled)

    @strawberry.field(description="How much is done towards `target`, since the last completion.")
    def value(self) -> float:
        return 0.0 if self.row is None else float(self.row.value)

    @strawberry.field(description="The value at which it is completed.")
    def target(self) -> float:
        return float(self.of.newest.definition.target if self.row is None else self.row.target)

    @strawberry.field(description="How often it was completed.")
    def completion_count(self) -> int:
        return 0 if self.row is None else self.row.completions

    @strawberry.field(description="When it was completed last.")
    def completed_at(self) -> datetime | None:
        return None if self.row is None else self.row.completed_at

    @strawberry.field(
        description="Counts the changes of all of the traveler's missions: pass the last one as `after` to "
        "`missionUpdated`. 0 before any progress."
    )
    def sequence(self) -> int:
        return 0 if self.row is None else self.row.sequence


@strawberry.type(description="A version of a mission, as admins write it.")
class MissionVersion:
    """A version."""

    version: int = strawberry.field(description="Counts the versions from 1.")
    definition: JSON = strawberry.field(description="What it asks and gives; see docs/guides/gamification.md.")
    published_at: datetime | None = strawberry.field(description="When it began to decide; null for a draft.")


@strawberry.type(description="A mission with all its versions, for admins.")
class MissionDraft:
    """What admins work on."""

    record: strawberry.Private[MissionRecord]

    @strawberry.field(description="Identifies the mission.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.record.row.id))

    @strawberry.field(description="Its name for programs.")
    def code(self) -> str:
        return self.record.row.code

    @strawberry.field(description="When it was ended; null while it runs.")
    def archived_at(self) -> datetime | None:
        return self.record.row.archived_at

    @strawberry.field(description="All versions, the oldest first; the last can be a draft.")
    def versions(self) -> list[MissionVersion]:
        return [
            MissionVersion(version=number, definition=JSON(_plain(definition)), published_at=published_at)
            for number, definition, published_at in self.record.versions
        ]

    @strawberry.field(description="The mission as travelers see it; null before it is published.")
    async def mission(self, info: Info) -> Mission | None:
        found = (await info.context.loaders.catalogue()).missions_by_id.get(self.record.row.id)
        return None if found is None else Mission(mission=found)


def _plain(definition: Mapping[str, Any]) -> Any:
    return msgspec.to_builtins(definition)


async def progress_of(info: Info, user_id: UUID, mission: rules.Mission) -> MissionProgress:
    """How far a traveler is in a mission, also where they have not begun."""
    rows = await info.context.loaders.progress.load(user_id) or ()
    enrolled = await info.context.loaders.enrolments.load(user_id) or {}
    row = next((each for each in rows if each.mission_id == mission.id), None)
    return MissionProgress(user_id=user_id, of=mission, row=row, is_enrolled=mission.id in enrolled)


def status_of(
    mission: rules.Mission, row: models.Progress | models.ProgressUpdate | None, *, is_enrolled: bool
) -> MissionStatus:
    """Where a traveler with such progress stands."""
    definition = mission.newest.definition
    if row is not None and row.completions and definition.repeat == "once":
        return MissionStatus.COMPLETED
    if definition.enrolment == "opt_in" and not is_enrolled:
        return MissionStatus.JOINABLE
    return MissionStatus.IN_PROGRESS
