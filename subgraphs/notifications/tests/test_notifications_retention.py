"""Old notifications go with their log; what is still to be sent stays."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from shared.db import utc_now
from subgraphs.notifications.delivery.housekeeping import EVENTS_KEPT_FOR, Housekeeper
from subgraphs.notifications.models import DeliveryAttempt, ProviderReport, Schedule
from subgraphs.notifications.tests.world import World


async def _count(world: World, model: type) -> int:
    async with world.database.read() as session:
        return await session.scalar(select(func.count()).select_from(model)) or 0


async def test_what_is_old_goes_and_what_is_under_way_stays(world: World) -> None:
    sent, waiting = await world.traveler(), await world.traveler()
    await world.booking("booking.confirmed", sent)
    await world.send_all()
    await world.booking("booking.confirmed", waiting)
    made_at = utc_now()  # ids carry the real time

    async def keep_house(days: int) -> None:
        keeper = Housekeeper(world.database, world.settings, clock=lambda: made_at + timedelta(days=days))
        await keeper.run_once(asyncio.Event())

    await keep_house(world.settings.keep_days - 1)
    assert len(await world.notifications(sent)) == 1
    await asyncio.gather(*(keep_house(world.settings.keep_days + 1) for _ in range(3)))
    assert await world.notifications(sent) == []
    assert await _count(world, DeliveryAttempt) == 0
    assert len(await world.notifications(waiting)) == 1
    assert await world.states(waiting) == {"EMAIL": "PENDING"}


async def test_schedules_and_reports_are_kept_for_as_long_as_events_may_come_again(world: World) -> None:
    user_id = await world.traveler()
    dropped = await world.booking("booking.confirmed", user_id)
    await world.booking("booking.cancelled", user_id, sequence=5, booking_id=dropped.booking_id)
    await world.booking("booking.confirmed", user_id)
    async with world.database.transaction() as session:
        session.add(ProviderReport(provider="mail", event_id="e1", received_at=world.now))
    keeper = Housekeeper(world.database, world.settings, clock=world.clock)
    stop = asyncio.Event()
    world.pass_time(days=EVENTS_KEPT_FOR.days - 1)
    assert await keeper.run_once(stop) == 0
    world.pass_time(days=20)
    assert await keeper.run_once(stop) == 2
    assert await _count(world, ProviderReport) == 0
    async with world.database.read() as session:
        assert (await session.scalars(select(Schedule.state))).all() == ["WAITING"]
