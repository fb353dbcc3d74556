"""The GraphQL schema of the gamification domain."""

from shared.graphql import create_schema
from subgraphs.gamification.schema.missions import Mission, MissionProgress
from subgraphs.gamification.schema.mutations import Mutation
from subgraphs.gamification.schema.owners import Booking, User
from subgraphs.gamification.schema.points import PointsEntry
from subgraphs.gamification.schema.queries import Query
from subgraphs.gamification.schema.standings import Achievement
from subgraphs.gamification.schema.subscriptions import Subscription

schema = create_schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Achievement, Booking, Mission, MissionProgress, PointsEntry, User],
)
