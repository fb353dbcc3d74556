"""Subscriptions of the analytics domain."""

# mypy: disallow-untyped-decorators=False

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry

from shared.graphql import Forbidden, Money, parse_id
from subgraphs.analytics.schema.context import Info, language_of, viewer_of
from subgraphs.analytics.service.pulse import follow_pulse
from subgraphs.analytics.service.questions import scope_of
from subgraphs.analytics.service.refusals import NotAllowed


@strawberry.type(description="A hotel's day as it happens, by the calendar of the place.")
class HotelPulse:
    """What a dashboard shows live."""

    today: date = strawberry.field(name="todayDate", description="Which day it is there.")
    sold_today: int = strawberry.field(description="Bookings confirmed today, for whichever nights.")
    revenue_today: Money = strawberry.field(description="What these bookings bring.")
    arrivals_today: int = strawberry.field(description="Bookings whose guests arrive today.")
    rooms_sold_tonight: int = strawberry.field(description="Rooms sold for tonight.")


@strawberry.type
class Subscription:
    """What one can watch in numbers."""

    @strawberry.subscription(
        description=(
            "Watch a hotel's day: the figures as they are, and again whenever they change, once a second at most. For "
            "the hotel's manager and our staff."
        )
    )
    async def hotel_pulse(
        self, info: Info, hotel_id: Annotated[strawberry.ID, strawberry.argument(description="The hotel.")]
    ) -> AsyncGenerator[HotelPulse, None]:
        resources = info.context.resources
        wanted = parse_id(hotel_id, "hotelId")
        await _require_hotel(info, wanted)
        pulses = follow_pulse(resources.store, resources.live, wanted, resources.clock)
        async with aclosing(pulses):  # type: ignore[type-var]
            async for pulse in pulses:
                await _require_hotel(info, wanted)  # it may have another manager by now
                yield HotelPulse(
                    today=pulse.today,
                    sold_today=pulse.sold_today,
                    revenue_today=Money.of_minor(pulse.revenue_minor, pulse.currency),
                    arrivals_today=pulse.arrivals,
                    rooms_sold_tonight=pulse.rooms_tonight,
                )


async def _require_hotel(info: Info, hotel_id: UUID) -> None:
    try:
        await scope_of(info.context.resources.store, viewer_of(info), hotel_id)
    except NotAllowed as error:
        raise Forbidden(error.says(language_of(info))) from error
