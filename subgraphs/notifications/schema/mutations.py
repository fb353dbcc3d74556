"""Mutations of the notifications domain: each opens one transaction around one use case."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from typing import Annotated

import strawberry

from shared.graphql import parse_id
from subgraphs.notifications.repository import deliveries
from subgraphs.notifications.schema.context import STAFF, Info
from subgraphs.notifications.schema.delivery import Delivery
from subgraphs.notifications.schema.inputs import RegisterPushSubscriptionInput, UpdateNotificationPreferencesInput
from subgraphs.notifications.schema.notification import Notification
from subgraphs.notifications.schema.outcomes import (
    AnswersProblems,
    DeletePushSubscriptionResult,
    MarkNotificationsReadResult,
    NotificationsRead,
    PushSubscriptionDeleted,
    RegisterPushSubscriptionResult,
    RetryDeliveryResult,
    UpdateNotificationPreferencesResult,
)
from subgraphs.notifications.schema.preferences import NotificationPreferences, PushSubscription
from subgraphs.notifications.schema.user import User
from subgraphs.notifications.service import choosing, reading
from subgraphs.notifications.service.errors import UnknownDelivery


@strawberry.type
class Mutation:
    """What travelers can do about their notifications."""

    @strawberry.mutation(
        description=(
            "Choose what to be told, and how. For whoever is signed in, about themselves. The same again changes "
            "nothing more. Security alerts cannot be switched off."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_notification_preferences(
        self,
        info: Info,
        input: Annotated[UpdateNotificationPreferencesInput, strawberry.argument(description="What to change.")],
    ) -> UpdateNotificationPreferencesResult:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            await choosing.update(session, user_id, input.to_changes(), context.now)
        context.look_again()
        return NotificationPreferences(user_id=user_id)

    @strawberry.mutation(
        description=(
            "Send web push to a browser. For whoever is signed in. The same browser again stays one subscription; "
            "when somebody else registers it, it becomes theirs."
        ),
        extensions=[AnswersProblems()],
    )
    async def register_push_subscription(
        self,
        info: Info,
        input: Annotated[RegisterPushSubscriptionInput, strawberry.argument(description="The browser.")],
    ) -> RegisterPushSubscriptionResult:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            row = await choosing.subscribe(
                session,
                user_id,
                endpoint=input.endpoint,
                p256dh=input.keys.p256dh,
                auth=input.keys.auth,
                label=input.label,
                settings=context.settings,
            )
        return PushSubscription(row=row)

    @strawberry.mutation(
        description=(
            "Send no more web push to a browser. For its owner. The second time there is none: "
            "`PushSubscriptionNotFound`."
        ),
        extensions=[AnswersProblems()],
    )
    async def delete_push_subscription(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The subscription.")]
    ) -> DeletePushSubscriptionResult:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            await choosing.unsubscribe(session, user_id, parse_id(id))
        return PushSubscriptionDeleted(id=id)

    @strawberry.mutation(
        description=(
            "Mark notifications as read, 100 at most. For their owner; ids of others are passed over. What is read "
            "stays read since the first time."
        ),
        extensions=[AnswersProblems()],
    )
    async def mark_notifications_read(
        self, info: Info, ids: Annotated[list[strawberry.ID], strawberry.argument(description="Which.")]
    ) -> MarkNotificationsReadResult:
        context = info.context
        user_id = context.require_principal().user_id
        wanted = {parse_id(each, "ids") for each in ids}
        async with context.database.transaction() as session:
            rows = await reading.mark_read(session, user_id, wanted, context.now)
        context.look_again()
        return NotificationsRead(
            notifications=[Notification(row=row) for row in rows], marked_count=None, user=User(user_id=user_id)
        )

    @strawberry.mutation(
        description=(
            "Mark all of one's notifications as read. For whoever is signed in. Pass the newest `sequence` on the "
            "screen as `upTo`, so that what comes meanwhile stays unread. Again marks nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def mark_all_notifications_read(
        self,
        info: Info,
        up_to: Annotated[
            int | None, strawberry.argument(description="None later than this sequence; all when left out.")
        ] = None,
    ) -> MarkNotificationsReadResult:
        context = info.context
        user_id = context.require_principal().user_id
        async with context.database.transaction() as session:
            count = await reading.mark_all_read(session, user_id, context.now, up_to=up_to)
        context.look_again()
        return NotificationsRead(notifications=[], marked_count=count, user=User(user_id=user_id))

    @strawberry.mutation(
        description=(
            "Put a dead delivery into the queue once more: one attempt. For our staff. While it is in the queue, and "
            "once it is sent, the answer is `DeliveryNotDead`."
        ),
        extensions=[AnswersProblems()],
    )
    async def retry_delivery(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The delivery.")]
    ) -> RetryDeliveryResult:
        context = info.context
        context.require_role(*STAFF)
        delivery_id = parse_id(id)
        async with context.database.transaction() as session:
            if not await deliveries.retry(session, delivery_id, context.now):
                raise UnknownDelivery
            await deliveries.wake(session)
            row = (await deliveries.by_ids(session, [delivery_id]))[delivery_id]
        return Delivery(row=row)
