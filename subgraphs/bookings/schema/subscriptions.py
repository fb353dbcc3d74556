"""Subscriptions of the bookings domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, NotFound, page_size, parse_id
from subgraphs.bookings.messages import say
from subgraphs.bookings.repository.listing import row_of
from subgraphs.bookings.schema.booking import Booking, visible
from subgraphs.bookings.schema.context import Info, language_of
from subgraphs.bookings.service.versions import FOLLOWED, follow, follow_user


@strawberry.input(description="A booking as a watcher saw it last.")
class SeenBooking:
    """Where to go on."""

    booking_id: strawberry.ID = strawberry.field(description="The booking.")
    version: int = strawberry.field(description="Its last version that was seen.")


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
            "Watch one's own bookings: first the newest ones as they are now, the oldest first; then every later "
            "version of them, of new ones, and of older ones when they change. Of each booking, every version comes "
            "once and in order. After a lost connection name in `after` what was seen last: of those bookings only the "
            "versions behind it come, however many; bookings that are not named come as on a first connection. "
            "Followed are the 500 newest bookings."
        )
    )
    async def my_bookings(
        self,
        info: Info,
        first: Annotated[
            int | None, strawberry.argument(description="How many to show at the beginning, 1 to 100; 20 by default.")
        ] = None,
        after: Annotated[
            list[SeenBooking] | None,
            strawberry.argument(description="The bookings seen before, each with its last version; at most 500."),
        ] = None,
    ) -> AsyncGenerator[Booking, None]:
        context = info.context
        user_id = context.require_principal().user_id
        seen = _seen(after or [])
        async with aclosing(
            follow_user(context.database, context.live, user_id, first=page_size(first), after=seen)
        ) as versions:
            async for booking in versions:
                context.look_again()
                yield Booking(row=row_of(booking))


def _seen(given: list[SeenBooking]) -> dict[UUID, int]:
    if len(given) > FOLLOWED:
        raise BadUserInput(f"Name at most {FOLLOWED} bookings.", field="after")
    if any(booking.version < 0 for booking in given):
        raise BadUserInput("A version is 0 or more.", field="after.version")
    return {parse_id(booking.booking_id, "after.bookingId"): booking.version for booking in given}
