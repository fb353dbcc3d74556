"""Changing the stay of a booking: agree on the price, write the change down once, and begin it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec
import structlog

from shared.db import Database, WriteSession, new_id, utc_now
from subgraphs.bookings.booking import changing
from subgraphs.bookings.booking.aggregate import Booking, ChangeState, StayChange
from subgraphs.bookings.booking.changing import Settlement
from subgraphs.bookings.booking.decisions import NotPossible
from subgraphs.bookings.booking.events import ChangeRequested, NightPrice, PaymentMethodName, StayTerms
from subgraphs.bookings.gateways import HotelsGateway, HotelsUnavailable, Offer, Stay, StayRefused
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.models import BookingRow, Saga
from subgraphs.bookings.payments.methods import Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.payments.providers import MethodUnavailable
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings, idempotency, sagas
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.saga.changing import data_of
from subgraphs.bookings.service.booking_desk import OpensPayments, check_key
from subgraphs.bookings.service.errors import (
    BookingsError,
    InvalidValue,
    KeyReused,
    NoRooms,
    PolicyRefuses,
    UnknownBooking,
)
from subgraphs.bookings.service.quotes import check_stay, quote
from subgraphs.bookings.settings import BookingsSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Which stay somebody wants instead, and what they expect to have paid for the booking then."""

    booking_id: UUID
    room_type_id: UUID | None
    """``None``: the one that is booked."""
    stay: Stay
    method: PaymentMethod | None
    """How to pay a difference; not needed when there is none to pay."""
    expected_minor: int
    expected_currency: str


@dataclass(frozen=True, slots=True)
class ChangeOffer:
    """What another stay costs, and what that means for the booking."""

    offer: Offer
    settlement: Settlement


class ChangePriceIsDifferent(BookingsError):
    """The booking would cost something else than the caller expects."""

    key = "price_changed"

    def __init__(self, found: ChangeOffer) -> None:
        super().__init__()
        self.found = found


@dataclass(frozen=True, slots=True)
class StayChanges:
    """Takes changes of stay. It asks hotels between two transactions, so it opens them itself."""

    database: Database
    hotels: HotelsGateway
    payments: OpensPayments
    settings: BookingsSettings
    clock: Callable[[], datetime] = utc_now

    async def quote(self, booking_id: UUID, room_type_id: UUID | None, stay: Stay) -> ChangeOffer:
        """What changing to another stay would cost now. Nothing is reserved.

        Raises:
            InvalidValue, RefusedByHotels, UnknownRoomType: the input is not acceptable.
            UnknownBooking: there is none.
            PolicyRefuses: this booking cannot be changed now.
            NoRooms: not free.
        """
        check_stay(stay, self.settings)
        booking = await self._changeable(booking_id)
        offer = await self._offer(booking, room_type_id, stay)
        return ChangeOffer(offer, self._settle(booking, offer))

    async def request(self, caller_id: UUID, request: ChangeRequest, key: str) -> UUID:
        """Write the change down and begin it; return its id. The same request with the same key makes one change.

        Args:
            caller_id: Who asks: the key is theirs.
            request: What for.
            key: Chosen by the client.

        Raises:
            InvalidValue, RefusedByHotels, UnknownRoomType: the input is not acceptable.
            UnknownBooking: there is none.
            PolicyRefuses: this booking cannot be changed now, or another change is under way.
            KeyReused: the key was used for another request.
            NoRooms: not free.
            ChangePriceIsDifferent: the price is not what the caller expects.
            Conflict: the booking changed meanwhile; try again.
        """
        check_stay(request.stay, self.settings)
        check_key(key)
        fingerprint = _fingerprint(request)
        if (first := await self._first_result(caller_id, key, fingerprint)) is not None:
            return first
        try:
            booking = await self._changeable(request.booking_id)
            offer = await self._offer(booking, request.room_type_id, request.stay)
            async with self.database.transaction() as session:
                return await self._write(session, caller_id, request, offer, key, fingerprint)
        except (NoRooms, ChangePriceIsDifferent, PolicyRefuses):
            # A twin of this request may have begun the change in the meantime: then that one is the answer.
            if (first := await self._first_result(caller_id, key, fingerprint)) is not None:
                return first
            raise

    async def _write(
        self, session: WriteSession, caller_id: UUID, request: ChangeRequest, offer: Offer, key: str, fingerprint: str
    ) -> UUID:
        now = self.clock()
        change_id = new_id()
        if not await idempotency.claim(
            session,
            user_id=caller_id,
            key=key,
            fingerprint=fingerprint,
            booking_id=request.booking_id,
            change_id=change_id,
        ):
            first = await idempotency.first_use(session, caller_id, key)
            assert first is not None  # we waited for whoever took the key
            return _same(first.fingerprint, fingerprint, first.change_id)
        # Cancellations and other changes wait here until this one is written.
        sale = (await sagas.lock_all(session, request.booking_id)).get(request.booking_id)
        booking = await bookings.load(session, request.booking_id)
        assert booking is not None  # it was there before, and none is ever deleted
        if sale is None or sale.state != sagas.COMPLETED:
            raise PolicyRefuses("not_changeable" if sale is None else "not_confirmed")
        plan = self._plan(booking, change_id, request, offer, now)
        booking = await record(session, booking.id, booking, plan, now=now, actor=caller_id)
        if plan.due_minor:
            await self._open_payment(session, booking, plan, request.method)
        saga = Saga(id=change_id, kind=sagas.CHANGE, deadline=plan.expires_at, data=data_of(plan))
        await lifecycle.start(session, saga, booking, now, self.settings)
        return change_id

    def _plan(
        self, booking: Booking, change_id: UUID, request: ChangeRequest, offer: Offer, now: datetime
    ) -> ChangeRequested:
        settlement = self._settle(booking, offer)
        if (settlement.total_minor, offer.currency) != (request.expected_minor, request.expected_currency):
            raise ChangePriceIsDifferent(ChangeOffer(offer, settlement))
        if settlement.due_minor and request.method is None:
            raise InvalidValue("payment", "payment_missing")
        method = _METHOD_NAMES[type(request.method)] if request.method is not None else None
        try:
            return changing.request_change(
                booking,
                change_id,
                _stay_terms(offer, request.stay),
                settlement,
                payment_method=method,
                expires_at=now + self.settings.time_to_pay(method if method and settlement.due_minor else "card"),
                now=now,
            )
        except NotPossible as error:
            raise PolicyRefuses(error.reason) from None

    async def _open_payment(
        self, session: WriteSession, booking: Booking, plan: ChangeRequested, method: PaymentMethod | None
    ) -> None:
        assert method is not None  # checked before
        try:
            await self.payments.open(
                session,
                payment_id=payment_id_of(plan.change_id),
                booking_id=booking.id,
                amount_minor=plan.due_minor,
                currency=booking.terms.currency,
                method=method,
                expires_at=plan.expires_at,
            )
        except MethodUnavailable as error:
            raise InvalidValue("payment.method", "method_unavailable", why=str(error)) from error

    async def _changeable(self, booking_id: UUID) -> Booking:
        async with self.database.read() as session:
            booking = await bookings.load(session, booking_id)
        if booking is None:
            raise UnknownBooking
        try:
            changing.require_changeable(booking, self.clock())
        except NotPossible as error:
            raise PolicyRefuses(error.reason) from None
        return booking

    async def _offer(self, booking: Booking, room_type_id: UUID | None, stay: Stay) -> Offer:
        wanted = booking.terms.room_type_id if room_type_id is None else room_type_id
        offer = await quote(self.hotels, wanted, stay, self.settings, replaces=booking.hold_id)
        if offer.hotel_id != booking.terms.hotel_id:
            raise InvalidValue("roomTypeId", "other_hotel")
        return offer

    def _settle(self, booking: Booking, offer: Offer) -> Settlement:
        return changing.settle(
            booking, offer.total_minor, self.clock(), minimum_minor=self.settings.minimum_charge_minor
        )

    async def _first_result(self, caller_id: UUID, key: str, fingerprint: str) -> UUID | None:
        async with self.database.read() as session:
            first = await idempotency.first_use(session, caller_id, key)
        return None if first is None else _same(first.fingerprint, fingerprint, first.change_id)


