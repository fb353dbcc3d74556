"""What the mutations of notifications can answer."""

from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from shared.graphql import Forbidden, InvalidInput, Problem
from subgraphs.notifications.schema.context import Info, language_of
from subgraphs.notifications.schema.delivery import Delivery
from subgraphs.notifications.schema.enums import NotificationChannel, NotificationKind
from subgraphs.notifications.schema.notification import Notification
from subgraphs.notifications.schema.preferences import NotificationPreferences, PushSubscription
from subgraphs.notifications.schema.user import User
from subgraphs.notifications.service import errors


@strawberry.type(description="The traveler may not change this: it protects the account. Nothing was changed.")
class PreferenceLocked(Problem):
    """Not the traveler's choice."""

    kind: NotificationKind = strawberry.field(description="What it is about.")
    channel: NotificationChannel = strawberry.field(description="How it comes.")


@strawberry.type(description="There is no such subscription of the caller; perhaps it was deleted before.")
class PushSubscriptionNotFound(Problem):
    """The id leads to no subscription."""


@strawberry.type(description="There is no such delivery, or it is not dead. Nothing was changed.")
class DeliveryNotDead(Problem):
    """Nothing to try again."""


@strawberry.type(description="A browser no longer takes web push.")
class PushSubscriptionDeleted:
    """Done."""

    id: strawberry.ID = strawberry.field(description="What it was known by.")


@strawberry.type(description="What was marked as read.")
class NotificationsRead:
    """Done."""

    notifications: list[Notification] = strawberry.field(
        description="Those that were asked for by their ids and are the caller's, the newest first."
    )
    marked_count: int | None = strawberry.field(description="How many were unread before; null where ids were given.")
    user: User = strawberry.field(description="The caller, for the new `unreadCount`.")


UpdateNotificationPreferencesResult: TypeAlias = Annotated[
    NotificationPreferences | PreferenceLocked | InvalidInput,
    strawberry.union("UpdateNotificationPreferencesResult", description="What is chosen now, or why it is as it was."),
]
RegisterPushSubscriptionResult: TypeAlias = Annotated[
    PushSubscription | InvalidInput,
    strawberry.union("RegisterPushSubscriptionResult", description="The subscription, or why there is none."),
]
DeletePushSubscriptionResult: TypeAlias = Annotated[
    PushSubscriptionDeleted | PushSubscriptionNotFound,
    strawberry.union("DeletePushSubscriptionResult", description="That it is gone, or that there is none."),
]
MarkNotificationsReadResult: TypeAlias = Annotated[
    NotificationsRead | InvalidInput,
    strawberry.union("MarkNotificationsReadResult", description="What is read now, or why nothing is."),
]
RetryDeliveryResult: TypeAlias = Annotated[
    Delivery | DeliveryNotDead,
    strawberry.union("RetryDeliveryResult", description="The delivery, in the queue again, or why it is not."),
]


class AnswersProblems(FieldExtension):
    """Turns what a use case refuses into the problem that its union has for it, and the rest into an error."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Run the field. The transaction is rolled back by the time its refusal arrives here."""
        try:
            return await next_(source, info, **arguments)
        except errors.NotificationsError as error:
            message = error.message(language_of(info))
            match error:
                case errors.InvalidValue(field=field):
                    return InvalidInput(message=message, field=field)
                case errors.PreferenceLocked(kind=kind, channel=channel):
                    return PreferenceLocked(
                        message=message, kind=NotificationKind(kind), channel=NotificationChannel(channel)
                    )
                case errors.UnknownSubscription():
                    return PushSubscriptionNotFound(message=message)
                case errors.UnknownDelivery():
                    return DeliveryNotDead(message=message)
            raise Forbidden(message) from error
