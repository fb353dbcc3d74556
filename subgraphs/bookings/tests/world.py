"""Bookings with everything around it: the real tables, saga and payment sandbox; a broker that a test turns by hand;
and hotels as far as bookings can see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import text

from shared.config import PlatformSettings
from shared.contracts import inventory as i
from shared.contracts import points as p
from shared.db import Database, new_id, utc_now
from shared.graphql import GraphQLRequest, GraphQLResponse
from shared.messaging import EventEnvelope
from subgraphs.bookings.booking.aggregate import Booking
from subgraphs.bookings.consumers import saga_handlers
from subgraphs.bookings.coupons import desk as coupons
from subgraphs.bookings.coupons.desk import NewCoupon
from subgraphs.bookings.coupons.models import Coupon
from subgraphs.bookings.gateways import GraphQLHotelsGateway, Stay
from subgraphs.bookings.models import Saga
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.payments.methods import Card, PaymentMethod
from subgraphs.bookings.payments.sandbox.courier import SandboxCourier
from subgraphs.bookings.payments.settings import PaymentsSettings
from subgraphs.bookings.repository import bookings, sagas
from subgraphs.bookings.saga.executor import SagaExecutor
from subgraphs.bookings.saga.payments_port import PaymentCalls
from subgraphs.bookings.service import changes
from subgraphs.bookings.service.booking_desk import BookingDesk, BookingRequest
from subgraphs.bookings.service.discounts import Discounts
from subgraphs.bookings.settings import BookingsSettings

NIGHT_MINOR = 20_000
SOON = (utc_now() + timedelta(days=30)).date()
QUIET_ROUNDS = 50


@dataclass
class FakeHotels:
    """The hotels subgraph as an executor: one hotel per room type, which is free unless told otherwise."""

    prices: dict[str, int] = field(default_factory=dict)
    """Price of a night by room type; ``NIGHT_MINOR`` for all others."""
    sold_out: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    managers: dict[str, str] = field(default_factory=dict)
    """User by hotel."""
    same_hotel: dict[str, str] = field(default_factory=dict)
    """By room type: another one of the same hotel."""
    replaced: list[str | None] = field(default_factory=list)
    """The hold that each question for availability said would be replaced."""
    free_until_days: int | None = 7
    destination: dict[str, Any] = field(
        default_factory=lambda: {"kind": "CITY", "name": "Ouro Preto", "regionCode": "MG"}
    )
    is_away: bool = False
    asked: list[str] = field(default_factory=list)

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        """Answer the two operations of the gateway."""
        if self.is_away:
            raise ConnectionError("hotels is away")
        if "roomTypes" in request.variables:
            self.asked.append("availability")
            self.replaced.append(request.variables["replaces"])
            return {"data": {"_entities": [self._room_type(request.variables)]}}
        self.asked.append("managed")
        user = request.variables["userId"]
        hotels = [key["id"] for key in request.variables["hotels"]]
        return {"data": {"_entities": [{"id": id_, "isManagedBy": self.managers.get(id_) == user} for id_ in hotels]}}

    def _room_type(self, variables: Mapping[str, Any]) -> Any:
        room_type = variables["roomTypes"][0]["id"]
        if room_type in self.unknown:
            return None
        stay = variables["stay"]
        first, last = date.fromisoformat(stay["checkInDate"]), date.fromisoformat(stay["checkOutDate"])
        free = [] if room_type in self.sold_out else [self._offer(room_type, first, last, stay["rooms"])]
        other = self._offer(str(UUID(int=1)), first, last, stay["rooms"])
        return {
            "hotel": {
                "id": str(hotel_of(UUID(self.same_hotel.get(room_type, room_type)))),
                "name": "Pousada do Ouro",
                "timeZone": "America/Sao_Paulo",
                "checkInTime": "14:00:00",
                "countryCode": "BR",
                "destination": self.destination,
                "availability": [*free, other],
            }
        }

    def _offer(self, room_type: str, first: date, last: date, rooms: int) -> Any:
        price = self.prices.get(room_type, NIGHT_MINOR)
        nights = [first + timedelta(days=n) for n in range((last - first).days)]

        def money(minor: int) -> dict[str, str]:
            return {"amount": f"{minor / 100:.2f}", "currency": "BRL"}

        return {
            "roomType": {"id": room_type},
            "nights": [{"nightDate": night.isoformat(), "price": money(price)} for night in nights],
            "total": money(price * len(nights) * rooms),
            "roomsLeft": 5,
            "cancellation": {"freeUntilDays": self.free_until_days, "firstNightUntilDays": 2},
        }


def hotel_of(room_type_id: UUID) -> UUID:
    """The hotel of a room type."""
    return UUID(int=room_type_id.int ^ 0xFFFF)


@dataclass
class FakeInventory:
    """Hotels' side of the saga: keeps holds, and answers commands unless told to be silent."""

    holds: dict[UUID, str] = field(default_factory=dict)
    """``held``, ``sold`` or ``free``, by hold."""
    refuse: dict[type[Any], i.RefusalReason] = field(default_factory=dict)
    """Commands to refuse, and why."""
    silent: set[type[Any]] = field(default_factory=set)
    """Commands to carry out without an answer."""
    received: list[str] = field(default_factory=list)
    replaces: dict[UUID, UUID] = field(default_factory=dict)
    """The hold that a hold takes the place of once it is sold."""

    def answer(self, topic: str, payload: bytes) -> msgspec.Struct | None:
        """Carry a command out."""
        kind: Any = {k.topic: k for k in (i.HoldInventory, i.ConfirmInventory, i.ReleaseInventory)}[topic]
        command = msgspec.json.decode(payload, type=kind)
        self.received.append(kind.__name__)
        ids = {"hold_id": command.hold_id, "booking_id": command.booking_id}
        reply: msgspec.Struct
        if kind in self.refuse:
            reply = i.InventoryRefused(**ids, reason=self.refuse[kind], sold_out_nights=[SOON])
            self.holds[command.hold_id] = "free"
        elif kind is i.HoldInventory:
            if self.holds.get(command.hold_id) == "free":
                reply = i.InventoryRefused(**ids, reason="released")
            else:
                self.holds.setdefault(command.hold_id, "held")
                if command.replaces_hold_id is not None:
                    self.replaces[command.hold_id] = command.replaces_hold_id
                reply = i.InventoryHeld(**ids, expires_at=command.expires_at)
        elif kind is i.ConfirmInventory:
            self.holds[command.hold_id] = "sold"
            if command.hold_id in self.replaces:
                self.holds[self.replaces[command.hold_id]] = "free"
            reply = i.InventoryConfirmed(**ids)
        else:
            self.holds[command.hold_id] = "free"
            reply = i.InventoryReleased(**ids)
        return None if kind in self.silent else reply


