"""Queries of the gamification domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from shared.auth import Role
from shared.graphql import BadUserInput, Connection, decode_cursor, encode_cursor, page_size, parse_id
from subgraphs.gamification.schema.context import Info
from subgraphs.gamification.schema.enums import LeaderboardPeriod
from subgraphs.gamification.schema.missions import Mission, MissionDraft
from subgraphs.gamification.schema.outcomes import AnswersProblems, DryRunMissionResult, MissionDryRun
from subgraphs.gamification.schema.owners import City
from subgraphs.gamification.schema.points import After, First
from subgraphs.gamification.schema.standings import Achievement, LeaderboardEntry, Level
from subgraphs.gamification.service import boards, missions
from subgraphs.gamification.service.errors import UnknownMission

Period = Annotated[LeaderboardPeriod, strawberry.argument(description="Which leaderboard.")]
MAX_RADIUS = 20
DRY_RUN_DAYS = 365


@strawberry.type
class Query:
    """What one can ask about the game."""

    @strawberry.field(
        description=(
            "Who earned the most points in this week or month, or ever; the first at the top. For everybody. Only "
            "travelers with points who want to be seen. Follows the stays within seconds."
        )
    )
    async def leaderboard(
        self, info: Info, period: Period, city: City = None, first: First = None, after: After = None
    ) -> Connection[LeaderboardEntry]:
        size = page_size(first)
        board = boards.board_at(boards.Period(period.value), city, info.context.now)
        position = decode_cursor(after, int, UUID)
        behind = None if position is None else (position[0], position[1])
        places = await boards.page(info.context.redis, board, behind, size + 1)
        return Connection[LeaderboardEntry].from_rows(
            places,
            size,
            lambda place: LeaderboardEntry(place=place),
            lambda place: encode_cursor(place.points, place.user_id),
            after=after,
            total_count=await boards.size(info.context.redis, board),
        )

    @strawberry.field(
        description=(
            "The places around the caller's own on a leaderboard; empty when they are not on it. For whoever is signed "
            "in."
        )
    )
    async def leaderboard_around_me(
        self,
        info: Info,
        period: Period,
        city: City = None,
        radius: Annotated[int, strawberry.argument(description="Places above and below, 0 to 20.")] = 2,
    ) -> list[LeaderboardEntry]:
        user_id = info.context.require_principal().user_id
        if not 0 <= radius <= MAX_RADIUS:
            raise BadUserInput(f"`radius` must be between 0 and {MAX_RADIUS}.", field="radius")
        board = boards.board_at(boards.Period(period.value), city, info.context.now)
        places = await boards.around(info.context.redis, board, user_id, radius)
        return [LeaderboardEntry(place=place) for place in places]

    @strawberry.field(description="The missions that are open, in the order in which they are shown. For everybody.")
    async def missions(self, info: Info, first: First = None, after: After = None) -> Connection[Mission]:
        size = page_size(first)
        position = decode_cursor(after, int, UUID)
        found = [
            mission
            for mission in (await info.context.loaders.catalogue()).missions
            if mission.is_open(info.context.now) and (position is None or (mission.position, mission.id) > position)
        ]
        return Connection[Mission].from_rows(
            found[: size + 1],
            size,
            lambda mission: Mission(mission=mission),
            lambda mission: encode_cursor(mission.position, mission.id),
            after=after,
        )

    @strawberry.field(description="A mission that is or was published. For everybody.")
    async def mission(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The mission.")]
    ) -> Mission | None:
        found = (await info.context.loaders.catalogue()).missions_by_id.get(parse_id(id))
        return None if found is None else Mission(mission=found)

    @strawberry.field(description="All levels from the lowest. For everybody.")
    async def levels(self, info: Info) -> list[Level]:
        return [Level(level=level) for level in (await info.context.loaders.catalogue()).levels]

    @strawberry.field(description="All achievements, in the order in which they are shown. For everybody.")
    async def achievements(self, info: Info) -> list[Achievement]:
        return [Achievement(achievement=each) for each in (await info.context.loaders.catalogue()).achievements]

    @strawberry.field(description="A mission with all its versions, drafts too. For administrators.")
    async def mission_draft(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The mission.")]
    ) -> MissionDraft | None:
        info.context.require_role(Role.ADMIN)
        async with info.context.database.read() as session:
            try:
                return MissionDraft(record=await missions.read(session, parse_id(id)))
            except UnknownMission:
                return None

    @strawberry.field(
        description=(
            "What a mission would have done with what travelers did, as if all of them had been enrolled. Writes "
            "nothing. For administrators."
        ),
        extensions=[AnswersProblems()],
    )
    async def dry_run_mission(
        self,
        info: Info,
        definition: Annotated[
            JSON, strawberry.argument(description="As for `createMission`; see docs/guides/gamification.md.")
        ],
        since: Annotated[
            datetime | None, strawberry.argument(description="Look at what was done since; a year when left out.")
        ] = None,
    ) -> DryRunMissionResult:
        context = info.context
        context.require_role(Role.ADMIN)
        begin = since or context.now - timedelta(days=DRY_RUN_DAYS)
        async with context.database.read() as session:
            found = await missions.dry_run(session, definition, since=begin, now=context.now)
        return MissionDryRun(
            traveler_count=found.travelers,
            participant_count=found.participants,
            completed_count=found.completed,
            completion_count=found.completions,
            points=float(found.points),
            coupon_count=found.coupons,
        )
