"""The GraphQL schema of the bookings domain."""

from strawberry.tools import merge_types

from shared.graphql import create_schema
from subgraphs.bookings.schema.booking import Booking, RoomType
from subgraphs.bookings.schema.coupons import CouponMutation, CouponQuery
from subgraphs.bookings.schema.mutations import Mutation
from subgraphs.bookings.schema.owners import Hotel, User
from subgraphs.bookings.schema.queries import Query
from subgraphs.bookings.schema.stay_change import StayChangeMutation, StayChangeQuery
from subgraphs.bookings.schema.subscriptions import Subscription

schema = create_schema(
    query=merge_types("Query", (Query, StayChangeQuery, CouponQuery)),
    mutation=merge_types("Mutation", (Mutation, StayChangeMutation, CouponMutation)),
    subscription=Subscription,
    types=[Booking, Hotel, User, RoomType],
)
