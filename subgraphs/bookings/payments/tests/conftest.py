"""Payments on a migrated database, at a sandbox that answers fast, with a clock that tests may turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import select, text

from shared.config import PlatformSettings
from shared.db import Database, new_id
from shared.messaging.envelope import EventEnvelope
from subgraphs.bookings.models import OutboxMessage
from subgraphs.bookings.payments.assembly import PaymentParts, build_payments
from subgraphs.bookings.payments.events import PaymentEvent
from subgraphs.bookings.payments.janitor import PaymentJanitor
from subgraphs.bookings.payments.ledger_check import balances, check_ledger
from subgraphs.bookings.payments.methods import Card, PaymentMethod
from subgraphs.bookings.payments.models import Payment
from subgraphs.bookings.payments.provider import PaymentProvider
from subgraphs.bookings.payments.providers import Providers
from subgraphs.bookings.payments.sandbox.courier import SandboxCourier
from subgraphs.bookings.payments.sandbox.provider import Sandbox
from subgraphs.bookings.payments.service import Payments
from subgraphs.bookings.payments.settings import PaymentsSettings
from subgraphs.bookings.payments.webhooks import Webhooks


@dataclass
class Clock:
    """The present moment, which stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Till:
    """Payments under test, and shortcuts to look at what became of them."""

    parts: PaymentParts
    database: Database
    clock: Clock

    @property
    def payments(self) -> Payments:
        return self.parts.payments

    @property
    def sandbox(self) -> Sandbox:
        assert self.parts.sandbox is not None
        return self.parts.sandbox

    @property
    def webhooks(self) -> Webhooks:
        return self.parts.webhooks

    @property
    def courier(self) -> SandboxCourier:
        return SandboxCourier(self.sandbox, self.parts._deliver)

    @property
    def janitor(self) -> PaymentJanitor:
        return PaymentJanitor(self.payments)

    async def open(
        self,
        method: PaymentMethod | None = None,
        *,
        amount: int = 100_00,
        currency: str = "BRL",
        minutes: float | None = 15,
        payments: Payments | None = None,
    ) -> UUID:
        """A payment that nobody has been asked for yet."""
        payment_id = new_id()
        async with self.database.transaction() as session:
            await (payments or self.payments).open(
                session,
                payment_id=payment_id,
                booking_id=new_id(),
                amount_minor=amount,
                currency=currency,
                method=method or Card("tok_approve"),
                expires_at=None if minutes is None else self.clock() + timedelta(minutes=minutes),
            )
        return payment_id

    async def captured(self, amount: int = 100_00, token: str = "tok_approve") -> UUID:
        """A payment whose money is ours."""
        payment_id = await self.open(Card(token), amount=amount)
        await self.payments.authorize(payment_id)
        await self.payments.capture(payment_id)
        return payment_id

    async def payment(self, payment_id: UUID) -> Payment:
        async with self.database.read() as session:
            return (await session.scalars(select(Payment).where(Payment.id == payment_id))).one()

    async def events(self, payment_id: UUID) -> list[tuple[str, PaymentEvent]]:
        """The payment's events in the outbox, in order."""
        async with self.database.read() as session:
            messages = (await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))).all()
        envelopes = [msgspec.json.decode(message.payload, type=EventEnvelope) for message in messages]
        events = [(e.type, msgspec.json.decode(e.payload, type=PaymentEvent)) for e in envelopes]
        return [(type_, event) for type_, event in events if event.payment_id == payment_id]

    async def event_types(self, payment_id: UUID) -> list[str]:
        return [type_ for type_, _ in await self.events(payment_id)]

    async def entries(self, payment_id: UUID) -> list[str]:
        """Kinds of the payment's ledger entries, in order; fees left out."""
        rows = await self.query(
            "SELECT kind FROM ledger_entries WHERE payment_id = :id AND kind <> 'FEE' ORDER BY id", id=payment_id
        )
        return [kind for (kind,) in rows]

    async def balance(self) -> dict[str, int]:
        """What the accounts hold that hold something."""
        async with self.database.read() as session:
            return {b.kind: b.balance_minor for b in await balances(session) if b.balance_minor}

    async def charge(self, payment_id: UUID) -> Any:
        """The sandbox's own row."""
        return (
            await self.query(
                "SELECT state, refunded_minor, amount_minor, reference FROM sandbox_charges WHERE payment_id = :id",
                id=payment_id,
            )
        )[0]

    async def query(self, statement: str, **parameters: Any) -> list[Any]:
        async with self.database.read() as session:
            return list((await session.execute(text(statement), parameters)).all())

    async def books_are_right(self) -> bool:
        async with self.database.read() as session:
            imbalances = await check_ledger(session)
        assert imbalances == []
        return True

    def over_wire(self, after: Callable[[str], Awaitable[None]]) -> Payments:
        """The same payments over a line to the sandbox on which ``after`` runs once a call had its effect there."""
        provider = cast("PaymentProvider", Wire(self.sandbox, after))
        methods = dict.fromkeys(self.payments.providers.methods, provider)
        return replace(self.payments, providers=Providers([provider], methods))


class Wire:
    """The sandbox, reached over a line on which ``after`` runs once a call has had its effect there."""

    def __init__(self, sandbox: Sandbox, after: Callable[[str], Awaitable[None]]) -> None:
        self._sandbox = sandbox
        self._after = after

    @property
    def name(self) -> str:
        return self._sandbox.name

    def read_webhook(self, headers: Any, body: bytes, now: datetime) -> Any:
        return self._sandbox.read_webhook(headers, body, now)

    def __getattr__(self, call: str) -> Callable[..., Awaitable[Any]]:
        async def carry(*arguments: Any) -> Any:
            answer = await getattr(self._sandbox, call)(*arguments)
            await self._after(call)
            return answer

        return carry


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="session")
async def till(platform: PlatformSettings, domain_database: Any, clock: Clock) -> AsyncIterator[Till]:
    migrated = await domain_database("bookings")
    # A pool as small as in production: fifty callers wait for connections as they would there.
    database = Database(migrated.engine.url, application_name="test-payments", pool_size=5, max_overflow=15)
    settings = PaymentsSettings(provider_timeout_seconds=60, sandbox_late_seconds=5)
    yield Till(build_payments(platform, database, settings=settings, clock=clock), database, clock)
    await database.close()
