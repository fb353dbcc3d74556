"""What this domain adds to users and bookings."""

# mypy: disallow-untyped-decorators=False

from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import Connection, decode_cursor, encode_cursor, page_size
from subgraphs.gamification.schema.context import Info, require_self_or_staff, uuid_or_none
from subgraphs.gamification.schema.enums import LeaderboardPeriod, MissionStatus
from subgraphs.gamification.schema.missions import MissionProgress, progress_of
from subgraphs.gamification.schema.points import After, First, PointsAccount
from subgraphs.gamification.schema.standings import LeaderboardRank, TravelStreak, UserAchievement, UserLevel
from subgraphs.gamification.service import boards

City = Annotated[
    str | None, strawberry.argument(description="Only points of stays in this city; all points when left out.")
]
PRIVATE = "For the user and our staff; null with an error for others."


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    """Whether a user exists is the users subgraph's business."""

    user_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The users behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if user_id is None else cls(user_id=user_id) for user_id in ids]

    @strawberry.field(description="Identifies the user.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.user_id))

    @strawberry.field(description=f"The user's points. {PRIVATE}")
    async def points(self, info: Info) -> PointsAccount | None:
        require_self_or_staff(info, self.user_id)
        return PointsAccount.of(await info.context.loaders.traveler.load(self.user_id), self.user_id)

    @strawberry.field(description=f"The user's level, and how far the next one is. {PRIVATE}")
    async def level(self, info: Info) -> UserLevel | None:
        require_self_or_staff(info, self.user_id)
        traveler = await info.context.loaders.traveler.load(self.user_id)
        catalogue = await info.context.loaders.catalogue()
        return UserLevel(lifetime=0 if traveler is None else traveler.lifetime, catalogue=catalogue)

    @strawberry.field(description=f"Months in a row with a stay. {PRIVATE}")
    async def streak(self, info: Info) -> TravelStreak | None:
        require_self_or_staff(info, self.user_id)
        traveler = await info.context.loaders.traveler.load(self.user_id)
        if traveler is None:
            return TravelStreak(current_months=0, longest_months=0)
        return TravelStreak(current_months=traveler.streak, longest_months=traveler.longest_streak)

    @strawberry.field(
        description=(
            "The missions that are open, with the user's progress, and those that the user has completed; in the order "
            f"in which they are shown. {PRIVATE}"
        )
    )
    async def missions(
        self,
        info: Info,
        status: Annotated[
            MissionStatus | None, strawberry.argument(description="Only those; all when left out.")
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[MissionProgress] | None:
        require_self_or_staff(info, self.user_id)
        size = page_size(first)
        position = decode_cursor(after, int, UUID)
        catalogue = await info.context.loaders.catalogue()
        found: list[MissionProgress] = []
        # All rules of the game are in memory: the page is cut from them by its key.
        for mission in catalogue.missions:
            if position is not None and (mission.position, mission.id) <= position:
                continue
            progress = await progress_of(info, self.user_id, mission)
            is_shown = mission.is_open(info.context.now) or progress.completion_count() > 0
            if is_shown and status in {None, progress.status()}:
                found.append(progress)
        return Connection[MissionProgress].from_rows(
            found[: size + 1],
            size,
            lambda each: each,
            lambda each: encode_cursor(each.of.position, each.of.id),
            after=after,
        )

    @strawberry.field(description=f"All achievements, with how far the user is in each. {PRIVATE}")
    async def achievements(self, info: Info) -> list[UserAchievement] | None:
        require_self_or_staff(info, self.user_id)
        badges = {each.code: each for each in await info.context.loaders.badges.load(self.user_id) or ()}
        catalogue = await info.context.loaders.catalogue()
        return [UserAchievement(of=each, badge=badges.get(each.code)) for each in catalogue.achievements]

    @strawberry.field(
        description=(
            "The user's place on a leaderboard; null when they are not on it: no points in the period, or they do not "
            f"want to be seen. {PRIVATE}"
        )
    )
    async def rank(
        self,
        info: Info,
        period: Annotated[
            LeaderboardPeriod, strawberry.argument(description="Which leaderboard.")
        ] = LeaderboardPeriod.ALL_TIME,
        city: City = None,
    ) -> LeaderboardRank | None:
        require_self_or_staff(info, self.user_id)
        board = boards.board_at(boards.Period(period.value), city, info.context.now)
        found = await info.context.loaders.place.load((board, self.user_id))
        if found is None:
            return None
        place, count = found
        return LeaderboardRank(rank=place.rank, points=place.points, participant_count=count)

    @strawberry.field(description=f"Whether the user's first name and points are shown on leaderboards. {PRIVATE}")
    async def is_on_leaderboards(self, info: Info) -> bool | None:
        require_self_or_staff(info, self.user_id)
        traveler = await info.context.loaders.traveler.load(self.user_id)
        return traveler is None or traveler.is_on_leaderboards


@strawberry.federation.type(keys=["id"], description="Rooms that somebody has booked, or tried to.")
class Booking:
    """Whether a booking exists is the bookings subgraph's business."""

    booking_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The bookings behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if booking_id is None else cls(booking_id=booking_id) for booking_id in ids]

    @strawberry.field(description="Identifies the booking.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.booking_id))

    @strawberry.field(
        description=(
            "Points that the booking earns: pending until check-out, 0 when it was called off, null while it is not "
            "confirmed. For who booked and our staff; null with an error for others."
        )
    )
    async def points_earned(self, info: Info) -> int | None:
        info.context.require_principal()
        lot = await info.context.loaders.booking_lot.load(self.booking_id)
        if lot is None:
            return None
        require_self_or_staff(info, lot.user_id)
        return lot.points
