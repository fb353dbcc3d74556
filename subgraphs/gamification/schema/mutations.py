"""Mutations of the gamification domain: each opens one transaction around one use case."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime
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
    Campaign,
    CreateCampaignResult,
    CreateMissionResult,
    EndCampaignResult,
    EnrollMissionResult,
    LeaderboardVisibility,
    PointsRedeemed,
    PublishMissionResult,
    RedeemPointsResult,
    UpdateMissionResult,
)
from subgraphs.gamification.schema.points import GrantedCoupon, PointsAccount
from subgraphs.gamification.service import campaigns, missions, visibility
from subgraphs.gamification.service.points import redeem

MissionId = Annotated[strawberry.ID, strawberry.argument(description="The mission.")]
Definition = Annotated[
    JSON, strawberry.argument(description="What the mission asks and gives; see docs/guides/gamification.md.")
]


@strawberry.input(description="A campaign to be.")
class CreateCampaignInput:
    """Terms of a campaign."""

    code: str = strawberry.field(description="3 to 60 lower-case letters, digits and hyphens: `winter-double`.")
    percent: int = strawberry.field(description="Of what stays earn otherwise: 200 for twice as much, 101 to 1000.")
    valid_from: datetime = strawberry.field(description="Stays booked from then on; not in the past.")
    valid_until: datetime = strawberry.field(description="Stays booked before then.")


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

    @strawberry.mutation(
        description=(
            "Have stays that are booked in a window earn more points; of several campaigns at a time the best counts. "
            "For administrators. The same code with the same terms again changes nothing."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_campaign(
        self,
        info: Info,
        input: Annotated[CreateCampaignInput, strawberry.argument(description="Its code, its window, and how much.")],
    ) -> CreateCampaignResult:
        context = info.context
        context.require_role(Role.ADMIN)
        async with context.database.transaction() as session:
            await campaigns.create(
                session, input.code, input.percent, input.valid_from, input.valid_until, now=context.now
            )
        return Campaign(code=input.code, ends_at=input.valid_until)

    @strawberry.mutation(
        description=(
            "End a campaign now; what was booked in it earns what it promised. For administrators. One that has ended "
            "stays as it is."
        ),
        extensions=[AnswersProblems()],
    )
    async def end_campaign(
        self, info: Info, code: Annotated[str, strawberry.argument(description="The campaign's code.")]
    ) -> EndCampaignResult:
        context = info.context
        context.require_role(Role.ADMIN)
        async with context.database.transaction() as session:
            ends_at = await campaigns.end(session, code, context.now)
        return Campaign(code=code, ends_at=ends_at)
