"""Missions, badges and levels of travelers in the database; and a replay that leads to the same state."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest
from sqlalchemy import text

from subgraphs.gamification.models import Coupon
from subgraphs.gamification.service import missions
from subgraphs.gamification.service.rebuilding import rebuild
from subgraphs.gamification.tests.test_rules import definition, rule
from subgraphs.gamification.tests.world import START, World, booking_event, envelope_of, review, stay

EVENTS = 10_000 if os.environ.get("RESERVEI_FAULTS") else 200
TRAVELERS = EVENTS // 20
STATES = ["RJ", "SP", "MG", "BA", "SC"]


async def publish(world: World, **changes: Any) -> UUID:
    async with world.database.transaction() as session:
        record = await missions.create(
            session, f"m-{uuid4().hex[:8]}", definition(**changes), author_id=uuid4(), now=world.now
        )
        await missions.publish(session, record.row.id, world.now)
    return record.row.id


async def test_a_first_stay_completes_the_first_trip(world: World) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    assert (await world.progress(user))["first-trip"] == (1, 1)
    completed = await world.published("mission.completed")
    assert [(each["title_en"], each["points"]) for each in completed] == [("First trip", 500)]
    assert (await world.badges(user))["traveler"] == 1
    assert {each["code"] for each in await world.published("achievement.reached")} == {"traveler"}


async def test_three_states_in_ninety_days_give_points_and_a_badge(world: World) -> None:
    user = uuid4()
    for number, state in enumerate(STATES[:3]):
        await world.deliver(*stay(user, at=START + timedelta(days=30 * number), region=state))
    assert (await world.progress(user))["three-states"] == (0, 1)
    assert (await world.badges(user))["three-states"] == 1
    await world.assert_proven()


async def test_ten_nights_give_a_coupon_once(world: World) -> None:
    user = uuid4()
    events = [event for week in range(2) for event in stay(user, at=START + timedelta(days=7 * week), nights=5)]
    await world.deliver(*events, *events)
    granted = await world.published("coupon.granted")
    assert [(each["percent"], each["minimum_minor"]) for each in granted] == [(10, 200_00)]
    completed = [each for each in await world.published("mission.completed") if each["badge"] == "marathon"]
    assert [each["coupon_code"] for each in completed] == [granted[0]["code"]]
    assert await world.count(Coupon) == 1


async def test_what_a_late_cancellation_undoes_is_not_rewarded_twice(world: World) -> None:
    user, booking = uuid4(), uuid4()
    ahead = {"user_id": user, "booking_id": booking, "check_in": (START + timedelta(days=60)).date()}
    await world.deliver(booking_event("confirmed", **ahead))
    assert (await world.progress(user))["planner"] == (1, 1)
    assert (await world.balances(user)).available == 200
    await world.deliver(booking_event("cancelled", sequence=5, at=START + timedelta(days=1), **ahead))
    assert (await world.progress(user))["planner"] == (0, 0)
    assert (await world.balances(user)).available == 0
    await world.deliver(booking_event("confirmed", user_id=user, check_in=(START + timedelta(days=99)).date()))
    assert (await world.progress(user))["planner"] == (1, 1)
    assert (await world.balances(user)).available == 200
    assert len(await world.published("mission.completed")) == 1, "it is told of once"
    await world.assert_proven()


async def test_rewards_that_were_spent_are_not_taken_back(world: World) -> None:
    user, booking = uuid4(), uuid4()
    ahead = {"user_id": user, "booking_id": booking, "check_in": (START + timedelta(days=60)).date()}
    await world.deliver(booking_event("confirmed", **ahead))
    await world.confirm(await world.reserve(user, 150))
    await world.deliver(booking_event("cancelled", sequence=5, at=START + timedelta(days=1), **ahead))
    balances = await world.balances(user)
    assert (balances.available, balances.pending) == (0, 0)
    await world.assert_proven()


async def test_only_reviews_of_verified_stays_count(world: World) -> None:
    user = uuid4()
    await world.deliver(review(user), review(user, verified=False), review(user))
    assert (await world.progress(user))["reviewer"] == (2, 0)


async def test_a_window_moves_on_without_any_event(world: World) -> None:
    user = uuid4()
    world.now = START + timedelta(days=40)
    await world.deliver(*stay(user, region="RJ"), *stay(user, at=START + timedelta(days=30), region="SP"))
    assert (await world.progress(user))["three-states"] == (2, 0)
    world.now = START + timedelta(days=100)
    await world.settle_all_due()
    assert (await world.progress(user))["three-states"] == (1, 0)


async def test_publishing_counts_what_was_done_before_when_it_says_so(world: World) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    codes = {await publish(world, target=1, starts_at=START.isoformat()): (1, 1), await publish(world, target=1): None}
    await world.settle_all_due()
    progress = await world.progress(user)
    by_id = {mission.id: code for code, mission in (await world.missions()).items()}
    assert {mission: progress.get(by_id[mission]) for mission in codes} == codes


async def test_a_new_version_leaves_completions_as_they_are(world: World) -> None:
    user = uuid4()
    world.now = START - timedelta(days=1)
    mission_id = await publish(world, target=1)
    await world.deliver(*stay(user))
    world.now = START + timedelta(days=5)
    async with world.database.transaction() as session:
        await missions.update(session, mission_id, definition(target=9), author_id=uuid4(), now=world.now)
        await missions.publish(session, mission_id, world.now)
    await world.settle_all_due()
    code = next(code for code, mission in (await world.missions()).items() if mission.id == mission_id)
    assert (await world.progress(user))[code] == (1, 1)


async def test_a_dry_run_tells_what_would_have_been_and_changes_nothing(world: World) -> None:
    for _ in range(3):
        await world.deliver(*stay(uuid4(), nights=4))
    busy = uuid4()
    for day in range(4):
        await world.deliver(*stay(busy, at=START + timedelta(days=7 * day), nights=4))
    trial = definition(target=8, repeat="repeatable", rule=rule({"kind": "sum", "field": "nights"}))
    before = await world.progress(busy)
    async with world.database.read() as session:
        found = await missions.dry_run(session, trial, since=START - timedelta(days=1), now=world.now)
        later = await missions.dry_run(session, trial, since=START + timedelta(days=7), now=world.now)
    assert (found.travelers, found.participants, found.completed, found.completions, found.points) == (4, 4, 1, 2, 200)
    assert (later.travelers, later.completions) == (1, 1)
    assert await world.progress(busy) == before


async def test_a_rebuild_changes_nothing_where_all_is_well_and_mends_what_is_not(world: World) -> None:
    users = [uuid4() for _ in range(3)]
    for user in users:
        await world.deliver(*stay(user))
    assert await rebuild(world.database, world.now, lambda _: None) == (3, 0)
    async with world.database.transaction() as session:
        await session.execute(text("DELETE FROM mission_progress WHERE user_id = :user"), {"user": users[0]})
        await session.execute(text("DELETE FROM badges"))
    progress = await world.progress(users[1])
    travelers, changed = await rebuild(world.database, world.now, lambda _: None)
    assert (travelers, changed) == (3, 3)
    assert [await world.progress(user) for user in users] == [progress] * 3
    await world.assert_proven()


def history(name: str, count: int) -> list[Any]:
    """What travelers do, the same for each name but for the ids."""
    dice = random.Random(7)

    def of(*parts: object) -> UUID:
        return uuid5(NAMESPACE_URL, f"{name}:{parts}")

    events: list[Any] = []
    number = 0
    while len(events) < count:
        number += 1
        user = of("user", dice.randrange(TRAVELERS))
        at = START + timedelta(days=dice.uniform(0, 180))
        if dice.random() < 0.1:
            events.append(envelope_of("review.added", _review_of(of, number, user), of("hotel", number), 7, at,
                                      id=of("event", number)))  # fmt: skip
            continue
        terms: dict[str, Any] = {
            "user_id": user, "booking_id": of("booking", number), "hotel_id": of("hotel", number),
            "room_type_id": of("room", number), "nights": dice.randrange(1, 7), "region": dice.choice(STATES),
            "total_minor": dice.randrange(50_00, 3000_00), "check_in": (at + timedelta(days=dice.randrange(60))).date(),
        }  # fmt: skip
        path = dice.choice([["confirmed", "cancelled"], ["confirmed", "checked_in", "checked_out"],
                            ["confirmed", "changed", "checked_in", "checked_out"], ["confirmed", "no_show"],
                            ["confirmed"]])  # fmt: skip
        for step, what in enumerate(path):
            if what == "changed":
                terms["total_minor"] += 100_00
            event = booking_event(what, sequence=4 + step, at=at + timedelta(days=step, seconds=number), **terms)
            events.append(envelope_of(event.type, _json(event.payload), event.aggregate_id, event.aggregate_sequence,
                                      event.occurred_at, id=of("event", number, step)))  # fmt: skip
    return events[:count]


def _json(raw: Any) -> Any:
    import msgspec

    return msgspec.json.decode(raw)


def _review_of(of: Any, number: int, user: UUID) -> Any:
    from shared.contracts.hotels import ReviewAdded

    return ReviewAdded(hotel_id=of("hotel", number), review_id=of("review", number), author_id=user,
                       rating_tenths=80, is_verified_stay=True)  # fmt: skip


async def state_of(world: World, name: str) -> list[Any]:
    """Everything about every traveler, in the same order for each name."""
    found: list[Any] = []
    for number in range(TRAVELERS):
        user = uuid5(NAMESPACE_URL, f"{name}:{('user', number)}")
        traveler = await world.traveler(user)
        # What came and went leaves an empty lot, and progress of zero, only where its coming was heard of first.
        lots = sorted(
            (lot.points, lot.remaining, lot.state, str(lot.earned_at)) for lot in await world.lots(user) if lot.points
        )
        progress = {code: state for code, state in (await world.progress(user)).items() if state != (0, 0)}
        found.append((
            traveler.available, traveler.pending, traveler.lifetime, traveler.level, traveler.streak,
            progress, await world.badges(user), lots,
        ))  # fmt: skip
    return found


@pytest.mark.timeout(3600 if os.environ.get("RESERVEI_FAULTS") else 300)
async def test_events_replayed_in_any_order_lead_to_the_same_state(world: World) -> None:
    states: list[list[Any]] = []
    for name in ("one", "two"):
        events = history(name, EVENTS)
        order = random.Random(name)
        twice = events + order.sample(events, len(events) // 4)  # a quarter of them comes twice
        order.shuffle(twice)
        for begin in range(0, len(twice), 50):
            await world.deliver_together(twice[begin : begin + 50])
        states.append(await state_of(world, name))
    assert states[0] == states[1]
    assert sum(state[0] for state in states[0]) > 0
    assert sum(state[1] for state in states[0]) > 0
    await world.assert_proven()
    again = history("one", EVENTS)
    for begin in range(0, len(again), 200):
        await world.deliver_together(again[begin : begin + 200])
    assert await state_of(world, "one") == states[0]
