"""A gamification domain under a test's control: it plays the other domains, and time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import func, select, text

from shared.contracts.bookings import BookingEvent
from shared.contracts.hotels import ReviewAdded
from shared.contracts.points import ConfirmPoints, ReleasePoints, ReservePoints
from shared.contracts.users import UserDeleted, UserRegistered
from shared.db import Database, new_id
from shared.messaging import EventEnvelope
from shared.messaging.consumer import Reject
from subgraphs.gamification.consumers import handlers
from subgraphs.gamification.models import Badge, Lot, OutboxMessage, Progress, Traveler
from subgraphs.gamification.rules.catalogue import Mission
from subgraphs.gamification.service.catalogue import current
from subgraphs.gamification.service.proof import prove
from subgraphs.gamification.workers import settle_due

START = datetime(2026, 1, 10, 15, 0, tzinfo=UTC)
"""A Saturday noon in São Paulo."""
STATES = {"confirmed": "CONFIRMED", "changed": "CONFIRMED", "checked_in": "CHECKED_IN", "checked_out": "CHECKED_OUT",
          "cancelled": "CANCELLED", "no_show": "NO_SHOW", "requested": "PENDING"}  # fmt: skip


def envelope_of(kind: str, payload: Any, aggregate_id: UUID, sequence: int, at: datetime, **more: Any) -> EventEnvelope:
    """A message as another domain publishes it."""
    event_id = more.pop("id", None) or new_id()
    return EventEnvelope(
        id=event_id, type=kind, version=more.pop("version", 1), occurred_at=at, aggregate_id=aggregate_id,
        aggregate_sequence=sequence, correlation_id=event_id, causation_id=None, trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )  # fmt: skip


def booking_event(
    what: str,
    *,
    user_id: UUID,
    booking_id: UUID | None = None,
    sequence: int = 4,
    at: datetime = START,
    nights: int = 2,
    total_minor: int = 400_00,
    check_in: date | None = None,
    **more: Any,
) -> EventEnvelope:
    """``booking.<what>`` as bookings publishes it."""
    booking_id = booking_id or new_id()
    first = check_in or at.date()
    payload = BookingEvent(
        **{
            "booking_id": booking_id, "code": "ABCD2345", "state": STATES[what], "user_id": user_id,
            "hotel_id": uuid4(), "room_type_id": uuid4(), "check_in": first,
            "check_out": first + timedelta(days=nights), "guests": 2, "rooms": 1, "total_minor": total_minor,
            "currency": "BRL", "actor_id": None, "failure_reason": None, "fee_minor": 0, "refund_due_minor": 0,
            "refunded_minor": 0, "city": "Paraty", "region": "RJ", "country_code": "BR", **more,
        }
    )  # fmt: skip
    return envelope_of(f"booking.{what}", payload, booking_id, sequence, at)


def stay(user_id: UUID, *, at: datetime = START, **more: Any) -> list[EventEnvelope]:
    """A booking that is confirmed, and checked out the day after."""
    booking_id = new_id()
    return [
        booking_event("confirmed", user_id=user_id, booking_id=booking_id, sequence=4, at=at, **more),
        booking_event(
            "checked_out", user_id=user_id, booking_id=booking_id, sequence=6, at=at + timedelta(days=1), **more
        ),
    ]


def review(user_id: UUID, *, at: datetime = START, verified: bool = True) -> EventEnvelope:
    """``review.added`` as hotels publishes it."""
    hotel_id = uuid4()
    payload = ReviewAdded(
        hotel_id=hotel_id, review_id=uuid4(), author_id=user_id, rating_tenths=90, is_verified_stay=verified
    )
    return envelope_of("review.added", payload, hotel_id, 7, at)


@dataclass(frozen=True, slots=True)
class Balances:
    """What a traveler has."""

    available: int = 0
    pending: int = 0
    reserved: int = 0


class World:
    """Hands messages to the real handlers, as the consumer does, and looks at what came of them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = START + timedelta(days=200)
        self._handlers = handlers(lambda: self.now)

    async def deliver(self, *envelopes: EventEnvelope) -> None:
        """Each in a transaction of its own."""
        for envelope in envelopes:
            await self.deliver_together([envelope])

    async def deliver_together(self, envelopes: Iterable[EventEnvelope]) -> None:
        """Several in one transaction, which costs less."""
        async with self.database.transaction() as session:
            for envelope in envelopes:
                handler = self._handlers.get(envelope.type) or self._handlers["booking.*"]
                await handler(session, envelope)

    async def is_rejected(self, envelope: EventEnvelope) -> bool:
        try:
            await self.deliver(envelope)
        except Reject:
            return True
        return False

    async def give_points(self, user_id: UUID, points: int, *, at: datetime | None = None) -> None:
        """A stay abroad that is worth so many points, before the first mission begins to count."""
        assert points % 5 == 0
        await self.deliver(
            booking_event(
                "checked_out", user_id=user_id, at=at or self.now - timedelta(days=1), nights=0,
                total_minor=points * 20, currency="USD", region=None, city=None,
            )
        )  # fmt: skip

    async def register(self, user_id: UUID, name: str = "Ana Souza", sequence: int = 1) -> None:
        payload = UserRegistered(
            user_id=user_id, email="ana@example.com", display_name=name, locale="pt-BR", roles=["TRAVELER"],
            member_since=self.now,
        )  # fmt: skip
        await self.deliver(envelope_of("user.registered", payload, user_id, sequence, self.now))

    async def delete(self, user_id: UUID) -> None:
        await self.deliver(envelope_of("user.deleted", UserDeleted(user_id=user_id, at=self.now), user_id, 9, self.now))

    async def reserve(self, user_id: UUID, points: int, reservation_id: UUID | None = None) -> UUID:
        reservation_id = reservation_id or uuid4()
        command = ReservePoints(
            reservation_id=reservation_id, booking_id=reservation_id, user_id=user_id, points=points
        )
        await self.deliver(envelope_of(command.topic, command, reservation_id, 1, self.now))
        return reservation_id

    async def confirm(self, reservation_id: UUID) -> None:
        command = ConfirmPoints(reservation_id=reservation_id, booking_id=reservation_id)
        await self.deliver(envelope_of(command.topic, command, reservation_id, 1, self.now))

    async def release(self, reservation_id: UUID) -> None:
        command = ReleasePoints(reservation_id=reservation_id, booking_id=reservation_id)
        await self.deliver(envelope_of(command.topic, command, reservation_id, 1, self.now))

    async def balances(self, user_id: UUID) -> Balances:
        async with self.database.read() as session:
            traveler = await session.get(Traveler, user_id)
        return Balances() if traveler is None else Balances(traveler.available, traveler.pending, traveler.reserved)

    async def traveler(self, user_id: UUID) -> Traveler:
        async with self.database.read() as session:
            found = await session.get(Traveler, user_id)
        assert found is not None
        return found

    async def progress(self, user_id: UUID) -> dict[str, tuple[int, int]]:
        """Value and completions by the mission's code."""
        missions = await self.missions()
        codes = {mission.id: code for code, mission in missions.items()}
        async with self.database.read() as session:
            rows = await session.scalars(select(Progress).where(Progress.user_id == user_id))
            return {codes[row.mission_id]: (row.value, row.completions) for row in rows}

    async def badges(self, user_id: UUID) -> dict[str, int]:
        async with self.database.read() as session:
            rows = await session.scalars(select(Badge).where(Badge.user_id == user_id, Badge.tier > 0))
            return {row.code: row.tier for row in rows}

    async def missions(self) -> dict[str, Mission]:
        async with self.database.read() as session:
            return {mission.code: mission for mission in (await current(session)).missions}

    async def lots(self, user_id: UUID) -> list[Lot]:
        async with self.database.read() as session:
            return list(await session.scalars(select(Lot).where(Lot.user_id == user_id).order_by(Lot.expires_at)))

    async def published(self, kind: str) -> list[dict[str, Any]]:
        """Payloads of the events and answers of a type, in order."""
        async with self.database.read() as session:
            found = select(OutboxMessage).where(OutboxMessage.topic == kind).order_by(OutboxMessage.id)
            rows: Sequence[OutboxMessage] = (await session.scalars(found)).all()
        return [msgspec.json.decode(msgspec.json.decode(row.payload, type=EventEnvelope).payload) for row in rows]

    async def count(self, table: Any) -> int:
        async with self.database.read() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0

    async def settle_all_due(self) -> None:
        while await settle_due(self.database, self.now):
            pass

    async def assert_proven(self) -> None:
        """The books are right."""
        async with self.database.transaction() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            assert await prove(session) == []
