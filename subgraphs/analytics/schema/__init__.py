"""The GraphQL schema of the analytics domain."""

from shared.graphql import create_schema
from subgraphs.analytics.schema.hotel import Hotel
from subgraphs.analytics.schema.mutations import Mutation
from subgraphs.analytics.schema.queries import Query
from subgraphs.analytics.schema.subscriptions import Subscription

schema = create_schema(query=Query, mutation=Mutation, subscription=Subscription, types=[Hotel])
