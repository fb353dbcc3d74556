"""Bookings and hotels with their real tables and use cases; a test holds the clock and carries every message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import text

from shared.config import PlatformSettings
from shared.contracts.inventory import ConfirmInventory, HoldInventory, ReleaseInventory
from shared.db import Database, new_id
from shared.graphql.messages import OperationExecutor
from shared.messaging import EventEnvelope
from subgraphs.bookings.gateways import GraphQLHotelsGateway, Stay
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.payments.janitor import PaymentJanitor
from subgraphs.bookings.payments.ledger_check import check_ledger
from subgraphs.bookings.payments.methods import PaymentMethod
from subgraphs.bookings.payments.sandbox.courier import SandboxCourier
from subgraphs.bookings.payments.settings import PaymentsSettings
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.service.booking_desk import BookingRequest
from subgraphs.bookings.service.stay_changes import ChangeRequest, StayChanges
from subgraphs.bookings.tests.world import World
from subgraphs.hotels.events import Cause
from subgraphs.hotels.service import holds
from subgraphs.hotels.tests.builders import SOON, Market
from subgraphs.hotels.tests.test_hotels_holds_model import NIGHTS, ROOMS

PRICE_MINOR = 20_000
FREE_UNTIL_DAYS = 7
FIRST_NIGHT_UNTIL_DAYS = 2

REST = timedelta(seconds=31)
"""Longer than a lease, than the first wait of a failed step and than the janitor's interval."""
QUIET_RESTS = 4
MOST_ROUNDS = 400
_STEPS_AT_A_TIME = 4

_COMMANDS: dict[str, tuple[Any, Any]] = {
    HoldInventory.topic: (HoldInventory, holds.hold),
    ConfirmInventory.topic: (ConfirmInventory, holds.confirm),
    ReleaseInventory.topic: (ReleaseInventory, holds.release),
}


@dataclass(frozen=True, slots=True)
class Account:
    """How one booking stands in all books."""

    state: str
    version: int
    first: int
    nights: int
    rooms: int
    """The stay that is booked, counted from ``SOON``."""
    total_minor: int
    expires_at: datetime
    holds: Mapping[UUID, str]
    """Its holds in hotels that keep rooms, with their states."""
    kept_minor: int
    """Captured and not refunded, as payments say."""
    charges: frozenset[str]
    """States of its charges at the payment company."""
    charged_minor: int
    """Taken from the traveler and not given back, as the company says."""
    sale: str
    """State of the saga of its sale."""
    changing: int
    """Sagas of changes that are not over."""


