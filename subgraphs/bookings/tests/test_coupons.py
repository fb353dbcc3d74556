"""Coupons: who can use which, how often, what they take off, and when a use goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shared.contracts import inventory as i
from shared.contracts.gamification import CouponGranted
from shared.db import WriteSession, new_id
from shared.messaging import Reject
from subgraphs.bookings.booking.aggregate import BookingState
from subgraphs.bookings.booking.pricing import DiscountRules, Price, coupon_discount, most_points
from subgraphs.bookings.consumers import coupon_handlers
from subgraphs.bookings.coupons import desk, repository
from subgraphs.bookings.coupons.models import Coupon
from subgraphs.bookings.coupons.rules import KnownCoupon, normalised_code, rejection
from subgraphs.bookings.payments.methods import Card, Pix
from subgraphs.bookings.service.errors import CouponRefused, PriceIsDifferent
from subgraphs.bookings.tests.world import NIGHT_MINOR, World, envelope_of

TOTAL = 2 * NIGHT_MINOR
TENTH = TOTAL // 10
NOW = datetime(2030, 3, 1, 12, tzinfo=UTC)
RULES = DiscountRules(point_minor=1, max_points_percent=50, minimum_charge_minor=100)
OWNER = UUID(int=1)


def coupon(**changes: Any) -> Coupon:
    terms = {
        "id": UUID(int=9), "code": "DEZ10", "owner_id": None, "percent": 10, "amount_minor": None, "currency": None,
        "minimum_minor": 0, "valid_from": NOW, "valid_until": None, "max_uses": None, "max_uses_per_user": 1, "uses": 0,
        "is_active": True,
    }  # fmt: skip
    return Coupon(**{**terms, **changes})


@pytest.mark.parametrize(
    ("terms", "used", "reason"),
    [
        ({}, 0, None),
        ({"owner_id": OWNER}, 0, None),
        ({"owner_id": UUID(int=2)}, 0, "not_yours"),
        ({"valid_from": NOW + timedelta(seconds=1)}, 0, "not_yet_valid"),
        ({"valid_until": NOW}, 0, "expired"),
        ({"valid_until": NOW + timedelta(seconds=1)}, 0, None),
        ({"is_active": False}, 0, "expired"),
        ({"max_uses": 7, "uses": 6}, 0, None),
        ({"max_uses": 7, "uses": 7}, 0, "used_up"),
        ({}, 1, "used_up"),
        ({"max_uses_per_user": 2}, 1, None),
        ({"currency": "USD"}, 0, "wrong_currency"),
        ({"currency": "BRL", "minimum_minor": TOTAL}, 0, None),
        ({"currency": "BRL", "minimum_minor": TOTAL + 1}, 0, "minimum_not_reached"),
    ],
)
def test_when_a_coupon_counts(terms: dict[str, Any], used: int, reason: str | None) -> None:
    assert rejection(KnownCoupon(coupon(**terms), used), OWNER, TOTAL, "BRL", NOW) == reason


def test_a_coupon_of_ones_own_needs_to_know_who_asks() -> None:
    known = KnownCoupon(coupon(owner_id=OWNER), 0)
    assert rejection(known, None, TOTAL, "BRL", NOW) == "not_yours"
    assert rejection(KnownCoupon(coupon(), 0), None, TOTAL, "BRL", NOW) is None


def test_codes_are_read_as_people_write_them() -> None:
    assert normalised_code(" bem-vindo 10 ") == "BEMVINDO10"
    assert normalised_code("abc") is None
    assert normalised_code("ÁÇÃO") is None
    assert normalised_code("A" * 41) is None


def test_discounts_round_down_and_leave_something_to_pay() -> None:
    assert coupon_discount(999, percent=10, amount_minor=None, rules=RULES) == 99
    assert coupon_discount(TOTAL, percent=100, amount_minor=None, rules=RULES) == TOTAL - 100
    assert coupon_discount(TOTAL, percent=None, amount_minor=2 * TOTAL, rules=RULES) == TOTAL - 100
    assert coupon_discount(90, percent=50, amount_minor=None, rules=RULES) == 0
    assert most_points(1_001, "BRL", RULES) == 500
    assert most_points(150, "BRL", RULES) == 50
    assert most_points(99, "BRL", RULES) == 0
    assert most_points(TOTAL, "USD", RULES) == 0
    assert most_points(1_001, "BRL", DiscountRules(point_minor=3, max_points_percent=50, minimum_charge_minor=1)) == 166


@given(
    rooms=st.integers(1, 10_000_000),
    percent=st.one_of(st.none(), st.integers(1, 100)),
    amount=st.integers(1, 10_000_000),
    point_minor=st.integers(1, 10),
    share=st.integers(0, 100),
)
def test_whatever_the_discounts_something_is_left_to_pay(
    rooms: int, percent: int | None, amount: int, point_minor: int, share: int
) -> None:
    rules = DiscountRules(point_minor=point_minor, max_points_percent=share, minimum_charge_minor=100)
    off = coupon_discount(rooms, percent=percent, amount_minor=None if percent else amount, rules=rules)
    points = most_points(rooms - off, "BRL", rules)
    price = Price(rooms_minor=rooms, currency="BRL", coupon_minor=off, points=points, points_minor=points * point_minor)
    assert off >= 0
    assert points >= 0
    assert min(rooms, 100) <= price.total_minor <= rooms
    assert price.points_minor * 100 <= (rooms - off) * share


async def test_a_coupon_takes_off_what_it_says_and_is_used(world: World) -> None:
    await world.coupon()
    traveler = new_id()
    booking_id = await world.sell(coupon="dez-10", off=TENTH, user_id=traveler)
    terms = (await world.booking(booking_id)).terms
    assert (terms.rooms_minor, terms.coupon_code, terms.coupon_minor) == (TOTAL, "DEZ10", TENTH)
    assert await world.payment_state(booking_id) == ("CAPTURED", TOTAL - TENTH, 0)
    assert await world.uses() == (1, 1)
    with pytest.raises(CouponRefused) as refused:
        await world.book(coupon="DEZ10", off=TENTH, user_id=traveler)
    assert refused.value.reason == "used_up"
    await world.book(coupon="DEZ10", off=TENTH)  # another traveler still can
    assert await world.uses() == (2, 2)


async def test_a_coupon_and_the_price_that_it_makes_must_be_what_the_traveler_expects(world: World) -> None:
    await world.coupon()
    with pytest.raises(PriceIsDifferent) as different:
        await world.book(coupon="DEZ10", off=TENTH + 1)
    assert different.value.price is not None
    assert different.value.price.total_minor == TOTAL - TENTH
    assert await world.uses() == (0, 0)


async def _outcomes(bookings: list[Coroutine[Any, Any, UUID]]) -> tuple[int, list[str]]:
    """How many came about, and why the others did not."""
    done = await asyncio.gather(*bookings, return_exceptions=True)
    refused = [outcome for outcome in done if isinstance(outcome, BaseException)]
    for outcome in refused:
        assert isinstance(outcome, CouponRefused), outcome
    return len(done) - len(refused), [outcome.reason for outcome in refused if isinstance(outcome, CouponRefused)]


async def test_of_50_travelers_7_have_the_last_7_uses(world: World) -> None:
    await world.coupon(max_uses=7)
    seats = asyncio.Semaphore(12)  # as many connections as a busy machine opens in time

    async def book() -> UUID:
        async with seats:
            return await world.book(coupon="DEZ10", off=TENTH)

    won, reasons = await _outcomes([book() for _ in range(50)])
    assert (won, reasons) == (7, ["used_up"] * 43)
    assert await world.uses() == (7, 7)
    for table in ("booking_list", "payments", "sagas", "idempotency_keys"):
        assert await world.value(f"SELECT count(*) FROM {table}") == 7  # names of ours
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'command.hotels.hold_inventory'") == 7


async def test_without_the_guard_everybody_who_looked_in_time_would_have_a_use(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.coupon(max_uses=3)
    rivals = 8
    all_have_looked = asyncio.Barrier(rivals)

    async def look_then_take(session: WriteSession, coupon_id: UUID, now: datetime) -> bool:
        found = (await session.scalars(select(Coupon).where(Coupon.id == coupon_id))).one()
        await all_have_looked.wait()
        if found.max_uses is not None and found.uses >= found.max_uses:
            return False
        await session.execute(update(Coupon).where(Coupon.id == coupon_id).values(uses=found.uses + 1))
        return True

    monkeypatch.setattr(repository, "take_use", look_then_take)
    won, _ = await _outcomes([world.book(coupon="DEZ10", off=TENTH) for _ in range(rivals)])
    assert won == rivals  # 8 discounts of 3
    assert await world.uses() == (1, rivals)


async def test_a_traveler_who_books_twice_at_once_has_one_discount(world: World) -> None:
    await world.coupon()
    traveler = new_id()
    won, reasons = await _outcomes([world.book(coupon="DEZ10", off=TENTH, user_id=traveler) for _ in range(8)])
    assert (won, reasons) == (1, ["used_up"] * 7)
    assert await world.uses() == (1, 1)


async def test_the_same_key_at_once_finds_its_booking_although_the_coupon_is_used_up(world: World) -> None:
    await world.coupon(max_uses=1)
    traveler, room_type = new_id(), uuid4()
    same = {"coupon": "DEZ10", "off": TENTH, "user_id": traveler, "room_type_id": room_type, "key": "the same"}
    answers = await asyncio.gather(*(world.book(**same) for _ in range(10)))
    assert len(set(answers)) == 1
    assert await world.book(**same) == answers[0]
    assert await world.uses() == (1, 1)


async def test_a_traveler_has_as_many_uses_as_the_coupon_says_and_those_that_came_back(world: World) -> None:
    await world.coupon(max_uses_per_user=2)
    traveler = new_id()
    first = await world.book(coupon="DEZ10", off=TENTH, user_id=traveler)
    await world.book(coupon="DEZ10", off=TENTH, user_id=traveler)
    await world.cancel(first)
    await world.book(coupon="DEZ10", off=TENTH, user_id=traveler)
    with pytest.raises(CouponRefused):
        await world.book(coupon="DEZ10", off=TENTH, user_id=traveler)
    assert await world.uses() == (2, 2)


async def test_a_booking_that_comes_to_nothing_gives_its_use_back_once(world: World) -> None:
    await world.coupon(max_uses=1)
    declined = await world.sell(coupon="DEZ10", off=TENTH, method=Card("tok_decline_insufficient_funds"))
    assert (await world.booking(declined)).state is BookingState.FAILED
    assert await world.uses() == (0, 0)
    world.inventory.refuse[i.HoldInventory] = "sold_out"
    await world.sell(coupon="DEZ10", off=TENTH)
    assert await world.uses() == (0, 0)
    world.inventory.refuse.clear()
    unpaid = await world.sell(coupon="DEZ10", off=TENTH, method=Pix())
    assert await world.uses() == (1, 1)
    world.offset = timedelta(minutes=16)
    await world.run()
    assert (await world.booking(unpaid)).state is BookingState.EXPIRED
    assert await world.uses() == (0, 0)
    async with world.database.transaction() as session:
        await repository.give_back(session, unpaid, world.clock())
    assert await world.uses() == (0, 0)
    await world.sell(coupon="DEZ10", off=TENTH)
    assert await world.uses() == (1, 1)


async def test_a_coupon_that_is_withdrawn_while_it_is_being_used_is_refused(world: World) -> None:
    known = await world.coupon()
    async with world.database.transaction() as session:
        await desk.deactivate(session, known.id)
    with pytest.raises(CouponRefused) as refused:
        async with world.database.transaction() as session:
            await desk.redeem(session, known, booking_id=new_id(), user_id=new_id(), now=world.clock())
    assert refused.value.reason == "expired"
    assert await world.uses() == (0, 0)


async def test_the_database_itself_refuses_what_cannot_be(world: World) -> None:
    await world.coupon(max_uses=2)
    await world.book(coupon="DEZ10", off=TENTH)
    twice = """
        INSERT INTO coupon_redemptions (booking_id, coupon_id, user_id, slot, redeemed_at)
        SELECT gen_random_uuid(), coupon_id, user_id, slot, redeemed_at FROM coupon_redemptions
    """
    for change in ("uses = 3", "uses = -1", "percent = NULL", "amount_minor = 5", "percent = 101"):
        with pytest.raises(IntegrityError):
            await world.execute(f"UPDATE coupons SET {change}")  # one of those above
    with pytest.raises(IntegrityError, match="uq_coupon_redemptions_slot"):
        await world.execute(twice)


def granted(user_id: UUID, **changes: Any) -> CouponGranted:
    terms = {
        "coupon_id": new_id(), "code": "PREMIO42", "user_id": user_id, "percent": None, "amount_minor": 5_000,
        "currency": "BRL", "minimum_minor": 10_000, "valid_until": datetime.now(UTC) + timedelta(days=30),
    }  # fmt: skip
    return CouponGranted(**{**terms, **changes})


async def _arrives(world: World, event: CouponGranted) -> None:
    async with world.database.transaction() as session:
        await coupon_handlers(world.clock)[event.type](session, envelope_of(event.type, event.user_id, event))


async def test_a_coupon_that_gamification_grants_is_the_travelers_alone_and_counts_once(world: World) -> None:
    traveler = new_id()
    event = granted(traveler)
    for _ in range(2):
        await _arrives(world, event)
    with pytest.raises(CouponRefused) as refused:
        await world.book(coupon="PREMIO42", off=5_000)
    assert refused.value.reason == "not_yours"
    await world.book(coupon="PREMIO42", off=5_000, user_id=traveler)
    await _arrives(world, event)  # again and late: the use stays used
    with pytest.raises(CouponRefused) as refused:
        await world.book(coupon="PREMIO42", off=5_000, user_id=traveler)
    assert refused.value.reason == "used_up"
    assert await world.uses("PREMIO42") == (1, 1)


async def test_a_grant_that_cannot_be_honoured_is_a_dead_letter(world: World) -> None:
    await world.coupon()
    wrong: list[dict[str, Any]] = [
        {"code": "DEZ10"}, {"code": "!"}, {"percent": 10}, {"percent": 101, "amount_minor": None},
    ]  # fmt: skip
    for changes in wrong:
        with pytest.raises(Reject):
            await _arrives(world, granted(new_id(), **changes))
    assert await world.value("SELECT count(*) FROM coupons") == 1
