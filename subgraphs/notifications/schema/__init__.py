"""The GraphQL schema of the notifications domain."""

from shared.graphql import create_schema
from subgraphs.notifications.schema.mutations import Mutation
from subgraphs.notifications.schema.notification import Booking, Notification
from subgraphs.notifications.schema.preferences import PushSubscription
from subgraphs.notifications.schema.queries import Query
from subgraphs.notifications.schema.subscriptions import Subscription
from subgraphs.notifications.schema.user import User

schema = create_schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Notification, PushSubscription, Booking, User],
)
