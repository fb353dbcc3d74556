"""Mutations of the gamification domain: each opens one transaction around one use case."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from shared.auth import Role
from shared.graphql import parse_id
from subgraphs.gamification.schema.context import Info
from subgraphs.gamification.schema.missions import MissionDraft, MissionProgress, progress_of
from subgraphs.gamification.schema.outcomes import (
    AnswersProblems,
    ArchiveMissionResult,
    CreateMissionResult,
    EnrollMissionResult,
    LeaderboardVisibility,
    PointsRedeemed,
    PublishMissionResult,
    RedeemPointsResult,
    UpdateMissionResult,
)
from subgraphs.gamification.schema.points import GrantedCoupon, PointsAccount
from subgraphs.gamification.service import missions, visibility
from subgraphs.gamification.service.points import redeem

MissionId = Annotated[strawberry.ID, strawberry.argument(description="The mission.")]
Definition = Annotated[
    JSON, strawberry.argument(description="What the mission asks and gives; see docs/guides/gamification.md.")
]


@strawberry.type
class Mutation:
    """What travelers and admins can do."""

    @strawberry.mutation(
        description=(
            "Choose a mission that one has to choose: what one does from now on counts. For whoever is signed in, for "
            "themselves. Again, or for a mission that needs no choosing, it changes nothing."
        ),
        extensions=[AnswersProblems()],
    )
    async def enroll_mission(self, info: Info, id: MissionId) -> EnrollMissionResult:
        context = info.context
        user_id = context.require_principal().user_id
        mission_id = parse_id(id)
        async with context.database.transaction() as session:
            await missions.enrol(session, user_id, mission_id, context.now)
        context.look_again()
        mission = (await context.loaders.catalogue()).missions_by_id[mission_id]
        progress: MissionProgress = await progress_of(info, user_id, mission)
        return progress

    @strawberry.mutation(
        description=(
            "Turn points into a coupon for oneself: one point is one centavo off. For whoever is signed in. The same "
            "`idempotencyKey` with the same number of points answers the first coupon again, with another number "
            "`IdempotencyKeyReused`."
        ),
        extensions=[AnswersProblems()],
    )
    async def redeem_points(
        self,
        info: Info,
        points: Annotated[int, strawberry.argument(description="How many, 500 or more.")],
        idempotency_key: Annotated[
            str,
            strawberry.argument(
                description="Chosen by the client, 1 to 100 characters, such as a UUID. Send the same one again when "
                "you try again."
            ),
        ],
    ) -> RedeemPointsResult:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            traveler, coupon = await redeem(session, user_id, points, idempotency_key, context.now, context.settings)
        return PointsRedeemed(coupon=GrantedCoupon(coupon=coupon), points=PointsAccount.of(traveler, user_id))

    @strawberry.mutation(
        description=(
            "Be shown on leaderboards, or not. For whoever is signed in, for themselves. Again changes nothing. The "
            "boards follow within seconds."
        ),
        extensions=[AnswersProblems()],
    )
    async def set_leaderboard_visibility(
        self,
        info: Info,
        is_visible: Annotated[bool, strawberry.argument(description="Whether to be shown.")],
    ) -> LeaderboardVisibility:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            await visibility.show(session, user_id, is_visible=is_visible)
        return LeaderboardVisibility(is_on_leaderboards=is_visible)

    @strawberry.mutation(
        description=(
            "Write a new mission as a draft. For administrators. The same code with the same definition answers the "
            "draft that is there already."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_mission(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="Its name for programs: `first-trip`.")],
        definition: Definition,
    ) -> CreateMissionResult:
        context = info.context
        admin = context.require_role(Role.ADMIN)
        async with context.database.transaction() as session:
            record = await missions.create(session, code, definition, author_id=admin.user_id, now=context.now)
        return MissionDraft(record=record)

    @strawberry.mutation(
        description=(
            "Write a mission's draft, in the place of the one that is there; what is published stays as it is until "
            "`publishMission`. For administrators. Again changes nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_mission(self, info: Info, id: MissionId, definition: Definition) -> UpdateMissionResult:
        context = info.context
        admin = context.require_role(Role.ADMIN)
        mission_id = parse_id(id)
        async with context.database.transaction() as session:
            record = await missions.update(session, mission_id, definition, author_id=admin.user_id, now=context.now)
        return MissionDraft(record=record)

    @strawberry.mutation(
        description=(
            "Publish a mission's draft: from now on it decides, also about the progress of those who have begun. What "
            "was completed before stays so. For administrators. Again, without a new draft, changes nothing."
        ),
        extensions=[AnswersProblems()],
    )
    async def publish_mission(self, info: Info, id: MissionId) -> PublishMissionResult:
        context = info.context
        context.require_role(Role.ADMIN)
        mission_id = parse_id(id)
        async with context.database.transaction() as session:
            record = await missions.publish(session, mission_id, context.now)
        return MissionDraft(record=record)

    @strawberry.mutation(
        description=(
            "End a mission: nothing counts towards it any more; what was completed stays so. For administrators. Again "
            "changes nothing."
        ),
        extensions=[AnswersProblems()],
    )
    async def archive_mission(self, info: Info, id: MissionId) -> ArchiveMissionResult:
        context = info.context
        context.require_role(Role.ADMIN)
        mission_id = parse_id(id)
        async with context.database.transaction() as session:
            record = await missions.archive(session, mission_id, context.now)
        return MissionDraft(record=record)
