"""The GraphQL schema of the hotels domain."""

from shared.graphql import create_schema
from subgraphs.hotels.schema.hotel import Hotel
from subgraphs.hotels.schema.mutations import Mutation
from subgraphs.hotels.schema.places import Destination
from subgraphs.hotels.schema.queries import Query
from subgraphs.hotels.schema.review import Review, User
from subgraphs.hotels.schema.rooms import RoomType
from subgraphs.hotels.schema.subscriptions import Subscription

schema = create_schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Hotel, RoomType, Destination, Review, User],
)
