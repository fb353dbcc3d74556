"""A notifications domain under the test's control: its clock, its events and its providers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import select

from shared.config import PlatformSettings
from shared.contracts.bookings import BookingEvent, PaymentAction
from shared.contracts.users import UserEmailVerified, UserRegistered
from shared.db import Database, new_id
from shared.messaging import EventEnvelope
from subgraphs.notifications.channels.port import Address, Outgoing, Provider
from subgraphs.notifications.consumers import Handlers
from subgraphs.notifications.delivery.dispatcher import Dispatcher
from subgraphs.notifications.delivery.preparing import Preparer
from subgraphs.notifications.delivery.scheduler import Scheduler
from subgraphs.notifications.kinds import Channel
from subgraphs.notifications.models import Delivery, DeliveryAttempt, Notification
from subgraphs.notifications.secrets import Secrets
from subgraphs.notifications.service import choosing
from subgraphs.notifications.settings import NotificationsSettings

NOON = datetime(2026, 8, 3, 15, 0, tzinfo=UTC)
"""A Monday, noon in São Paulo."""


@dataclass
class Mailbox:
    """A provider that keeps what it is given, and fails as the test wants."""

    name: str = "mailbox"
    sent: list[Outgoing] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    """Raised one by one before anything is taken."""
    gate: asyncio.Event | None = None
    """When set, a send waits for it, with the message in hand."""
    started: list[Outgoing] = field(default_factory=list)

    def lane(self, address: Address) -> str:
        return self.name

    async def send(self, message: Outgoing) -> str | None:
        self.started.append(message)
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return f"<{message.delivery_id}@test>"

    @property
    def titles(self) -> list[str]:
        return [message.words.title for message in self.sent]


class World:
    """The domain, with a clock that stands still until the test moves it."""

    def __init__(self, database: Database, platform: PlatformSettings, **knobs: Any) -> None:
        self.database = database
        self.platform = platform
        self.settings = NotificationsSettings.model_validate(knobs)
        self.now = NOON
        self.secrets = Secrets(platform)
        self.email, self.sms, self.push = Mailbox("email"), Mailbox("sms"), Mailbox("push")
        self.providers: dict[Channel, Provider] = {
            Channel.EMAIL: self.email, Channel.SMS: self.sms, Channel.PUSH: self.push,
        }  # fmt: skip
        self.dispatcher = self.worker()

    def clock(self) -> datetime:
        return self.now

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    def worker(self, **changed: Any) -> Dispatcher:
        """A dispatcher of its own, as in another process."""
        preparer = Preparer(self.database, self.platform, self.settings, self.secrets)
        return Dispatcher(
            self.database, changed.pop("providers", self.providers), preparer, self.secrets, self.settings,
            clock=self.clock, **changed,
        )  # fmt: skip

    def scheduler(self) -> Scheduler:
        return Scheduler(self.database, self.settings, clock=self.clock)

    async def hear(
        self, topic: str, payload: msgspec.Struct, *, about: UUID, sequence: int = 1, event_id: UUID | None = None
    ) -> None:
        """Another domain says something; it is handled as the consumer does."""
        envelope = EventEnvelope(
            id=event_id or new_id(),
            type=topic,
            version=1,
            occurred_at=self.now,
            aggregate_id=about,
            aggregate_sequence=sequence,
            correlation_id=new_id(),
            causation_id=None,
            trace_context={},
            payload=msgspec.Raw(msgspec.json.encode(payload)),
        )
        handler = Handlers(self.settings, self.clock).by_topic()[topic]
        async with self.database.transaction() as session:
            await handler(session, envelope)

    async def traveler(self, *, locale: str = "pt-BR", verified: bool = True, **choices: Any) -> UUID:
        """Somebody with an account."""
        user_id = new_id()
        registered = UserRegistered(
            user_id=user_id, email=f"{user_id.hex}@example.com", display_name="Ana", locale=locale,
            roles=["TRAVELER"], member_since=self.now,
        )  # fmt: skip
        await self.hear("user.registered", registered, about=user_id)
        if verified:
            proven = UserEmailVerified(user_id=user_id, email=registered.email, verified_at=self.now)
            await self.hear("user.email_verified", proven, about=user_id, sequence=2)
        if choices:
            await self.choose(user_id, **choices)
        return user_id

    async def choose(self, user_id: UUID, **choices: Any) -> None:
        async with self.database.transaction() as session:
            await choosing.update(session, user_id, choosing.Changes(**choices), self.now)

    async def booking(self, topic: str, user_id: UUID, *, sequence: int = 4, **changed: Any) -> BookingEvent:
        """Something happens to a booking."""
        event = booking_of(user_id, **changed)
        await self.hear(topic, event, about=event.booking_id, sequence=sequence)
        return event

    async def notifications(self, user_id: UUID) -> list[Notification]:
        async with self.database.read() as session:
            statement = select(Notification).where(Notification.user_id == user_id).order_by(Notification.sequence)
            return list(await session.scalars(statement))

    async def deliveries(self, user_id: UUID | None = None) -> list[Delivery]:
        async with self.database.read() as session:
            statement = select(Delivery).order_by(Delivery.id)
            if user_id is not None:
                statement = statement.where(Delivery.user_id == user_id)
            return list(await session.scalars(statement))

    async def attempts(self) -> list[DeliveryAttempt]:
        async with self.database.read() as session:
            return list(await session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.number)))

    async def states(self, user_id: UUID) -> dict[str, str]:
        """State of each delivery of a user, by channel."""
        return {delivery.channel: delivery.state for delivery in await self.deliveries(user_id)}

    async def send_all(self) -> None:
        """Send until nothing is due."""
        while await self.dispatcher.run_once():
            pass


def booking_of(user_id: UUID, **changed: Any) -> BookingEvent:
    """A booking for ten days from now."""
    values: dict[str, Any] = {
        "booking_id": uuid4(), "code": "7KX2M9QD", "state": "CONFIRMED", "user_id": user_id, "hotel_id": uuid4(),
        "room_type_id": uuid4(), "check_in": date(2026, 8, 13), "check_out": date(2026, 8, 15), "guests": 2,
        "rooms": 1, "total_minor": 123450, "currency": "BRL", "actor_id": None, "failure_reason": None, "fee_minor": 0,
        "refund_due_minor": 0, "refunded_minor": 0, "hotel_name": "Pousada do Sol", "check_in_time": time(15),
        "city": "Paraty",
    }  # fmt: skip
    return BookingEvent(**{**values, **changed})


def pix(due_at: datetime) -> PaymentAction:
    """A PIX to pay."""
    return PaymentAction(kind="pix", due_at=due_at, pix_code="00020126BR.GOV.BCB.PIX6304ABCD")
