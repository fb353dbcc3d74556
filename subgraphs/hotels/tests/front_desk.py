"""Holds rooms as the commands of bookings do, each in a transaction of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from shared.contracts.inventory import (
    ConfirmInventory,
    HoldInventory,
    InventoryConfirmed,
    InventoryExpired,
    InventoryHeld,
    InventoryRefused,
    InventoryReleased,
    ReleaseInventory,
)
from shared.db import Database, new_id
from shared.messaging import EventEnvelope
from subgraphs.hotels.events import Cause
from subgraphs.hotels.service import holds
from subgraphs.hotels.tests.builders import SOON, Market

KEPT_FOR = timedelta(minutes=15)


class FrontDesk:
    """One booking's commands about one room type; days are counted from ``SOON``."""

    def __init__(self, database: Database, room_type_id: UUID, booking_id: UUID | None = None) -> None:
        self.database = database
        self.room_type_id = room_type_id
        self.booking_id = booking_id or new_id()
        self.cause = Cause(new_id(), new_id())
        self.now = datetime.now(UTC)

    def another_booking(self) -> FrontDesk:
        """The same rooms for somebody else."""
        return FrontDesk(self.database, self.room_type_id)

    def hold_command(
        self, first: int, until: int, *, rooms: int = 1, hold_id: UUID | None = None, **others: Any
    ) -> HoldInventory:
        return HoldInventory(
            **{
                "hold_id": hold_id or new_id(),
                "booking_id": self.booking_id,
                "room_type_id": self.room_type_id,
                "check_in": SOON + timedelta(days=first),
                "check_out": SOON + timedelta(days=until),
                "rooms": rooms,
                "expires_at": self.now + KEPT_FOR,
                **others,
            }
        )

    async def hold(self, first: int, until: int, **others: Any) -> InventoryHeld | InventoryRefused:
        return await self.send_hold(self.hold_command(first, until, **others))

    async def send_hold(self, command: HoldInventory) -> InventoryHeld | InventoryRefused:
        async with self.database.transaction() as session:
            return await holds.hold(session, command, cause=self.cause, now=self.now)

    async def held(self, first: int, until: int, **others: Any) -> UUID:
        """A hold that must succeed."""
        reply = await self.hold(first, until, **others)
        assert isinstance(reply, InventoryHeld), reply
        return reply.hold_id

    async def sold(self, first: int, until: int, **others: Any) -> UUID:
        """A hold, confirmed."""
        hold_id = await self.held(first, until, **others)
        assert isinstance(await self.confirm(hold_id), InventoryConfirmed)
        return hold_id

    async def confirm(self, hold_id: UUID) -> InventoryConfirmed | InventoryRefused:
        command = ConfirmInventory(hold_id=hold_id, booking_id=self.booking_id)
        async with self.database.transaction() as session:
            return await holds.confirm(session, command, cause=self.cause, now=self.now)

    async def release(self, hold_id: UUID) -> InventoryReleased:
        command = ReleaseInventory(hold_id=hold_id, booking_id=self.booking_id)
        async with self.database.transaction() as session:
            return await holds.release(session, command, cause=self.cause, now=self.now)

    async def expire(self, *, limit: int = 100) -> list[InventoryExpired]:
        """Let every hold that is due by now expire."""
        async with self.database.transaction() as session:
            return await holds.expire_due(session, self.now, limit)

    def later(self, by: timedelta = KEPT_FOR) -> None:
        """Let time pass; by default just enough for a new hold to be due."""
        self.now += by


async def counts(market: Market, room_type_id: UUID) -> list[tuple[int, int]]:
    """Rooms held and sold, night by night from ``SOON`` up to the last night on which there are any."""
    rows = await market.rows(
        "SELECT held, sold FROM inventory_nights WHERE room_type_id = :id ORDER BY night", id=room_type_id
    )
    found = [(row.held, row.sold) for row in rows]
    while found and found[-1] == (0, 0):
        found.pop()
    return found


async def replies(market: Market) -> list[EventEnvelope]:
    """The answers in the outbox, in the order written."""
    rows = await market.rows("SELECT payload FROM outbox WHERE topic LIKE 'inventory.%' ORDER BY id")
    return [msgspec.json.decode(row.payload, type=EventEnvelope) for row in rows]