@dataclass
class FakeGamification:
    """Gamification's side of the saga: one purse of points for everybody."""

    available: int = 1_000_000
    reservations: dict[UUID, str] = field(default_factory=dict)
    """``reserved``, ``spent`` or ``free``, by reservation."""
    amounts: dict[UUID, int] = field(default_factory=dict)
    is_silent: bool = False
    """Whether it carries commands out without an answer."""
    received: list[str] = field(default_factory=list)

    def answer(self, topic: str, payload: bytes) -> msgspec.Struct | None:
        """Carry a command out, once for each reservation."""
        kind: Any = {k.topic: k for k in (p.ReservePoints, p.ConfirmPoints, p.ReleasePoints)}[topic]
        command = msgspec.json.decode(payload, type=kind)
        self.received.append(kind.__name__)
        ids = {"reservation_id": command.reservation_id, "booking_id": command.booking_id}
        state = self.reservations.get(command.reservation_id)
        if kind is p.ConfirmPoints:
            assert state == "reserved"
            self.reservations[command.reservation_id] = "spent"
            return None
        if kind is p.ReleasePoints:
            if state in {"reserved", "spent"}:
                self.available += self.amounts[command.reservation_id]
            self.reservations[command.reservation_id] = "free"
            return None
        reply: msgspec.Struct
        if state == "free":
            reply = p.PointsRefused(**ids, reason="released", available=self.available)
        elif state is None and command.points > self.available:
            reply = p.PointsRefused(**ids, reason="too_few_points", available=self.available)
        else:
            if state is None:
                self.available -= command.points
                self.amounts[command.reservation_id] = command.points
                self.reservations[command.reservation_id] = "reserved"
            reply = p.PointsReserved(**ids, points=command.points)
        return None if self.is_silent else reply


