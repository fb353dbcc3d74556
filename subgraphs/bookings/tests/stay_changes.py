"""Changing stays in a world under a test's control."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from subgraphs.bookings.booking.aggregate import StayChange
from subgraphs.bookings.gateways import Stay
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.models import Saga
from subgraphs.bookings.payments.ledger_check import check_ledger
from subgraphs.bookings.payments.methods import Card, PaymentMethod
from subgraphs.bookings.service.stay_changes import ChangeRequest, StayChanges
from subgraphs.bookings.tests.world import NIGHT_MINOR, SOON, World

CARD = Card("tok_approve")


def changes_of(world: World) -> StayChanges:
    """The use cases, on the world's hotels, payments and clock."""
    return StayChanges(world.database, world.gateway, world.parts.payments, world.settings, world.clock)


def wish(
    booking_id: UUID,
    *,
    nights: int,
    first: int = 0,
    rooms: int = 1,
    room_type_id: UUID | None = None,
    method: PaymentMethod | None = CARD,
    total: int | None = None,
) -> ChangeRequest:
    """A request for a stay that begins ``first`` days later than the usual one, at the price that it has."""
    check_in = SOON + timedelta(days=first)
    return ChangeRequest(
        booking_id=booking_id,
        room_type_id=room_type_id,
        stay=Stay(check_in, check_in + timedelta(days=nights), guests=2 * rooms, rooms=rooms),
        method=method,
        expected_minor=NIGHT_MINOR * nights * rooms if total is None else total,
        expected_currency="BRL",
    )


async def ask(
    world: World, booking_id: UUID, *, caller: UUID | None = None, key: str | None = None, **what: Any
) -> UUID:
    """A change that is asked for and has not gone on yet."""
    return await changes_of(world).request(caller or uuid4(), wish(booking_id, **what), key or uuid4().hex)


async def change(world: World, booking_id: UUID, **what: Any) -> UUID:
    """A change that has gone as far as it goes by itself."""
    change_id = await ask(world, booking_id, **what)
    await world.run()
    return change_id


async def last_change(world: World, booking_id: UUID) -> StayChange:
    """The booking's last change."""
    return (await world.booking(booking_id)).changes[-1]


async def saga_of(world: World, change_id: UUID) -> Saga:
    """The saga of a change."""
    return await world.saga(change_id)


async def money(world: World, booking_id: UUID) -> list[tuple[str, int, int]]:
    """State, captured and refunded minor units of each of the booking's payments, the oldest first."""
    rows = await world.rows(
        "SELECT state, captured_minor, refunded_minor FROM payments WHERE booking_id = :id ORDER BY created_at, id",
        id=booking_id,
    )
    return [tuple(row) for row in rows]


async def pay(world: World, change_id: UUID) -> None:
    """The traveler pays the difference of a change."""
    reference = await world.value(
        "SELECT reference FROM sandbox_charges WHERE payment_id = :id", id=payment_id_of(change_id)
    )
    await world.sandbox.act(reference)


async def assert_settled(world: World, booking_id: UUID, *, kept: int) -> None:
    """Nothing of the booking is under way any more, ``kept`` minor units are kept, and the ledger balances."""
    open_sagas = await world.rows(
        "SELECT id, kind, state, step FROM sagas WHERE state NOT IN ('COMPLETED', 'COMPENSATED')"
    )
    assert not open_sagas
    payments = await money(world, booking_id)
    assert not {state for state, _, _ in payments} & {"PENDING", "ACTION_REQUIRED", "AUTHORIZED"}
    assert sum(captured - refunded for _, captured, refunded in payments) == kept
    charged = await world.value(
        "SELECT coalesce(sum(c.amount_minor - c.refunded_minor), 0) FROM sandbox_charges c"
        " JOIN payments p ON p.id = c.payment_id WHERE p.booking_id = :id AND c.state = 'CAPTURED'",
        id=booking_id,
    )
    assert charged == kept
    async with world.database.transaction() as session:
        assert await check_ledger(session) == []
