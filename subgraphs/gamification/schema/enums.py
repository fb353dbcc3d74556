"""Enums of the gamification schema."""

from enum import Enum

import strawberry


@strawberry.enum(description="How a traveler stands with a mission.")
class MissionStatus(Enum):
    """Of a traveler and a mission."""

    JOINABLE = strawberry.enum_value("JOINABLE", description="One has to choose it first: `enrollMission`.")
    IN_PROGRESS = strawberry.enum_value("IN_PROGRESS", description="What the traveler does counts towards it.")
    COMPLETED = strawberry.enum_value("COMPLETED", description="Completed, and not to be had again.")


@strawberry.enum(description="Why points moved.")
class PointsEntryKind(Enum):
    """Kinds of ledger entries."""

    EARN = strawberry.enum_value("EARN", description="For a stay: pending until check-out.")
    BONUS = strawberry.enum_value("BONUS", description="For a mission.")
    MATURE = strawberry.enum_value("MATURE", description="The stay is over: pending points can be spent.")
    REVERSE = strawberry.enum_value("REVERSE", description="Taken back: the stay was called off or costs less.")
    RESERVE = strawberry.enum_value("RESERVE", description="Set aside for a booking that is being paid with points.")
    RELEASE = strawberry.enum_value("RELEASE", description="That booking came to nothing: they can be spent again.")
    REDEEM = strawberry.enum_value("REDEEM", description="Spent, on a booking or a coupon.")
    REFUND = strawberry.enum_value("REFUND", description="Spent on a booking that was called off: they are back.")
    EXPIRE = strawberry.enum_value("EXPIRE", description="Not spent within 24 months.")


@strawberry.enum(description="The time that a leaderboard is about; weeks and months begin in São Paulo.")
class LeaderboardPeriod(Enum):
    """Periods of leaderboards."""

    WEEK = strawberry.enum_value("WEEK", description="This week, from Monday.")
    MONTH = strawberry.enum_value("MONTH", description="This calendar month.")
    ALL_TIME = strawberry.enum_value("ALL_TIME", description="Ever.")
