"""What the mutations of gamification can answer."""

from datetime import datetime
from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from shared.graphql import InvalidInput, Problem, Unauthenticated
from subgraphs.gamification.messages import Language
from subgraphs.gamification.schema.context import Info, language_of
from subgraphs.gamification.schema.missions import MissionDraft, MissionProgress
from subgraphs.gamification.schema.points import GrantedCoupon, PointsAccount
from subgraphs.gamification.service import errors


@strawberry.type(description="Points became a coupon.")
class PointsRedeemed:
    """Success."""

    coupon: GrantedCoupon = strawberry.field(description="The coupon.")
    points: PointsAccount = strawberry.field(description="The traveler's points now.")


@strawberry.type(description="Whether the traveler is shown on leaderboards.")
class LeaderboardVisibility:
    """Success."""

    is_on_leaderboards: bool = strawberry.field(description="As it is now.")


@strawberry.type(description="What a mission would have done with what travelers did.")
class MissionDryRun:
    """Success."""

    traveler_count: int = strawberry.field(description="Travelers who did anything at all.")
    participant_count: int = strawberry.field(description="Of these, who would have made progress.")
    completed_count: int = strawberry.field(description="Who would have completed it.")
    completion_count: int = strawberry.field(description="How often, all in all.")
    points: float = strawberry.field(description="Points that it would have given.")
    coupon_count: int = strawberry.field(description="Coupons that it would have given.")


@strawberry.type(description="There are fewer points to spend. Nothing was changed.")
class TooFewPoints(Problem):
    """Not enough."""

    available: int = strawberry.field(description="How many can be spent.")


@strawberry.type(description="There is no such mission, or it is over.")
class MissionNotFound(Problem):
    """The id leads to no mission."""


@strawberry.type(description="Another mission has the code. Nothing was written.")
class MissionCodeTaken(Problem):
    """A code is of one mission."""


@strawberry.type(description="A campaign: stays that are booked while it lasts earn more points.")
class Campaign:
    """Success."""

    code: str = strawberry.field(description="Its name for programs: `winter-double`.")
    ends_at: datetime = strawberry.field(description="Stays that are booked from then on earn as ever.")


@strawberry.type(description="Another campaign or earning rule has the code. Nothing was written.")
class CampaignCodeTaken(Problem):
    """A code is of one rule."""


@strawberry.type(description="There is no such campaign.")
class CampaignNotFound(Problem):
    """The code leads to no campaign."""


@strawberry.type(description="The mission has nothing to publish.")
class NothingToPublish(Problem):
    """Write a draft first."""


@strawberry.type(description="A mistake in a definition.")
class DefinitionMistake:
    """A mistake."""

    path: str = strawberry.field(description="Where: `rule.where[0].value`; empty for the whole.")
    message: str = strawberry.field(description="What cannot be, and what can.")


@strawberry.type(description="The definition has mistakes. Nothing was written.")
class InvalidMission(Problem):
    """What admins have to mend."""

    mistakes: list[DefinitionMistake] = strawberry.field(description="All that were found.")


@strawberry.federation.type(
    shareable=True, description="The idempotency key was used before, with another input. Nothing was changed."
)
class IdempotencyKeyReused(Problem):
    """A new request needs a new key."""


RedeemPointsResult: TypeAlias = Annotated[
    PointsRedeemed | TooFewPoints | IdempotencyKeyReused | InvalidInput,
    strawberry.union("RedeemPointsResult", description="The coupon, or why there is none."),
]
EnrollMissionResult: TypeAlias = Annotated[
    MissionProgress | MissionNotFound,
    strawberry.union("EnrollMissionResult", description="The progress, or why there is none."),
]
CreateMissionResult: TypeAlias = Annotated[
    MissionDraft | InvalidMission | MissionCodeTaken | InvalidInput,
    strawberry.union("CreateMissionResult", description="The mission, or why there is none."),
]
UpdateMissionResult: TypeAlias = Annotated[
    MissionDraft | InvalidMission | MissionNotFound,
    strawberry.union("UpdateMissionResult", description="The mission, or why it is as it was."),
]
PublishMissionResult: TypeAlias = Annotated[
    MissionDraft | NothingToPublish | MissionNotFound,
    strawberry.union("PublishMissionResult", description="The mission, or why it is as it was."),
]
ArchiveMissionResult: TypeAlias = Annotated[
    MissionDraft | MissionNotFound,
    strawberry.union("ArchiveMissionResult", description="The mission, or why it is as it was."),
]
CreateCampaignResult: TypeAlias = Annotated[
    Campaign | CampaignCodeTaken | InvalidInput,
    strawberry.union("CreateCampaignResult", description="The campaign, or why there is none."),
]
EndCampaignResult: TypeAlias = Annotated[
    Campaign | CampaignNotFound,
    strawberry.union("EndCampaignResult", description="The campaign, or why there is none."),
]
DryRunMissionResult: TypeAlias = Annotated[
    MissionDryRun | InvalidMission,
    strawberry.union("DryRunMissionResult", description="What would have been, or what is wrong with the definition."),
]


class AnswersProblems(FieldExtension):
    """Turns what a use case refuses into the problem that its union has for it."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Call the resolver."""
        try:
            return await next_(source, info, **arguments)
        except errors.GamificationError as error:
            return _problem(error, language_of(info))


def _problem(error: errors.GamificationError, language: Language) -> Problem:
    message = error.message(language)
    match error:
        case errors.InvalidValue(field=field):
            return InvalidInput(message=message, field=field)
        case errors.TooFewPoints(available=available):
            return TooFewPoints(message=message, available=available)
        case errors.KeyReused():
            return IdempotencyKeyReused(message=message)
        case errors.UnknownMission():
            return MissionNotFound(message=message)
        case errors.RuleCodeTaken():
            return CampaignCodeTaken(message=message)
        case errors.UnknownCampaign():
            return CampaignNotFound(message=message)
        case errors.CodeTaken():
            return MissionCodeTaken(message=message)
        case errors.NothingToPublish():
            return NothingToPublish(message=message)
        case errors.InvalidMission(mistakes=mistakes):
            found = [DefinitionMistake(path=mistake.path, message=mistake.message) for mistake in mistakes]
            return InvalidMission(message=message, mistakes=found)
    raise Unauthenticated(message) from error  # an account that is gone
