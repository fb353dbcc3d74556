"""Batch loaders: what one operation needs of a kind is read in one query. Made anew for each operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from shared.auth import Principal, Role
from shared.db import Database, ReadSession
from subgraphs.bookings.booking.events import RecordedEvent
from subgraphs.bookings.coupons import repository as coupons
from subgraphs.bookings.coupons.models import Coupon
from subgraphs.bookings.coupons.repository import CouponPage
from subgraphs.bookings.gateways import HotelsGateway
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.payments.models import Payment
from subgraphs.bookings.repository import bookings, listing, payments
from subgraphs.bookings.repository.listing import BookingPage

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
Query: TypeAlias = Callable[[ReadSession, Collection[KeyT]], Awaitable[Mapping[KeyT, ValueT]]]
"""Reads the values of many keys; a key without a value is missing from the answer."""


class Loaders:
    """The loaders of one operation."""

    def __init__(self, database: Database, hotels: HotelsGateway, principal: Principal | None) -> None:
        self._database = database
        self._hotels = hotels
        self._principal = principal
        self.booking: Final[DataLoader[UUID, BookingRow | None]] = self._of(listing.by_ids)
        self.booking_id: Final[DataLoader[str, UUID | None]] = self._of(bookings.ids_by_codes)
        """By code."""
        self.user_bookings: Final[DataLoader[BookingPage, Sequence[BookingRow] | None]] = self._of(listing.of_users)
        self.hotel_bookings: Final[DataLoader[BookingPage, Sequence[BookingRow] | None]] = self._of(listing.of_hotels)
        self.user_coupons: Final[DataLoader[CouponPage, Sequence[Coupon] | None]] = self._of(coupons.of_owners)
        self.history: Final[DataLoader[UUID, Sequence[RecordedEvent] | None]] = self._of(bookings.histories)
        self.payment: Final[DataLoader[UUID, Payment | None]] = self._of(payments.by_ids)
        self.manages: Final[DataLoader[UUID, bool]] = DataLoader(load_fn=self._managed)
        """By hotel: whether the caller manages it."""

    async def _managed(self, hotel_ids: Sequence[UUID]) -> list[bool]:
        principal = self._principal
        if principal is None:
            return [False] * len(hotel_ids)
        if principal.has_any(Role.ADMIN):
            return [True] * len(hotel_ids)
        if not principal.has_any(Role.HOTEL_MANAGER):
            return [False] * len(hotel_ids)
        managed = await self._hotels.managed_by(hotel_ids, principal.user_id)
        return [hotel_id in managed for hotel_id in hotel_ids]

    def _of(self, query: Query[KeyT, ValueT]) -> DataLoader[KeyT, ValueT | None]:
        async def load(keys: Sequence[KeyT]) -> list[ValueT | None]:
            async with self._database.read() as session:
                found = await query(session, keys)
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)
