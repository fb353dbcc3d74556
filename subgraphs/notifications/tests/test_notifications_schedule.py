"""Reminders, requests for reviews and digests: told at their time, once, whatever happened to the stay meanwhile."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from shared.contracts.gamification import LevelReached
from subgraphs.notifications.models import Schedule
from subgraphs.notifications.repository import schedules
from subgraphs.notifications.tests.world import World

EVE = datetime(2026, 8, 12, 18, 0, tzinfo=UTC)
"""15:00 in São Paulo, a day before check-in of the stage's booking."""


async def _kinds(world: World, user_id: UUID) -> list[str]:
    return [row.kind for row in await world.notifications(user_id)]


async def test_a_traveler_is_reminded_a_day_before(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    world.now = EVE - timedelta(seconds=1)
    assert await world.scheduler().run_once() == 0
    world.now = EVE
    assert await world.scheduler().run_once() == 1
    assert await world.scheduler().run_once() == 0
    await world.send_all()
    assert await _kinds(world, user_id) == ["BOOKING_CONFIRMED", "CHECK_IN_REMINDER"]
    assert world.email.titles[-1] == "Amanhã é dia de check-in: Pousada do Sol"


async def test_the_hour_is_the_hotels_own(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id, time_zone="America/Manaus", check_in_time=None)
    async with world.database.read() as session:
        due_at = await session.scalar(select(Schedule.due_at))
    assert due_at == datetime(2026, 8, 12, 18, 0, tzinfo=UTC)  # 14:00, four hours behind UTC


async def test_the_reminder_moves_with_the_stay(world: World) -> None:
    user_id = await world.traveler()
    booking = await world.booking("booking.confirmed", user_id)
    later = {"booking_id": booking.booking_id, "check_in": date(2026, 8, 20), "check_out": date(2026, 8, 22)}
    await world.booking("booking.changed", user_id, sequence=5, **later)
    await world.booking("booking.confirmed", user_id, sequence=4, booking_id=booking.booking_id)  # comes again, late
    world.now = EVE
    assert await world.scheduler().run_once() == 0
    world.pass_time(days=7)
    assert await world.scheduler().run_once() == 1
    assert (await _kinds(world, user_id))[-1] == "CHECK_IN_REMINDER"


async def test_a_stay_that_is_moved_after_its_reminder_has_another(world: World) -> None:
    user_id = await world.traveler()
    booking = await world.booking("booking.confirmed", user_id)
    world.now = EVE
    await world.scheduler().run_once()
    await world.booking(
        "booking.changed", user_id, sequence=5, booking_id=booking.booking_id, check_in=date(2026, 8, 20)
    )
    world.pass_time(days=7)
    await world.scheduler().run_once()
    assert (await _kinds(world, user_id)).count("CHECK_IN_REMINDER") == 2


@pytest.mark.parametrize("end", ["booking.cancelled", "booking.checked_in", "booking.no_show"])
async def test_a_stay_that_is_over_is_not_reminded_of(world: World, end: str) -> None:
    user_id = await world.traveler()
    booking = await world.booking("booking.confirmed", user_id)
    await world.booking(end, user_id, sequence=5, booking_id=booking.booking_id)
    await world.booking("booking.changed", user_id, sequence=4, booking_id=booking.booking_id)  # overtaken by the end
    world.now = EVE
    assert await world.scheduler().run_once() == 0


async def test_who_books_on_the_eve_is_not_reminded(world: World) -> None:
    user_id = await world.traveler()
    world.now = EVE + timedelta(seconds=1)
    await world.booking("booking.confirmed", user_id)
    assert await world.scheduler().run_once() == 0


async def test_a_reminder_that_would_come_after_check_in_is_left_out(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    world.now = EVE + timedelta(days=1)
    assert await world.scheduler().run_once() == 1
    assert await _kinds(world, user_id) == ["BOOKING_CONFIRMED"]


async def test_after_the_stay_we_ask_how_it_was(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.checked_out", user_id, state="CHECKED_OUT")
    await world.scheduler().run_once()
    assert await _kinds(world, user_id) == []
    world.pass_time(hours=world.settings.review_after_hours)
    await world.scheduler().run_once()
    await world.send_all()
    assert await _kinds(world, user_id) == ["REVIEW_REQUEST"]
    assert world.email.titles == ["Como foi no Pousada do Sol?"]


async def test_of_many_workers_one_tells(world: World) -> None:
    user_ids = [await world.traveler() for _ in range(5)]
    for user_id in user_ids:
        await world.booking("booking.confirmed", user_id)
    world.now = EVE
    await asyncio.gather(*(world.scheduler().run_once() for _ in range(6)))
    for user_id in user_ids:
        assert (await _kinds(world, user_id)).count("CHECK_IN_REMINDER") == 1


async def test_a_worker_that_dies_before_it_has_told_leaves_the_schedule_to_another(world: World) -> None:
    user_id = await world.traveler()
    await world.booking("booking.confirmed", user_id)
    world.now = EVE
    async with world.database.transaction() as session:
        leased = await schedules.lease(session, owner="dead", now=world.now, seconds=60, limit=10)
    assert len(leased) == 1
    assert await world.scheduler().run_once() == 0
    world.pass_time(seconds=61)
    assert await world.scheduler().run_once() == 1
    async with world.database.transaction() as session:
        assert not await schedules.fire(session, leased[0], world.now)  # the dead one was only slow
    assert (await _kinds(world, user_id)).count("CHECK_IN_REMINDER") == 1


async def test_a_stay_that_changes_while_it_is_leased_is_not_told_as_it_was(world: World) -> None:
    user_id = await world.traveler()
    booking = await world.booking("booking.confirmed", user_id)
    world.now = EVE
    async with world.database.transaction() as session:
        (leased,) = await schedules.lease(session, owner="slow", now=world.now, seconds=60, limit=10)
    await world.booking("booking.cancelled", user_id, sequence=5, booking_id=booking.booking_id)
    async with world.database.transaction() as session:
        assert not await schedules.fire(session, leased, world.now)


async def _level(world: World, user_id: UUID, name: str) -> None:
    event = LevelReached(user_id=user_id, level=name, name_pt=name, name_en=name, at=world.now)
    await world.hear("level.reached", event, about=user_id, event_id=uuid4())


async def test_a_digest_gathers_the_mails_of_a_day(world: World) -> None:
    user_id = await world.traveler(has_daily_digest=True)
    await _level(world, user_id, "Prata")
    await _level(world, user_id, "Ouro")
    await world.booking("booking.confirmed", user_id)
    await world.send_all()
    assert world.email.titles == ["Reserva 7KX2M9QD confirmada: Pousada do Sol"]
    world.now = datetime(2026, 8, 4, 11, 0, tzinfo=UTC)  # 8:00 in São Paulo
    await asyncio.gather(world.scheduler().run_once(), world.scheduler().run_once())
    await world.send_all()
    assert world.email.titles[1:] == ["O seu resumo do dia: 2 novidades"]
    assert "Novo nível: Prata" in world.email.sent[1].words.text
    assert "Novo nível: Ouro" in world.email.sent[1].words.text
    assert [row.is_in_app for row in await world.notifications(user_id)] == [True, True, True, False]
    world.pass_time(days=1)
    await world.scheduler().run_once()
    await world.send_all()
    assert len(world.email.sent) == 2
    await _level(world, user_id, "Platina")
    world.pass_time(days=1)
    await world.scheduler().run_once()
    await world.send_all()
    assert world.email.titles[2:] == ["O seu resumo do dia: 1 novidade"]


async def test_who_wants_no_digest_any_more_gets_what_it_held(world: World) -> None:
    user_id = await world.traveler(has_daily_digest=True)
    await _level(world, user_id, "Ouro")
    await world.choose(user_id, has_daily_digest=False)
    await world.send_all()
    assert world.email.titles == ["Novo nível: Ouro"]
    world.pass_time(days=1)
    await world.scheduler().run_once()
    await world.send_all()
    assert len(world.email.sent) == 1
