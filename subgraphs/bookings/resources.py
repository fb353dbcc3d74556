"""What the bookings subgraph lives on while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from redis.asyncio import Redis

from shared.db import Database, WriteSession, utc_now
from shared.graphql import Caller, SubgraphContext, SubgraphRuntime
from shared.pubsub import LiveUpdates
from subgraphs.bookings.gateways import GraphQLHotelsGateway, HotelsGateway
from subgraphs.bookings.loaders import Loaders
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.payments.assembly import PaymentParts, build_payments
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.service.access import is_staff
from subgraphs.bookings.service.booking_desk import BookingDesk
from subgraphs.bookings.service.stay_changes import StayChanges
from subgraphs.bookings.settings import BookingsSettings

T = TypeVar("T")
MAX_CONFLICTS: Final = 5
"""A booking has few writers: who loses so often in a row has met a bug."""


@dataclass(frozen=True, slots=True)
class BookingsResources:
    """The pools and settings of one process."""

    database: Database
    redis: Redis
    live: LiveUpdates
    hotels: HotelsGateway
    payments: PaymentParts
    settings: BookingsSettings
    clock: Callable[[], datetime]


class BookingsContext(SubgraphContext):
    """The context of one operation."""

    def __init__(self, resources: BookingsResources, caller: Caller) -> None:
        super().__init__(caller)
        self.database: Final = resources.database
        self.settings: Final = resources.settings
        self.live: Final = resources.live
        self.hotels: Final = resources.hotels
        self.desk: Final = BookingDesk(
            resources.database, resources.hotels, resources.payments.payments, resources.settings, resources.clock
        )
        self.stay_changes: Final = StayChanges(
            resources.database, resources.hotels, resources.payments.payments, resources.settings, resources.clock
        )
        self._clock: Final = resources.clock
        self.look_again()

    def look_again(self) -> None:
        """Begin anew with nothing loaded, as each event of a subscription must."""
        self.loaders = Loaders(self.database, self.hotels, self.principal)
        self.now = self._clock()
        """One moment for the whole operation, so that all its parts agree on what is past."""

    async def may_see(self, booking: BookingRow) -> bool:
        """Whether the caller may see a booking: its owner, the platform's staff, and the hotel's manager."""
        principal = self.principal
        if principal is None:
            return False
        if principal.user_id == booking.user_id or is_staff(principal):
            return True
        return await self.loaders.manages.load(booking.hotel_id)

    def may_see_payment(self, booking: BookingRow) -> bool:
        """Whether the caller may see how a booking is paid: its owner and the platform's staff."""
        principal = self.principal
        return principal is not None and (principal.user_id == booking.user_id or is_staff(principal))

    async def change(self, use_case: Callable[[WriteSession], Awaitable[T]]) -> T:
        """Run a use case in a transaction; when a rival changed the booking first, run it again on what is now."""
        for _ in range(MAX_CONFLICTS - 1):
            try:
                async with self.database.transaction() as session:
                    return await use_case(session)
            except Conflict:
                continue
        async with self.database.transaction() as session:
            return await use_case(session)

    async def fresh(self, booking_id: UUID) -> BookingRow:
        """The row of a booking that exists, as it is after a change."""
        self.look_again()
        row = await self.loaders.booking.load(booking_id)
        assert row is not None  # bookings are never deleted
        return row


@asynccontextmanager
async def open_resources(
    runtime: SubgraphRuntime,
    *,
    settings: BookingsSettings | None = None,
    hotels: HotelsGateway | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[BookingsResources]:
    """Open everything.

    Args:
        runtime: From the platform.
        settings: The domain's knobs; by default from the environment.
        hotels: By default the hotels subgraph.
        clock: The present moment, for tests that travel in time.
    """
    async with AsyncExitStack() as stack:
        database = runtime.database()
        stack.push_async_callback(database.close)
        redis = runtime.redis()
        stack.push_async_callback(redis.aclose)
        live = await stack.enter_async_context(LiveUpdates(runtime.redis_url))
        payments = build_payments(runtime.settings, database, clock=clock)
        stack.push_async_callback(payments.close)
        yield BookingsResources(
            database=database,
            redis=redis,
            live=live,
            hotels=hotels or GraphQLHotelsGateway(runtime.executor("hotels")),
            payments=payments,
            settings=settings or BookingsSettings(),
            clock=clock,
        )
