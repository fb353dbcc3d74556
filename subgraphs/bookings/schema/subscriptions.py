"""Subscriptions of the bookings domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from shared.graphql import BadUserInput, NotFound, parse_id
from subgraphs.bookings.messages import say
from subgraphs.bookings.repository.listing import row_of
from subgraphs.bookings.schema.booking import Booking, visible
from subgraphs.bookings.schema.context import Info, language_of
from subgraphs.bookings.service.versions import follow, follow_user


@strawberry.type(description="What one can watch.")
class Subscription:
    """What one can watch about bookings."""

    @strawberry.subscription(
        description=(
            "Watch a booking: first as it is now, then in every later version, each once and in order. After a lost "
            "connection pass the last `version` as `after`, and go on behind it. For who made the booking, the "
            "hotel's manager and our staff."
        )
    )
    async def booking_updated(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The booking.")],
        after: Annotated[
            int | None, strawberry.argument(description="The last version that was seen; leave out the snapshot.")
        ] = None,
    ) -> AsyncGenerator[Booking, None]:
        context = info.context
        context.require_principal()
        if after is not None and after < 0:
            raise BadUserInput("A version is 0 or more.", field="after")
        row = await visible(info, parse_id(id), None)
        if row is None:
            raise NotFound(say(language_of(info), "unknown_booking"))
        async with aclosing(follow(context.database, context.live, row.id, after=after)) as versions:
            async for booking in versions:
                context.look_again()
                yield Booking(row=row_of(booking))

    @strawberry.subscription(
        description=(
            "Watch one's own bookings: first the newest 20 as they are now, the oldest first; then every later version "
            "of them and of new ones. Of each booking, every version comes once and in order."
        )
    )
    async def my_bookings(self, info: Info) -> AsyncGenerator[Booking, None]:
        context = info.context
        user_id = context.require_principal().user_id
        async with aclosing(follow_user(context.database, context.live, user_id)) as versions:
            async for booking in versions:
                context.look_again()
                yield Booking(row=row_of(booking))
