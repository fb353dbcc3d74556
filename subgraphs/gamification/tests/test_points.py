"""Points: earned by stays, spent by bookings and coupons, expired; and PostgreSQL keeps the books."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from shared.db import WriteSession, new_id
from subgraphs.gamification.models import LedgerEntry, LedgerPosting, Lot, Traveler
from subgraphs.gamification.repository import travelers
from subgraphs.gamification.service import campaigns
from subgraphs.gamification.service.points import redeem
from subgraphs.gamification.settings import GamificationSettings
from subgraphs.gamification.tests.world import START, Balances, World, booking_event, stay


def booked(user_id: UUID, booking_id: UUID, what: str, sequence: int, **more: object) -> object:
    return booking_event(what, user_id=user_id, booking_id=booking_id, sequence=sequence,
                         at=START + timedelta(hours=sequence), **more)  # fmt: skip


async def test_points_are_pending_from_confirmation_and_available_from_check_out(world: World) -> None:
    user, booking = uuid4(), uuid4()
    await world.deliver(booked(user, booking, "requested", 1))
    assert await world.balances(user) == Balances()
    await world.deliver(booked(user, booking, "confirmed", 4))
    assert await world.balances(user) == Balances(pending=440)  # 400 reais and two nights of 20
    await world.deliver(booked(user, booking, "checked_in", 5))
    assert await world.balances(user) == Balances(pending=440)
    await world.deliver(booked(user, booking, "checked_out", 6))
    assert await world.balances(user) == Balances(available=440 + 500)  # and the first trip's reward
    await world.assert_proven()


@pytest.mark.parametrize("end", ["cancelled", "no_show"])
async def test_points_of_a_booking_that_is_called_off_are_taken_back(world: World, end: str) -> None:
    user, booking = uuid4(), uuid4()
    await world.deliver(booked(user, booking, "confirmed", 4), booked(user, booking, end, 5))
    assert await world.balances(user) == Balances()
    assert [each["pending"] for each in await world.published("points.changed")] == [440, 0]
    await world.assert_proven()


async def test_a_changed_booking_earns_what_it_costs_then(world: World) -> None:
    user, booking = uuid4(), uuid4()
    await world.deliver(
        booked(user, booking, "confirmed", 4),
        booked(user, booking, "changed", 5, nights=5, total_minor=1000_00),
    )
    assert await world.balances(user) == Balances(pending=1100)
    await world.deliver(booked(user, booking, "changed", 6, nights=1, total_minor=100_00))
    assert await world.balances(user) == Balances(pending=120)
    await world.assert_proven()


async def test_repeated_and_overtaken_events_count_once(world: World) -> None:
    user, booking = uuid4(), uuid4()
    events = [booked(user, booking, what, number) for number, what in ((4, "confirmed"), (5, "checked_in"),
                                                                       (6, "checked_out"))]  # fmt: skip
    await world.deliver(*reversed(events), *events)
    assert await world.balances(user) == Balances(available=940)
    await world.assert_proven()


async def test_a_cancellation_that_overtakes_the_confirmation_wins(world: World) -> None:
    user, booking = uuid4(), uuid4()
    await world.deliver(booked(user, booking, "cancelled", 5), booked(user, booking, "confirmed", 4))
    assert await world.balances(user) == Balances()
    assert await world.progress(user) == {}


async def test_stays_in_a_currency_without_a_rate_earn_nothing(world: World) -> None:
    user = uuid4()
    await world.deliver(booking_event("confirmed", user_id=user, currency="ARS"))
    assert await world.balances(user) == Balances()


async def test_reservations_are_answered_and_confirmed_or_released(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 1000)
    have = (await world.balances(user)).available
    first, second = await world.reserve(user, 300), await world.reserve(user, 200)
    assert await world.balances(user) == Balances(available=have - 500, reserved=500)
    await world.confirm(first)
    await world.release(second)
    assert await world.balances(user) == Balances(available=have - 300)
    assert [each["points"] for each in await world.published("points.reserved")] == [300, 200]
    await world.release(first)  # the booking was called off: spent points come back
    assert await world.balances(user) == Balances(available=have)
    await world.assert_proven()


async def test_commands_that_come_twice_have_effect_once_and_are_answered_twice(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 1000)
    have = (await world.balances(user)).available
    reservation = await world.reserve(user, 300)
    await world.reserve(user, 300, reservation)
    assert await world.balances(user) == Balances(available=have - 300, reserved=300)
    assert len(await world.published("points.reserved")) == 2
    for _ in range(2):
        await world.confirm(reservation)
    await world.reserve(user, 300, reservation)
    assert await world.balances(user) == Balances(available=have - 300)
    for _ in range(2):
        await world.release(reservation)
    assert await world.balances(user) == Balances(available=have)
    await world.confirm(reservation)  # too late: it was released
    assert await world.balances(user) == Balances(available=have)
    await world.assert_proven()


async def test_a_release_that_overtakes_its_reservation_keeps_it_from_being_made(world: World) -> None:
    user, reservation = uuid4(), uuid4()
    await world.give_points(user, 1000)
    before = await world.balances(user)
    await world.release(reservation)
    await world.reserve(user, 300, reservation)
    assert await world.balances(user) == before
    refused = await world.published("points.refused")
    assert [(each["reason"], each["available"]) for each in refused] == [("released", before.available)]


async def test_too_few_points_are_refused_and_stay_refused(world: World) -> None:
    user = uuid4()
    reservation = await world.reserve(user, 300)
    await world.give_points(user, 1000)
    await world.reserve(user, 300, reservation)
    assert [(each["reason"], each["available"]) for each in await world.published("points.refused")] == [
        ("too_few_points", 0)
    ] * 2
    assert (await world.balances(user)).reserved == 0


async def test_commands_that_make_no_sense_are_dead_letters(world: World) -> None:
    user, other = uuid4(), uuid4()
    await world.give_points(user, 1000)
    reservation = await world.reserve(user, 100)
    from shared.contracts.points import ConfirmPoints, ReservePoints
    from subgraphs.gamification.tests.world import envelope_of

    def command(payload: object) -> object:
        return envelope_of(payload.topic, payload, reservation, 1, world.now)  # type: ignore[attr-defined]

    zero = ReservePoints(reservation_id=uuid4(), booking_id=uuid4(), user_id=user, points=0)
    stolen = ReservePoints(reservation_id=reservation, booking_id=uuid4(), user_id=other, points=100)
    unknown = ConfirmPoints(reservation_id=uuid4(), booking_id=uuid4())
    for payload in (zero, stolen, unknown):
        assert await world.is_rejected(command(payload))
    assert (await world.balances(user)).reserved == 100
    assert (await world.balances(other)).reserved == 0


async def test_of_many_who_spend_at_once_none_spends_what_is_gone(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 1000)
    have = (await world.balances(user)).available
    assert have == 1500
    await asyncio.gather(*(world.reserve(user, 400) for _ in range(10)))
    assert await world.balances(user) == Balances(available=300, reserved=1200)
    assert len(await world.published("points.reserved")) == 3
    assert len(await world.published("points.refused")) == 7
    await world.assert_proven()


async def test_with_the_lock_off_a_rival_slips_in_and_the_books_still_refuse(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = uuid4()
    await world.give_points(user, 1000)
    lock = travelers.lock

    async def look_only(session: WriteSession, user_id: UUID) -> Traveler | None:
        monkeypatch.setattr(travelers, "lock", lock)
        found = await session.get(Traveler, user_id)
        await world.reserve(user, 1200)  # a rival, between our look and our act
        return found

    monkeypatch.setattr(travelers, "lock", look_only)
    with pytest.raises(AssertionError):
        await world.reserve(user, 1200)
    assert await world.balances(user) == Balances(available=300, reserved=1200)
    await world.assert_proven()


async def test_points_expire_after_24_months_the_oldest_spent_first(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 1000, at=START)
    await world.give_points(user, 500, at=START + timedelta(days=30))
    reservation = await world.reserve(user, 1200)  # all of the first 1,000 and 500, of which 300 are left
    world.now = datetime(2028, 1, 10, 15, 0, tzinfo=UTC) - timedelta(seconds=1)
    await world.settle_all_due()
    assert await world.balances(user) == Balances(available=800, reserved=1200)
    world.now += timedelta(seconds=2)
    await world.settle_all_due()
    assert await world.balances(user) == Balances(available=500, reserved=1200)
    await world.release(reservation)  # what comes back to the first lots is over already
    assert await world.balances(user) == Balances(available=500)
    world.now += timedelta(days=31)
    await world.settle_all_due()
    assert await world.balances(user) == Balances()
    await world.assert_proven()


async def test_expired_points_cannot_be_spent_before_the_worker_has_looked(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 1000, at=START)
    world.now = datetime(2028, 1, 11, tzinfo=UTC)
    await world.reserve(user, 100)
    assert await world.balances(user) == Balances()
    assert (await world.published("points.refused"))[0]["available"] == 0


async def test_redeeming_makes_one_coupon_for_a_key(world: World) -> None:
    user, settings = uuid4(), GamificationSettings()
    await world.give_points(user, 1000)

    async def ask() -> str:
        async with world.database.transaction() as session:
            _, coupon = await redeem(session, user, 600, "key", world.now, settings)
            return coupon.code

    codes = await asyncio.gather(*(ask() for _ in range(6)))
    assert len(set(codes)) == 1
    assert await world.balances(user) == Balances(available=900)
    granted = await world.published("coupon.granted")
    assert [(each["code"], each["amount_minor"], each["currency"]) for each in granted] == [(codes[0], 600, "BRL")]
    await world.assert_proven()


async def test_a_stay_booked_at_a_higher_level_earns_more(world: World) -> None:
    user = uuid4()
    await world.give_points(user, 5000, at=START)
    await world.deliver(booking_event("confirmed", user_id=user, at=START + timedelta(days=2), nights=5))
    assert (await world.balances(user)).pending == 550  # ten percent on 400 and five nights of 20
    assert [each["level"] for each in await world.published("level.reached")] == ["silver"]


async def test_a_campaign_multiplies_what_is_booked_in_its_window(world: World) -> None:
    now = START - timedelta(days=30)
    async with world.database.transaction() as session:
        await campaigns.create(session, "double", 200, START, START + timedelta(days=7), now=now)
        await campaigns.create(session, "more", 150, now, START + timedelta(days=90), now=now)
    for days, points in ((-1, 660), (0, 880), (6, 880), (7, 660)):
        user = uuid4()
        await world.deliver(booking_event("confirmed", user_id=user, at=START + timedelta(days=days)))
        assert (await world.balances(user)).pending == points


async def test_deletion_forgets_the_person_and_keeps_the_books(world: World) -> None:
    user = uuid4()
    await world.register(user)
    await world.deliver(*stay(user))
    reservation = await world.reserve(user, 100)
    await world.delete(user)
    traveler = await world.traveler(user)
    assert (traveler.display_name, traveler.available, traveler.pending, traveler.lifetime) == (None, 0, 0, 0)
    assert (await world.progress(user), await world.badges(user)) == ({}, {})
    await world.register(user, "Ana again", sequence=10)
    await world.deliver(*stay(user, at=START + timedelta(days=9)))
    assert (await world.traveler(user)).display_name is None
    assert await world.balances(user) == Balances(reserved=100)
    await world.confirm(reservation)
    await world.reserve(user, 1)
    assert await world.balances(user) == Balances()
    await world.assert_proven()


async def test_postgresql_refuses_entries_that_do_not_balance(world: World) -> None:
    user, entry = uuid4(), new_id()
    columns = {"id": entry, "user_id": user, "sequence": 1, "kind": "BONUS", "reference": "x", "pending_after": 0,
               "available_after": 0, "reserved_after": 0}  # fmt: skip

    async def enter(postings: list[tuple[str, int]]) -> None:
        async with world.database.transaction() as session:
            await session.execute(insert(LedgerEntry).values(**columns))
            for account, points in postings:
                await session.execute(insert(LedgerPosting).values(entry_id=entry, account=account, points=points))

    for postings in ([("AVAILABLE", 5)], [("AVAILABLE", 5), ("ISSUED", -4)], []):
        with pytest.raises(IntegrityError):
            await enter(postings)
    assert await world.count(LedgerEntry) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_postings SET points = points + 1",
        "DELETE FROM ledger_postings",
        "UPDATE ledger_entries SET kind = 'BONUS'",
        "DELETE FROM ledger_entries",
    ],
)
async def test_postgresql_refuses_to_rewrite_the_ledger(world: World, statement: str) -> None:
    await world.give_points(uuid4(), 100)
    with pytest.raises(IntegrityError):
        async with world.database.transaction() as session:
            await session.execute(text(statement))


async def test_postgresql_refuses_negative_balances_and_lots(world: World) -> None:
    await world.give_points(uuid4(), 100)
    for statement in ("UPDATE travelers SET available = -1", "UPDATE lots SET remaining = -1"):
        with pytest.raises(IntegrityError):
            async with world.database.transaction() as session:
                await session.execute(text(statement))
    assert await world.count(Lot) == 2