def change_in(row: BookingRow, change_id: UUID) -> StayChange:
    """A change of the booking that ``row`` shows."""
    changes = msgspec.convert(row.details["changes"], list[StayChange])
    return next(change for change in changes if change.id == change_id)


def is_decided(row: BookingRow, change_id: UUID) -> bool:
    """Whether who asked for a change has something to know or to do."""
    change = change_in(row, change_id)
    return change.state is not ChangeState.UNDER_WAY or change.payment_action is not None


async def alternatives_to(hotels: HotelsGateway, change: StayChange) -> Sequence[Offer]:
    """The hotel's other room types that are free for the stay of a change that found no rooms; none if nobody knows."""
    stay = Stay(change.stay.check_in, change.stay.check_out, change.stay.guests, change.stay.rooms)
    try:
        found = await hotels.availability(change.stay.room_type_id, stay)
    except (HotelsUnavailable, StayRefused, OSError) as error:
        log.warning("alternatives are left out", error=repr(error))
        return ()
    return () if found is None else found.alternatives


_METHOD_NAMES: Final[dict[type[PaymentMethod], PaymentMethodName]] = {Card: "card", Pix: "pix", Boleto: "boleto"}


def _stay_terms(offer: Offer, stay: Stay) -> StayTerms:
    """The terms of an offer; what is paid for it in the end is for the settlement to say."""
    return StayTerms(
        room_type_id=offer.room_type_id,
        check_in=stay.check_in,
        check_out=stay.check_out,
        check_in_time=offer.check_in_time,
        guests=stay.guests,
        rooms=stay.rooms,
        nights=[NightPrice(night=night, price_minor=minor) for night, minor in offer.nightly_minor],
        total_minor=offer.total_minor,
        policy=offer.policy,
        minimum_fee_minor=0,
    )


def _same(first: str, now: str, change_id: UUID | None) -> UUID:
    if first != now or change_id is None:
        raise KeyReused
    return change_id


def _fingerprint(request: ChangeRequest) -> str:
    named = ("change", type(request.method).__name__, request)
    return sha256(msgspec.json.encode(named, order="deterministic")).hexdigest()