class World:
    """One bookings domain whose time and messages a test controls."""

    def __init__(self, database: Database, platform: PlatformSettings, *, payments: PaymentCalls | None = None) -> None:
        self.database = database
        # Nobody is taken for dead, and no answer for lost, because the machine is busy.
        self.settings = BookingsSettings(lease_seconds=120)
        self.offset = timedelta(0)
        self.hotels = FakeHotels()
        self.inventory = FakeInventory()
        self.points = FakeGamification()
        self.published: list[EventEnvelope] = []
        quick = PaymentsSettings(provider_timeout_seconds=60, sandbox_late_seconds=0)
        self.parts = build_payments(platform, database, settings=quick, clock=self.clock)
        assert self.parts.sandbox is not None
        self.sandbox = self.parts.sandbox
        self.courier = SandboxCourier(self.sandbox, self.parts._deliver)
        self.gateway = GraphQLHotelsGateway(self.hotels)
        self.desk = BookingDesk(database, self.gateway, self.parts.payments, self.settings, self.clock)
        self.executor = self.worker(payments)
        self.handlers = saga_handlers(self.settings, self.clock)

    def clock(self) -> datetime:
        """Now, in this world."""
        return datetime.now(UTC) + self.offset

    def worker(self, payments: PaymentCalls | None = None) -> SagaExecutor:
        """One more worker."""
        return SagaExecutor(self.database, payments or self.parts.payments, self.settings, clock=self.clock)

    def request(self, *, method: PaymentMethod | None = None, nights: int = 2, rooms: int = 1,
                room_type_id: UUID | None = None, off: int = 0, coupon: str | None = None,
                points: int = 0) -> BookingRequest:  # fmt: skip
        """A request at the right price, when the coupon takes ``off`` as much."""
        return BookingRequest(
            room_type_id=room_type_id or uuid4(),
            stay=Stay(SOON, SOON + timedelta(days=nights), guests=2 * rooms, rooms=rooms),
            method=method or Card("tok_approve"),
            expected_minor=NIGHT_MINOR * nights * rooms - off - points,
            expected_currency="BRL",
            discounts=Discounts(coupon, points),
        )

    async def book(self, *, user_id: UUID | None = None, key: str | None = None, **request: Any) -> UUID:
        """A new booking, whose sale has not gone on yet."""
        return await self.desk.book(user_id or new_id(), self.request(**request), key or uuid4().hex)

    async def coupon(self, code: str = "DEZ10", **terms: Any) -> Coupon:
        """A new coupon, of 10 percent unless said otherwise."""
        percent = None if "amount_minor" in terms else 10
        new = NewCoupon(**{"code": code, "percent": percent, **terms})
        async with self.database.transaction() as session:
            return await coupons.create(session, new, actor=new_id(), now=self.clock() - timedelta(seconds=1))

    async def uses(self, code: str = "DEZ10") -> tuple[int, int]:
        """What a coupon counts as its uses, and how many there are."""
        (row,) = await self.rows(
            "SELECT uses, (SELECT count(*) FROM coupon_redemptions WHERE coupon_id = c.id AND released_at IS NULL)"
            " AS redeemed FROM coupons AS c WHERE code = :code",
            code=code,
        )
        return row.uses, row.redeemed

    async def sell(self, **request: Any) -> UUID:
        """A booking whose sale has gone as far as it goes by itself."""
        booking_id = await self.book(**request)
        await self.run()
        return booking_id

    async def cancel(self, booking_id: UUID, *, actor: UUID | None = None) -> Booking:
        """Call a booking off now."""
        async with self.database.transaction() as session:
            return await changes.cancel(session, booking_id, actor=actor or new_id(), reason=None, now=self.clock())

    async def run(self) -> None:
        """Deliver messages and run due steps until nothing moves any more."""
        for _ in range(QUIET_ROUNDS):
            moved = await self.deliver() + await self.executor.run_once() + await self.courier.run_once()
            if moved == 0:
                return
        raise AssertionError("the world does not come to rest")

    async def deliver(self) -> int:
        """Deliver what is in the outbox, in order, and the answers to it."""
        for envelope in (envelopes := await self.take_outbox()):
            if envelope.type.startswith("command."):
                who = self.points if envelope.type.startswith("command.gamification.") else self.inventory
                reply = who.answer(envelope.type, bytes(envelope.payload))
                if reply is not None:
                    await self.reply(reply)
            elif envelope.type in self.handlers:
                await self.handle(envelope)
        return len(envelopes)

    async def take_outbox(self) -> list[EventEnvelope]:
        """What waits for the relay, which now has it."""
        statement = "DELETE FROM outbox WHERE destination = 'events' RETURNING id, payload"
        async with self.database.transaction() as session:
            rows = (await session.execute(text(statement))).all()
        found = [msgspec.json.decode(row.payload, type=EventEnvelope) for row in sorted(rows)]
        self.published += found
        return found

    async def reply(self, payload: Any) -> None:
        """An answer of hotels or gamification arrives."""
        await self.handle(envelope_of(payload.topic, payload.booking_id, payload))

    async def handle(self, envelope: EventEnvelope) -> None:
        """A message arrives, as the consumer hands it over: one transaction."""
        async with self.database.transaction() as session:
            await self.handlers[envelope.type](session, envelope)

    async def booking(self, booking_id: UUID) -> Booking:
        """The booking as its events make it."""
        async with self.database.read() as session:
            booking = await bookings.load(session, booking_id)
        assert booking is not None
        return booking

    async def saga(self, booking_id: UUID) -> Saga:
        """The saga."""
        async with self.database.read() as session:
            saga = await sagas.get(session, booking_id)
        assert saga is not None
        return saga

    async def value(self, statement: str, **parameters: Any) -> Any:
        """One value."""
        async with self.database.read() as session:
            return await session.scalar(text(statement), parameters)

    async def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """Rows."""
        async with self.database.read() as session:
            return (await session.execute(text(statement), parameters)).all()

    async def execute(self, statement: str, **parameters: Any) -> None:
        """A statement past every rule but the database's own."""
        async with self.database.transaction() as session:
            await session.execute(text(statement), parameters)

    async def payment_state(self, booking_id: UUID) -> tuple[str, int, int]:
        """State, captured and refunded minor units of the booking's payment."""
        (row,) = await self.rows(
            "SELECT state, captured_minor, refunded_minor FROM payments WHERE booking_id = :id", id=booking_id
        )
        return row.state, row.captured_minor, row.refunded_minor

    def types(self, booking_id: UUID) -> list[str]:
        """Types of the booking's own events that were published, in order."""
        return [e.type for e in self.published if e.aggregate_id == booking_id and e.type.startswith("booking.")]


def envelope_of(type_: str, booking_id: UUID, payload: msgspec.Struct) -> EventEnvelope:
    """A message as another domain sends it."""
    return EventEnvelope(
        id=new_id(), type=type_, version=1, occurred_at=utc_now(), aggregate_id=booking_id, aggregate_sequence=1,
        correlation_id=booking_id, causation_id=None, trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )  # fmt: skip
