"""Making a booking: agree on the price, write it down once, and begin the sale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import msgspec

from shared.db import Database, ReadSession, WriteSession, new_id, utc_now
from subgraphs.bookings.booking.codes import new_code
from subgraphs.bookings.booking.events import NightPrice, PaymentMethodName, Requested
from subgraphs.bookings.coupons import desk as coupons
from subgraphs.bookings.gateways import HotelsGateway, Offer, Stay
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.payments.methods import Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.payments.models import Payment
from subgraphs.bookings.payments.providers import MethodUnavailable
from subgraphs.bookings.recording import record
from subgraphs.bookings.repository import bookings, idempotency
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.service.discounts import Discounts, PricedOffer, priced
from subgraphs.bookings.service.errors import CouponRefused, InvalidValue, KeyReused, NoRooms, PriceIsDifferent
from subgraphs.bookings.service.quotes import check_stay, quote
from subgraphs.bookings.settings import BookingsSettings

MAX_KEY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What somebody wants to book, and what they expect it to cost."""

    room_type_id: UUID
    stay: Stay
    method: PaymentMethod
    expected_minor: int
    """What is to be paid, discounts taken off."""
    expected_currency: str
    discounts: Discounts = field(default_factory=Discounts)


class OpensPayments(Protocol):
    """Writes down a payment in the transaction that wants it."""

    async def open(
        self,
        session: WriteSession,
        *,
        payment_id: UUID,
        booking_id: UUID,
        amount_minor: int,
        currency: str,
        method: PaymentMethod,
        expires_at: datetime | None,
    ) -> Payment:
        """See :class:`subgraphs.bookings.payments.service.Payments`."""
        ...


@dataclass(frozen=True, slots=True)
class BookingDesk:
    """Takes bookings. It asks hotels between two transactions, so it opens them itself."""

    database: Database
    hotels: HotelsGateway
    payments: OpensPayments
    settings: BookingsSettings
    clock: Callable[[], datetime] = utc_now

    async def book(self, user_id: UUID, request: BookingRequest, key: str) -> UUID:
        """Make the booking and begin its sale; return its id. The same request with the same key makes one booking.

        Args:
            user_id: Who books.
            request: What.
            key: Chosen by the client.

        Raises:
            InvalidValue, RefusedByHotels, UnknownRoomType: the input is not acceptable.
            CouponRefused: the coupon does not count for this booking.
            KeyReused: the key was used for another request.
            NoRooms: not free.
            PriceIsDifferent: the price is not what the caller expects.
        """
        check_stay(request.stay, self.settings)
        check_key(key)
        fingerprint = _fingerprint(request)
        if (first := await self._first_result(user_id, key, fingerprint)) is not None:
            return first
        try:
            offer = await quote(self.hotels, request.room_type_id, request.stay, self.settings)
            found = await self._priced(user_id, request, offer)
            if (found.price.total_minor, offer.currency) != (request.expected_minor, request.expected_currency):
                raise PriceIsDifferent(offer, found.price)
        except (NoRooms, PriceIsDifferent, CouponRefused):
            # A twin of this request may have taken the last room, or used the coupon, in the meantime: then its booking
            # is the answer.
            if (first := await self._first_result(user_id, key, fingerprint)) is not None:
                return first
            raise
        async with self.database.transaction() as session:
            booking_id = new_id()
            if not await idempotency.claim(
                session, user_id=user_id, key=key, fingerprint=fingerprint, booking_id=booking_id
            ):
                return await _known_result(session, user_id, key, fingerprint)
            await self._write(session, booking_id, user_id, request, found)
        return booking_id

    async def _priced(self, user_id: UUID, request: BookingRequest, offer: Offer) -> PricedOffer:
        rules = self.settings.discount_rules()
        async with self.database.read() as session:
            return await priced(session, offer, request.discounts, user_id=user_id, rules=rules, now=self.clock())

    async def _write(
        self, session: WriteSession, booking_id: UUID, user_id: UUID, request: BookingRequest, found: PricedOffer
    ) -> None:
        now = self.clock()
        offer, price = found.offer, found.price
        method = _METHOD_NAMES[type(request.method)]
        requested = Requested(
            code=await _free_code(session, booking_id),
            user_id=user_id,
            hotel_id=offer.hotel_id,
            hotel_name=offer.hotel_name,
            room_type_id=offer.room_type_id,
            check_in=request.stay.check_in,
            check_out=request.stay.check_out,
            check_in_time=offer.check_in_time,
            time_zone=offer.time_zone,
            guests=request.stay.guests,
            rooms=request.stay.rooms,
            nights=[NightPrice(night=night, price_minor=minor) for night, minor in offer.nightly_minor],
            total_minor=price.total_minor,
            currency=offer.currency,
            policy=offer.policy,
            payment_method=method,
            expires_at=now + self.settings.time_to_pay(method),
            city=offer.city,
            region=offer.region,
            country_code=offer.country_code,
            coupon_code=price.coupon_code,
            coupon_minor=price.coupon_minor,
            points=price.points,
            points_minor=price.points_minor,
        )
        booking = await record(session, booking_id, None, requested, now=now, actor=user_id)
        try:
            await self.payments.open(
                session,
                payment_id=payment_id_of(booking_id),
                booking_id=booking_id,
                amount_minor=price.total_minor,
                currency=offer.currency,
                method=request.method,
                expires_at=requested.expires_at,
            )
        except MethodUnavailable as error:
            raise InvalidValue("payment.method", "method_unavailable", why=str(error)) from error
        await lifecycle.begin(session, booking, now, self.settings)
        if found.coupon is not None:
            await session.flush()  # so that travelers with the same coupon wait for each other as briefly as can be
            await coupons.redeem(session, found.coupon, booking_id=booking_id, user_id=user_id, now=now)

    async def _first_result(self, user_id: UUID, key: str, fingerprint: str) -> UUID | None:
        async with self.database.read() as session:
            first = await idempotency.first_use(session, user_id, key)
        return None if first is None else _same(first.fingerprint, fingerprint, first.booking_id)


_METHOD_NAMES: dict[type[PaymentMethod], PaymentMethodName] = {Card: "card", Pix: "pix", Boleto: "boleto"}


def check_key(key: str) -> None:
    """Accept an idempotency key, or raise :class:`InvalidValue`."""
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidValue("idempotencyKey", "key_malformed", limit=MAX_KEY_LENGTH)


async def _known_result(session: ReadSession, user_id: UUID, key: str, fingerprint: str) -> UUID:
    first = await idempotency.first_use(session, user_id, key)
    assert first is not None  # we waited for whoever took the key
    return _same(first.fingerprint, fingerprint, first.booking_id)


def _same(first: str, now: str, booking_id: UUID) -> UUID:
    if first != now:
        raise KeyReused
    return booking_id


async def _free_code(session: WriteSession, booking_id: UUID) -> str:
    while not await bookings.take_code(session, code := new_code(), booking_id):
        pass  # one in a trillion is taken; the next will not be
    return code


def _fingerprint(request: BookingRequest) -> str:
    named: tuple[str, Any] = (type(request.method).__name__, msgspec.to_builtins(request))
    # A request without discounts has the fingerprint that it had before there were any: keys live longer than releases.
    if request.discounts == Discounts():
        del named[1]["discounts"]
    return sha256(msgspec.json.encode(named)).hexdigest()  # fields in the order of their declaration
