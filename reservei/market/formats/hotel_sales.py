"""``hotel_bookings.csv.gz`` once more, as if it happened now: each row is sold by a real saga.

Rooms are held in hotels and paid in the sandbox, what the file says was cancelled is cancelled and refunded. The dates
move into the future by whole weeks, so that weekends stay weekends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from reservei.market.csv_rows import Row
from reservei.market.formats.hotel_bookings import HOTEL_BOOKINGS_SOURCE, HotelBookingsImporter
from reservei.market.hotels import Calendar
from reservei.market.importing import Item, Parsed, Written
from reservei.market.problems import Reason, RowRejected
from reservei.market.report import Tally
from shared.config import PlatformSettings
from shared.contracts.bookings import IMPORTED_GUEST_ID
from shared.db import Database, WriteSession, utc_now
from shared.local.errors import LocalRuntimeError
from subgraphs.bookings.booking.aggregate import CALLED_OFF, IN_PROGRESS, BookingState
from subgraphs.bookings.gateways import Availability, Offer, Stay
from subgraphs.bookings.importing import Ending, PastBooking
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.payments.assembly import PaymentParts, build_payments
from subgraphs.bookings.payments.methods import Card
from subgraphs.bookings.repository import idempotency, listing, sagas
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.service import changes
from subgraphs.bookings.service.booking_desk import BookingDesk, BookingRequest
from subgraphs.bookings.settings import BookingsSettings

_FIRST_ARRIVAL: Final = date(2015, 7, 1)
_LAST_DEPARTURE: Final = date(2017, 12, 31)
"""Of the file: what is between is put on sale, moved like its bookings."""
_LOOK_SECONDS: Final = 0.1
_CARD: Final = Card("tok_approve")


@dataclass(frozen=True, slots=True)
class _Prices:
    """Hotels, as far as prices go: each booking of the file costs what it cost, whatever a night costs others."""

    row: PastBooking

    async def availability(
        self,
        room_type_id: UUID,
        stay: Stay,
        *,
        replaces: UUID | None = None,  # noqa: ARG002  # part of the port
    ) -> Availability:
        """An offer at the row's price. Whether there is a room is for the saga to find out."""
        row = self.row
        nights = tuple((row.check_in + timedelta(days=day), row.night_price_minor) for day in range(row.nights))
        offer = Offer(
            hotel_id=row.hotel_id,
            hotel_name=row.hotel_name,
            time_zone=row.time_zone,
            check_in_time=row.check_in_time,
            room_type_id=room_type_id,
            nightly_minor=nights,
            total_minor=row.night_price_minor * row.nights * stay.rooms,
            currency=row.currency,
            policy=row.policy,
            rooms_left=stay.rooms,
        )
        return Availability(hotel_id=row.hotel_id, offer=offer, alternatives=())

    async def managed_by(self, hotel_ids: object, user_id: UUID) -> frozenset[UUID]:  # noqa: ARG002
        """Nobody manages the hotels of the file."""
        return frozenset()


