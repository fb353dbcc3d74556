"""Subscriptions of the notifications domain."""

# mypy: disallow-untyped-decorators=False

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from shared.graphql import BadUserInput
from subgraphs.notifications.schema.context import Info
from subgraphs.notifications.schema.notification import Notification
from subgraphs.notifications.service.following import follow


@strawberry.type(description="What one can watch.")
class Subscription:
    """What one can watch about notifications."""

    @strawberry.subscription(
        description=(
            "Watch one's own notifications: first the newest 20 that are not read, the oldest of them first; then each "
            "new one, once and in order. After a lost connection pass the last `sequence` as `after`, and go on behind "
            "it. For whoever is signed in."
        )
    )
    async def notification_received(
        self,
        info: Info,
        after: Annotated[
            int | None, strawberry.argument(description="The last sequence that was seen; leave out the snapshot.")
        ] = None,
    ) -> AsyncGenerator[Notification, None]:
        context = info.context
        user_id = context.require_principal().user_id
        if after is not None and after < 0:
            raise BadUserInput("A sequence is 0 or more.", field="after")
        async with aclosing(follow(context.database, context.live, user_id, after=after)) as coming:
            async for notification in coming:
                context.look_again()
                yield Notification(row=notification)
