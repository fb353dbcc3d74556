"""Holds one after the other: what each command does to the calendar, and what it does when it comes again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from sqlalchemy.exc import IntegrityError

from shared.contracts.inventory import (
    InventoryConfirmed,
    InventoryExpired,
    InventoryHeld,
    InventoryRefused,
    InventoryReleased,
)
from shared.db import Database, new_id
from shared.testing import SubgraphClient
from subgraphs.hotels.repository import inventory
from subgraphs.hotels.repository.inventory import LostNight, RoomChange
from subgraphs.hotels.service.holds import InvalidCommand, UnknownHold
from subgraphs.hotels.tests.builders import SOON, Market
from subgraphs.hotels.tests.front_desk import KEPT_FOR, FrontDesk, counts, replies


@pytest_asyncio.fixture(loop_scope="session")
async def desk(market: Market, database: Database) -> FrontDesk:
    """Books rooms of a type that has two."""
    return FrontDesk(database, await market.room_type(await market.hotel(), rooms=2))


async def test_a_stay_is_held_on_every_night_or_on_none(market: Market, desk: FrontDesk) -> None:
    first = await desk.hold(1, 4)
    assert isinstance(first, InventoryHeld)
    assert first.expires_at == desk.now + KEPT_FOR
    await desk.held(2, 6)
    refused = await desk.another_booking().hold(0, 8)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "sold_out"
    assert refused.sold_out_nights == [SOON + timedelta(days=2), SOON + timedelta(days=3)]
    assert await counts(market, desk.room_type_id) == [(0, 0), (1, 0), (2, 0), (2, 0), (1, 0), (1, 0)]


async def test_rooms_go_from_held_to_sold_and_back(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.held(0, 2, rooms=2)
    assert await counts(market, desk.room_type_id) == [(2, 0), (2, 0)]
    assert isinstance(await desk.confirm(hold_id), InventoryConfirmed)
    assert await counts(market, desk.room_type_id) == [(0, 2), (0, 2)]
    assert isinstance(await desk.release(hold_id), InventoryReleased)
    assert await counts(market, desk.room_type_id) == []


async def test_a_repeated_command_moves_no_room_and_gets_the_same_answer(market: Market, desk: FrontDesk) -> None:
    command = desk.hold_command(0, 3)
    other = await desk.another_booking().held(0, 3)
    assert await desk.send_hold(command) == await desk.send_hold(command)
    assert await counts(market, desk.room_type_id) == [(2, 0)] * 3
    assert await desk.confirm(command.hold_id) == await desk.confirm(command.hold_id)
    assert await counts(market, desk.room_type_id) == [(1, 1)] * 3
    assert await desk.send_hold(command) == InventoryHeld(
        hold_id=command.hold_id, booking_id=desk.booking_id, expires_at=command.expires_at
    )
    assert await desk.release(command.hold_id) == await desk.release(command.hold_id)
    assert await counts(market, desk.room_type_id) == [(1, 0)] * 3
    for over in (await desk.send_hold(command), await desk.confirm(command.hold_id)):
        assert isinstance(over, InventoryRefused)
        assert over.reason == "released"
    assert await counts(market, desk.room_type_id) == [(1, 0)] * 3
    assert await market.value("SELECT state FROM inventory_holds WHERE hold_id = :id", id=other) == "HELD"


async def test_a_refusal_is_remembered_when_rooms_are_free_again(market: Market, desk: FrontDesk) -> None:
    taken = await desk.held(0, 3, rooms=2)
    rival = desk.another_booking()
    command = rival.hold_command(1, 3)
    refused = await rival.send_hold(command)
    await desk.release(taken)
    assert await rival.send_hold(command) == refused
    assert await rival.confirm(command.hold_id) == refused
    assert isinstance(await rival.release(command.hold_id), InventoryReleased)
    assert await rival.send_hold(command) == refused
    assert await counts(market, desk.room_type_id) == []


async def test_a_release_that_overtakes_its_hold_keeps_it_from_being_made(market: Market, desk: FrontDesk) -> None:
    command = desk.hold_command(0, 3)
    assert isinstance(await desk.release(command.hold_id), InventoryReleased)
    late = await desk.send_hold(command)
    assert isinstance(late, InventoryRefused)
    assert late.reason == "released"
    assert await counts(market, desk.room_type_id) == []
    assert isinstance(await desk.release(command.hold_id), InventoryReleased)


async def test_a_confirmation_that_overtakes_its_hold_is_to_come_again(market: Market, desk: FrontDesk) -> None:
    command = desk.hold_command(0, 3)
    with pytest.raises(UnknownHold):
        await desk.confirm(command.hold_id)
    await desk.send_hold(command)
    assert isinstance(await desk.confirm(command.hold_id), InventoryConfirmed)


async def test_a_due_hold_expires_once_and_is_not_sold_any_more(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.held(0, 2)
    kept = await desk.sold(0, 2)
    desk.later(KEPT_FOR - timedelta(microseconds=1))
    assert await desk.expire() == []
    desk.later(timedelta(microseconds=1))
    assert await desk.expire() == [InventoryExpired(hold_id=hold_id, booking_id=desk.booking_id)]
    assert await desk.expire() == []
    refused = await desk.confirm(hold_id)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "expired"
    assert isinstance(await desk.release(hold_id), InventoryReleased)
    assert isinstance(await desk.confirm(kept), InventoryConfirmed)
    assert await counts(market, desk.room_type_id) == [(0, 1), (0, 1)]


async def test_a_confirmation_that_is_too_late_gives_the_rooms_back_at_once(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.held(0, 2)
    desk.later()
    refused = await desk.confirm(hold_id)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "expired"
    assert await counts(market, desk.room_type_id) == []
    desk.later(-KEPT_FOR)  # as on a machine whose clock is behind
    assert await desk.confirm(hold_id) == refused
    assert await desk.expire() == []


async def test_a_hold_that_arrives_when_it_is_due_already_is_refused(market: Market, desk: FrontDesk) -> None:
    refused = await desk.hold(0, 2, expires_at=desk.now)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == "expired"
    assert await counts(market, desk.room_type_id) == []


async def test_many_due_holds_expire_in_batches_the_oldest_first(market: Market, database: Database) -> None:
    desk = FrontDesk(database, await market.room_type(await market.hotel(), rooms=7))
    ids = [await desk.held(n % 3, n % 3 + 4, expires_at=desk.now + timedelta(seconds=7 - n)) for n in range(7)]
    desk.later()
    batches = [await desk.expire(limit=3) for _ in range(3)]
    assert [{one.hold_id for one in batch} for batch in batches] == [set(ids[4:]), set(ids[1:4]), {ids[0]}]
    assert await counts(market, desk.room_type_id) == []


@pytest.mark.parametrize(
    ("columns", "reason"),
    [({"is_closed": True}, "closed"), ({"total": 0}, "sold_out"), ({"held": 1, "sold": 1}, "sold_out")],
)
async def test_one_night_that_cannot_be_sold_refuses_the_stay(
    market: Market, desk: FrontDesk, columns: dict[str, Any], reason: str
) -> None:
    night = SOON + timedelta(days=2)
    await market.set_nights(desk.room_type_id, night, **columns)
    before = await counts(market, desk.room_type_id)
    refused = await desk.hold(0, 4)
    assert isinstance(refused, InventoryRefused)
    assert refused.reason == reason
    assert refused.sold_out_nights == ([night] if reason == "sold_out" else [])
    assert await counts(market, desk.room_type_id) == before


async def test_what_is_not_for_sale_is_refused_by_name(market: Market, desk: FrontDesk) -> None:
    async def reason(first: int, until: int, **others: Any) -> str:
        refused = await desk.hold(first, until, **others)
        assert isinstance(refused, InventoryRefused)
        return refused.reason

    assert await reason(0, 2, room_type_id=new_id()) == "unknown_room_type"
    assert await reason(18, 22) == "closed"  # the calendar ends on the way
    assert await reason(100, 102) == "closed"
    assert await reason(0, 2, rooms=3) == "sold_out"
    await market.execute("UPDATE room_types SET is_active = false")
    assert await reason(0, 2) == "closed"
    assert await counts(market, desk.room_type_id) == []


@pytest.mark.parametrize(
    "others",
    [
        {"first": 2, "until": 2}, {"first": 2, "until": 1}, {"first": 0, "until": 367}, {"rooms": 0}, {"rooms": -1},
    ],
)  # fmt: skip
async def test_a_stay_that_cannot_be_is_an_invalid_command(
    market: Market, desk: FrontDesk, others: dict[str, Any]
) -> None:
    with pytest.raises(InvalidCommand):
        await desk.hold(**{"first": 0, "until": 2, **others})
    assert await market.value("SELECT count(*) FROM inventory_holds") == 0


async def test_nobody_moves_rooms_of_another_booking(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.held(0, 3)
    stranger = desk.another_booking()
    for attempt in (
        stranger.confirm(hold_id),
        stranger.release(hold_id),
        stranger.hold(0, 3, hold_id=hold_id),
        stranger.hold(0, 3, replaces_hold_id=hold_id),
    ):
        with pytest.raises(InvalidCommand):
            await attempt
    with pytest.raises(InvalidCommand):
        await desk.hold(0, 4, hold_id=hold_id)  # the same id for another stay
    assert await counts(market, desk.room_type_id) == [(1, 0)] * 3


async def test_each_answer_is_written_with_its_cause(market: Market, desk: FrontDesk) -> None:
    hold_id = await desk.sold(0, 2)
    await desk.release(hold_id)
    await desk.hold(0, 2, rooms=3)
    other = await desk.held(0, 2)
    desk.later()
    await desk.expire()
    written = await replies(market)
    assert [(one.type, one.aggregate_sequence) for one in written] == [
        ("inventory.held", 1),
        ("inventory.confirmed", 2),
        ("inventory.released", 3),
        ("inventory.refused", 1),
        ("inventory.held", 1),
        ("inventory.expired", 2),
    ]
    assert {(one.aggregate_id, one.correlation_id) for one in written} == {(desk.booking_id, desk.cause.correlation_id)}
    assert [one.causation_id for one in written] == [desk.cause.command_id] * 5 + [None]
    expired = msgspec.json.decode(written[-1].payload, type=InventoryExpired)
    assert expired == InventoryExpired(hold_id=other, booking_id=desk.booking_id)


@pytest.mark.parametrize("change", ["held = held + 3", "sold = sold + 3", "held = held - 1", "sold = -1"])
async def test_a_statement_with_a_bug_cannot_oversell(market: Market, desk: FrontDesk, change: str) -> None:
    with pytest.raises(IntegrityError, match="not_oversold"):
        await market.execute(f"UPDATE inventory_nights SET {change}")
    assert await counts(market, desk.room_type_id) == []


async def test_giving_back_what_was_never_taken_is_an_error(desk: FrontDesk, database: Database) -> None:
    async def give_back(day: int) -> None:
        async with database.transaction() as session:
            night = SOON + timedelta(days=day)
            await inventory.move(session, {(desk.room_type_id, night): RoomChange(held=-1)})

    with pytest.raises(IntegrityError, match="not_oversold"):
        await give_back(0)
    with pytest.raises(LostNight):
        await give_back(100)


async def test_what_is_held_is_not_offered(market: Market, desk: FrontDesk, hotels: SubgraphClient) -> None:
    query = """query($r: [_Any!]!, $stay: StayInput!) {
      _entities(representations: $r) { ... on RoomType { hotel { availability(stay: $stay) { roomsLeft } } } } }"""
    variables = {
        "r": [{"__typename": "RoomType", "id": str(desk.room_type_id)}],
        "stay": {
            "checkInDate": SOON.isoformat(), "checkOutDate": (SOON + timedelta(days=2)).isoformat(), "guests": 2,
        },
    }  # fmt: skip

    async def rooms_left() -> list[int]:
        data = await hotels.data(query, variables)
        return [offer["roomsLeft"] for offer in data["_entities"][0]["hotel"]["availability"]]

    assert await rooms_left() == [2]
    held = await desk.held(1, 3)
    assert await rooms_left() == [1]
    await desk.sold(0, 1)
    assert await rooms_left() == [1]
    await desk.sold(1, 2)
    assert await rooms_left() == []
    await desk.release(held)
    assert await rooms_left() == [1]