class HotelSalesImporter(HotelBookingsImporter):
    """Sells each row. Somebody has to run the workers of hotels and bookings meanwhile.

    A row is known by its content, like in the history: a second run finds each booking by its idempotency key, goes on
    with what was left half done, and sells nothing twice.
    """

    batch_size = 16

    def __init__(
        self,
        platform: PlatformSettings,
        *,
        settings: BookingsSettings | None = None,
        today: date | None = None,
        patience_seconds: float = 120.0,
    ) -> None:
        """Import one file.

        Args:
            platform: Secrets of the payment sandbox.
            settings: Of bookings; by default from the environment.
            today: Arrivals begin after it.
            patience_seconds: How long the bookings of a batch may be under way until they are reported as not sold.
        """
        super().__init__()
        self._platform = platform
        self._settings = settings or BookingsSettings()
        self._patience = patience_seconds
        today = today or utc_now().date()
        # Two days on: somewhere it is tomorrow already.
        weeks = -(-((today - _FIRST_ARRIVAL).days + 2) // 7)
        self._shift = timedelta(weeks=weeks)
        self.calendar = Calendar(_FIRST_ARRIVAL + self._shift, _LAST_DEPARTURE + self._shift)
        self._database: Database | None = None
        self._payments: PaymentParts | None = None

    async def prepare(self, databases: Mapping[str, Database]) -> Mapping[str, Tally]:
        """Write the two hotels, with the nights that their bookings will need."""
        self._database = databases["bookings"]
        self._payments = build_payments(self._platform, self._database)
        if self._payments.sandbox is None:
            raise LocalRuntimeError(
                "Sales are imported into the payment sandbox, and this platform has none.",
                "Leave RESERVEI_STRIPE_KEY out, not in production; or import with --mode history.",
            )
        return await super().prepare(databases)

    def parse(self, row: Row) -> Parsed[PastBooking]:
        """A booking like in the history, moved, when it is one that we would sell."""
        parsed = super().parse(row)
        booking = parsed.record
        if booking.nights > (longest := self._settings.max_stay_nights):
            detail = f"{booking.nights} nights where {longest} are sold"
            raise RowRejected(Reason.OUT_OF_RANGE, "stays_in_week_nights", detail)
        if booking.night_price_minor == 0:
            raise RowRejected(Reason.OUT_OF_RANGE, "adr", "a stay that costs nothing cannot be paid")
        moved = replace(booking, check_in=booking.check_in + self._shift)
        return Parsed(parsed.key, moved, parsed.adjustments)

    async def write(self, session: WriteSession, items: Sequence[Item[PastBooking]]) -> Written[PastBooking]:  # noqa: ARG002
        """Sell the bookings side by side, each in its own transactions; the caller's is not used."""
        sold = await asyncio.gather(*(self._book(item.record) for item in items))
        ids = [booking_id for booking_id, _ in sold]
        await self._until_settled(ids)
        cancelled = await asyncio.gather(
            *(self._cancel(booking_id, item.record) for booking_id, item in zip(ids, items, strict=True))
        )
        await self._until_settled(ids)
        return await self._written(items, sold, cancelled)

    async def _book(self, row: PastBooking) -> tuple[UUID, bool]:
        """The row's booking, and whether it is new."""
        assert self._payments is not None, "prepare comes first"
        key = f"{HOTEL_BOOKINGS_SOURCE}:{row.source_id}"
        async with self._db.read() as session:
            # By its key alone: an import of another day has moved the row to other dates.
            known = await idempotency.first_use(session, IMPORTED_GUEST_ID, key)
        if known is not None:
            return known.booking_id, False
        desk = BookingDesk(self._db, _Prices(row), self._payments.payments, self._settings)
        request = BookingRequest(
            room_type_id=row.room_type_id,
            stay=Stay(row.check_in, row.check_out, guests=row.guests, rooms=1),
            method=_CARD,
            expected_minor=row.night_price_minor * row.nights,
            expected_currency=row.currency,
        )
        return await desk.book(IMPORTED_GUEST_ID, request, key), True

    async def _cancel(self, booking_id: UUID, row: PastBooking) -> bool:
        """Cancel what was sold and the file says was cancelled; whether that was done now."""
        if row.ending is not Ending.CANCELLED:
            return False
        while (await self._rows([booking_id]))[booking_id].state == BookingState.CONFIRMED:
            try:
                async with self._db.transaction() as session:
                    await changes.cancel(
                        session, booking_id, actor=IMPORTED_GUEST_ID, reason="cancelled in the file", now=utc_now()
                    )
            except Conflict:
                continue
            return True
        return False

    async def _until_settled(self, ids: Sequence[UUID]) -> None:
        """Wait until the sagas of all have ended, or until patience has."""
        waiting = set(ids)
        try:
            async with asyncio.timeout(self._patience):
                while waiting:
                    async with self._db.read() as session:
                        states = {id_: saga.state for id_ in waiting if (saga := await sagas.get(session, id_))}
                    # A saga that is gone was finished long ago.
                    waiting = {id_ for id_ in waiting if states.get(id_, sagas.COMPLETED) in sagas.ACTIVE}
                    if waiting:
                        await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            pass  # ``_written`` says which are not there yet

    async def _written(
        self,
        items: Sequence[Item[PastBooking]],
        sold: Sequence[tuple[UUID, bool]],
        cancelled: Sequence[bool],
    ) -> Written[PastBooking]:
        rows = await self._rows([booking_id for booking_id, _ in sold])
        tallies = {self.kind: Tally(), "confirmed": Tally(), "cancelled": Tally()}
        refused: list[tuple[Item[PastBooking], RowRejected]] = []
        for item, (booking_id, is_new), was_cancelled in zip(items, sold, cancelled, strict=True):
            row = rows[booking_id]
            if (refusal := _refusal(row)) is not None:
                refused.append((item, refusal))
                continue
            one = Tally(new=int(is_new), changed=int(was_cancelled and not is_new))
            one.unchanged = 1 - one.new - one.changed
            tallies[self.kind].add(one)
            tallies["cancelled" if row.state == BookingState.CANCELLED else "confirmed"].add(one)
        return Written(tallies, refused=refused)

    async def _rows(self, ids: Sequence[UUID]) -> Mapping[UUID, BookingRow]:
        async with self._db.read() as session:
            return await listing.by_ids(session, ids)

    @property
    def _db(self) -> Database:
        assert self._database is not None, "prepare comes first"
        return self._database


def _refusal(row: BookingRow) -> RowRejected | None:
    """Why a booking did not come about."""
    state = BookingState(row.state)
    if state in IN_PROGRESS:
        return RowRejected(Reason.NOT_SOLD, detail="still under way: import again to see what became of it")
    if state in CALLED_OFF and state is not BookingState.CANCELLED:
        return RowRejected(Reason.NOT_SOLD, detail=row.failure_reason or state.lower())
    return None
