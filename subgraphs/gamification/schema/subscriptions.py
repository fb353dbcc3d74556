"""Subscriptions of the gamification domain."""

# mypy: disallow-untyped-decorators=False

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from shared.graphql import BadUserInput
from subgraphs.gamification.models import LedgerEntry
from subgraphs.gamification.schema.context import Info
from subgraphs.gamification.schema.missions import MissionProgress
from subgraphs.gamification.schema.points import PointsAccount
from subgraphs.gamification.service.versions import follow_missions, follow_points

LastSeen = Annotated[
    int | None, strawberry.argument(description="The last `sequence` that was seen; leave out the snapshot.")
]


@strawberry.type(description="What one can watch.")
class Subscription:
    """What one can watch about points and missions."""

    @strawberry.subscription(
        description=(
            "Watch one's own points: first as they are now, then after every later entry of the ledger, each once and "
            "in order. After a lost connection pass the last `sequence` as `after`, and go on behind it. For whoever "
            "is signed in."
        )
    )
    async def points_changed(self, info: Info, after: LastSeen = None) -> AsyncGenerator[PointsAccount, None]:
        context = info.context
        user_id = context.require_principal().user_id
        _check(after)
        async with aclosing(follow_points(context.database, context.live, user_id, after=after)) as changes:
            async for change in changes:
                context.look_again()
                yield (
                    PointsAccount.after(change)
                    if isinstance(change, LedgerEntry)
                    else PointsAccount.of(change, user_id)
                )

    @strawberry.subscription(
        description=(
            "Watch one's own progress: first each mission that one has begun as it is now, then every later change, "
            "each once and in order. After a lost connection pass the last `sequence` as `after`, and go on behind it; "
            "changes are kept for 30 days. For whoever is signed in."
        )
    )
    async def mission_updated(self, info: Info, after: LastSeen = None) -> AsyncGenerator[MissionProgress, None]:
        context = info.context
        user_id = context.require_principal().user_id
        _check(after)
        async with aclosing(follow_missions(context.database, context.live, user_id, after=after)) as changes:
            async for change in changes:
                context.look_again()
                mission = (await context.loaders.catalogue()).missions_by_id.get(change.mission_id)
                if mission is None:  # never: missions are not deleted once they are published
                    continue
                enrolled = await context.loaders.enrolments.load(user_id) or {}
                yield MissionProgress(user_id=user_id, of=mission, row=change, is_enrolled=mission.id in enrolled)


def _check(after: int | None) -> None:
    if after is not None and after < 0:
        raise BadUserInput("A sequence is 0 or more.", field="after")