class Town(World):
    """The bookings domain of its own tests, but with the real hotels, and time that moves only when told to."""

    def __init__(
        self, bookings: Database, market: Market, hotels: OperationExecutor, platform: PlatformSettings
    ) -> None:
        self.moment = self._start = datetime.now(UTC)
        super().__init__(bookings, platform)
        # One after the other, so that a story that fails can be told again.
        self.settings = self.settings.model_copy(update={"saga_parallelism": 1})
        self.market = market
        # Nothing here waits for a provider that is silent, so no slow machine may take a slow answer for one.
        patient = PaymentsSettings(provider_timeout_seconds=60, sandbox_late_seconds=20)
        self.parts = build_payments(platform, bookings, settings=patient, clock=self.clock)
        assert self.parts.sandbox is not None
        self.sandbox = self.parts.sandbox
        self.courier = SandboxCourier(self.sandbox, self.parts._deliver)
        self.janitor = PaymentJanitor(self.parts.payments)
        gateway = GraphQLHotelsGateway(hotels)
        self.desk = replace(self.desk, hotels=gateway, payments=self.parts.payments)
        self.executor = self.worker()
        self.mailbag: list[EventEnvelope] = []
        """What relays took out of the outboxes and nobody has delivered yet, in order."""
        self.room_type_id = UUID(int=0)

    def clock(self) -> datetime:
        # No two things happen at the same moment: what is due is then always due in the same order.
        self.moment += timedelta(microseconds=1)
        return self.moment

    async def begin(self) -> None:
        """Empty the books, turn the clock back, and open a hotel with one room type."""
        self.moment = self._start
        self.mailbag.clear()
        await self._empty(self.database, "bookings")
        await self._empty(self.market.database, "hotels")
        hotel = await self.market.hotel()
        self.room_type_id = await self.market.room_type(
            hotel, rooms=ROOMS, nights=NIGHTS, price=PRICE_MINOR,
            free_cancel_days=FREE_UNTIL_DAYS, first_night_days=FIRST_NIGHT_UNTIL_DAYS,
        )  # fmt: skip

    async def _empty(self, database: Database, domain: str) -> None:
        metadata = import_module(f"subgraphs.{domain}.models").Base.metadata
        tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables if not table.info.get("reference"))
        async with database.transaction() as session:
            await session.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))

    async def ask(self, first: int, nights: int, rooms: int, method: PaymentMethod) -> UUID:
        """Book ``rooms`` rooms from night ``first`` on. Raises what the desk raises."""
        check_in = SOON + timedelta(days=first)
        request = BookingRequest(
            room_type_id=self.room_type_id,
            stay=Stay(check_in, check_in + timedelta(days=nights), guests=2 * rooms, rooms=rooms),
            method=method,
            expected_minor=PRICE_MINOR * nights * rooms,
            expected_currency="BRL",
        )
        return await self.desk.book(new_id(), request, uuid4().hex)

    async def ask_change(
        self, booking_id: UUID, first: int, nights: int, rooms: int, method: PaymentMethod, total_minor: int
    ) -> UUID:
        """Ask for another stay, which makes the booking cost ``total_minor``. Raises what the use case raises."""
        check_in = SOON + timedelta(days=first)
        request = ChangeRequest(
            booking_id=booking_id,
            room_type_id=None,
            stay=Stay(check_in, check_in + timedelta(days=nights), guests=2 * rooms, rooms=rooms),
            method=method,
            expected_minor=total_minor,
            expected_currency="BRL",
        )
        changes = StayChanges(self.database, self.desk.hotels, self.parts.payments, self.settings, self.clock)
        return await changes.request(new_id(), request, uuid4().hex)

    async def collect(self) -> None:
        """The relays of both domains empty their outboxes into the mailbag."""
        self.mailbag += await self.take_outbox()
        async with self.market.database.transaction() as session:
            statement = "DELETE FROM outbox WHERE destination = 'events' RETURNING id, payload"
            rows = (await session.execute(text(statement))).all()
        self.mailbag += [msgspec.json.decode(row.payload, type=EventEnvelope) for row in sorted(rows)]
        addressed = self.handlers.keys() | _COMMANDS.keys()
        self.mailbag = [envelope for envelope in self.mailbag if envelope.type in addressed]

    def command_in(self, envelope: EventEnvelope) -> Any:
        """What hotels is told to do; ``None`` when the message is for bookings."""
        if envelope.type not in _COMMANDS:
            return None
        return msgspec.json.decode(envelope.payload, type=_COMMANDS[envelope.type][0])

    async def hand_over(self, envelope: EventEnvelope) -> Any:
        """A message arrives; the answer of hotels to a command."""
        command = self.command_in(envelope)
        if command is None:
            await self.handle(envelope)
            return None
        carry_out = _COMMANDS[envelope.type][1]
        cause = Cause(envelope.correlation_id, envelope.id)
        async with self.market.database.transaction() as session:
            return await carry_out(session, command, cause=cause, now=self.clock())

    async def sweep(self) -> list[UUID]:
        """Hotels lets every hold expire that is due; which those are."""
        async with self.market.database.transaction() as session:
            return [one.hold_id for one in await holds.expire_due(session, self.clock(), 100)]

    async def work(self) -> int:
        """Everybody behind the scenes does what is due, up to a few steps; how many things there were."""
        done = 0
        for _ in range(_STEPS_AT_A_TIME):
            done += await self.executor.run_once()
        done += await self.courier.run_once()
        return done + await self.janitor.run_once()

    async def lose_a_worker(self) -> None:
        """A worker leases every saga that is due, and is never heard of again."""
        async with self.database.transaction() as session:
            await sagas.lease(session, owner=f"dead:{uuid4().hex}", now=self.clock(), seconds=15, limit=100)

    async def replay_webhooks(self, *, forged: bool) -> Sequence[int]:
        """Every webhook that was ever sent comes again, signed now or with a wrong signature; the answers."""
        rows = await self.rows("SELECT body FROM sandbox_webhooks WHERE delivered_at IS NOT NULL ORDER BY id")
        answers: list[int] = []
        for row in rows:
            body = msgspec.json.encode(row.body)
            headers: Mapping[str, str] = self.sandbox.sign(body)
            if forged:
                headers = {name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in headers.items()}
            answers.append(await self.parts._deliver(headers, body))
        return answers

    async def traveler_acts(self, booking_id: UUID, *, pays: bool) -> str | None:
        """The traveler pays, or fails to; the charge's state afterwards, ``None`` when there is nothing to pay yet."""
        reference = await self.value(
            "SELECT reference FROM sandbox_charges WHERE payment_id = :id", id=payment_id_of(booking_id)
        )
        return None if reference is None else str(await self.sandbox.act(reference, pay=pays))

    async def charge_of(self, booking_id: UUID) -> str | None:
        """How the charge of a sale stands at the payment company."""
        state = await self.value(
            "SELECT state FROM sandbox_charges WHERE payment_id = :id", id=payment_id_of(booking_id)
        )
        return None if state is None else str(state)

    async def accounts(self) -> dict[UUID, Account]:
        """How every booking stands."""
        rows = await self.rows("""
            SELECT b.id, b.state, b.version, b.check_in, b.check_out, b.rooms, b.total_minor, b.expires_at,
                   (SELECT state FROM sagas WHERE id = b.id) AS sale,
                   (SELECT count(*) FROM sagas WHERE booking_id = b.id AND id <> b.id
                    AND state NOT IN ('COMPLETED', 'COMPENSATED')) AS changing,
                   (SELECT sum(captured_minor - refunded_minor) FROM payments WHERE booking_id = b.id) AS kept,
                   coalesce(array_agg(c.state) FILTER (WHERE c.state <> 'UNREACHED'), '{}') AS charges,
                   coalesce(sum(c.amount_minor - c.refunded_minor) FILTER (WHERE c.state = 'CAPTURED'), 0) AS charged
            FROM booking_list b JOIN payments p ON p.booking_id = b.id
            LEFT JOIN sandbox_charges c ON c.payment_id = p.id
            GROUP BY b.id
        """)
        kept = await self.market.rows(
            "SELECT booking_id, hold_id, state FROM inventory_holds WHERE state IN ('HELD', 'CONFIRMED')"
        )
        holds: dict[UUID, dict[UUID, str]] = {}
        for hold in kept:
            holds.setdefault(hold.booking_id, {})[hold.hold_id] = hold.state
        return {
            row.id: Account(
                state=row.state,
                version=row.version,
                first=(row.check_in - SOON).days,
                nights=(row.check_out - row.check_in).days,
                rooms=row.rooms,
                total_minor=row.total_minor,
                expires_at=row.expires_at,
                holds=holds.get(row.id, {}),
                kept_minor=int(row.kept),
                charges=frozenset(row.charges),
                charged_minor=int(row.charged),
                sale=row.sale,
                changing=row.changing,
            )
            for row in rows
        }

    async def calendar(self) -> list[tuple[int, int]]:
        """Rooms held and sold, night by night."""
        rows = await self.market.rows(
            "SELECT held, sold FROM inventory_nights WHERE room_type_id = :id ORDER BY night", id=self.room_type_id
        )
        return [(row.held, row.sold) for row in rows]

    async def imbalances(self) -> list[Any]:
        """All that is wrong in the ledger."""
        async with self.database.read() as session:
            return list(await check_ledger(session))
