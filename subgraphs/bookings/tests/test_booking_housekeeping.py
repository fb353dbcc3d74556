"""What is removed in time, and what never; and how the worker stops."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from shared.config import PlatformSettings
from shared.db import Database
from subgraphs.bookings import workers
from subgraphs.bookings.payments.assembly import PaymentParts
from subgraphs.bookings.saga import cleaning
from subgraphs.bookings.saga.cleaning import SagaCleaner
from subgraphs.bookings.settings import BookingsSettings
from subgraphs.bookings.tests.world import World

LONG_AGO = timedelta(days=91)


def _cleaner(world: World) -> SagaCleaner:
    return SagaCleaner(world.database, BookingsSettings(finished_sagas_days=90), clock=world.clock)


async def _sagas(world: World) -> set[UUID]:
    return {row.id for row in await world.rows("SELECT id FROM sagas")}


async def test_the_saga_of_a_booking_that_is_long_over_goes(world: World) -> None:
    cancelled = await world.sell()
    await world.cancel(cancelled)
    await world.run()
    assert (await world.saga(cancelled)).state == "COMPENSATED"
    assert await _cleaner(world).run_once() == 0  # not yet
    world.offset = LONG_AGO
    assert await _cleaner(world).run_once() == 1
    assert await _sagas(world) == set()
    # The booking itself is for good.
    assert (await world.booking(cancelled)).state == "CANCELLED"
    assert await world.value("SELECT count(*) FROM booking_events WHERE booking_id = :id", id=cancelled) > 0


async def test_the_sale_of_a_stay_to_come_is_kept_and_can_still_be_cancelled(world: World) -> None:
    confirmed = await world.sell()
    await world.execute("UPDATE sagas SET updated_at = updated_at - interval '1 year'")
    await world.execute("UPDATE booking_list SET updated_at = updated_at - interval '1 year'")
    assert await _cleaner(world).run_once() == 0
    await world.cancel(confirmed)
    await world.run()
    _, captured, refunded = await world.payment_state(confirmed)
    assert captured == refunded > 0


@pytest.mark.parametrize("state", ["RUNNING", "COMPENSATING", "STUCK"])
async def test_a_saga_that_is_not_finished_is_kept_however_old(world: World, state: str) -> None:
    booking_id = await world.sell()
    await world.cancel(booking_id)
    await world.run()
    await world.execute("UPDATE sagas SET state = :state", state=state)
    world.offset = LONG_AGO
    assert await _cleaner(world).run_once() == 0
    assert await _sagas(world) == {booking_id}


async def test_a_saga_whose_booking_changed_lately_is_kept(world: World) -> None:
    booking_id = await world.sell()
    await world.cancel(booking_id)
    await world.run()
    await world.execute("UPDATE sagas SET updated_at = updated_at - interval '1 year'")
    assert await _cleaner(world).run_once() == 0
    assert await _sagas(world) == {booking_id}


async def test_batches_reach_behind_those_that_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 2)
    booked = [await world.sell() for _ in range(5)]
    for booking_id in (booked[2], booked[4]):
        await world.cancel(booking_id)
    await world.run()
    # The oldest ones are the ones to keep: three rows, which are more than a batch.
    for age, booking_id in enumerate(reversed([booked[0], booked[1], booked[3], booked[2], booked[4]])):
        await world.execute(
            "UPDATE sagas SET updated_at = now() - interval '1 year' - make_interval(days => :age) WHERE id = :id",
            age=age,
            id=booking_id,
        )
    await world.execute("UPDATE booking_list SET updated_at = now() - interval '1 year'")
    assert await _cleaner(world).run_once() == 2
    assert await _sagas(world) == {booked[0], booked[1], booked[3]}


async def test_two_cleaners_at_once_remove_each_saga_once(world: World) -> None:
    for _ in range(6):
        await world.cancel(await world.sell())
    await world.run()
    world.offset = LONG_AGO
    removed = await asyncio.gather(*(_cleaner(world).run_once() for _ in range(3)))
    # A row that another has just locked is skipped; the next round takes it if that one gave up.
    assert sum(removed) + await _cleaner(world).run_once() == 6
    assert await _sagas(world) == set()


async def test_the_worker_closes_the_connections_to_payment_providers_after_its_last_loop(
    platform: PlatformSettings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    async def close(_parts: PaymentParts) -> None:
        order.append("closed")

    async def janitor(_self: object, stop: asyncio.Event) -> None:
        await stop.wait()
        order.append("janitor stopped")

    monkeypatch.setattr(PaymentParts, "close", close)
    monkeypatch.setattr("subgraphs.bookings.payments.janitor.PaymentJanitor.run", janitor)
    stop = asyncio.Event()
    [run] = workers.background_tasks(platform, database)
    running = asyncio.create_task(run(stop))
    stop.set()
    await running
    assert order == ["janitor stopped", "closed"]
