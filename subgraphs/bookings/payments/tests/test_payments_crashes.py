"""Whoever dies around a call to the provider, and however many call at once: the money moves once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.db import new_id
from subgraphs.bookings.payments.methods import Card
from subgraphs.bookings.payments.outcomes import Authorized, Captured, Failed, Refunded, Voided
from subgraphs.bookings.payments.service import ConflictingPayment, UnknownPayment


class Crash(Exception):
    """The process ends here."""


def crashing(till: Any, at: str) -> Any:
    """Payments that die once the provider has carried out ``at``, before anything is recorded."""

    async def die(call: str) -> None:
        if call == at:
            raise Crash

    return till.over_wire(die)


async def test_a_crash_after_the_authorization_is_repaired_by_calling_again(till: Any) -> None:
    payment_id = await till.open()
    with pytest.raises(Crash):
        await crashing(till, "authorize").authorize(payment_id)
    assert (await till.charge(payment_id)).state == "AUTHORIZED"
    assert await till.payments.authorize(payment_id) == Authorized()
    assert await till.entries(payment_id) == ["AUTHORIZATION"]


async def test_a_crash_after_the_capture_is_repaired_by_calling_again(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    with pytest.raises(Crash):
        await crashing(till, "capture").capture(payment_id)
    assert (await till.payment(payment_id)).state == "AUTHORIZED"
    assert await till.payments.capture(payment_id) == Captured()
    assert await till.entries(payment_id) == ["AUTHORIZATION", "CAPTURE"]
    assert await till.event_types(payment_id) == ["payment.authorized", "payment.captured"]


async def test_a_crash_after_the_void_is_repaired_by_the_janitor(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    with pytest.raises(Crash):
        await crashing(till, "void").void(payment_id)
    assert (await till.payment(payment_id)).state == "AUTHORIZED"
    assert await till.janitor.run_once() == 0, "somebody may still be at it"
    till.clock.forward(seconds=31)
    assert await till.janitor.run_once() == 1
    assert (await till.payment(payment_id)).state == "VOIDED"
    assert await till.balance() == {}


async def test_a_crash_after_the_refund_is_repaired_by_calling_again(till: Any) -> None:
    payment_id, refund_id = await till.captured(), new_id()
    with pytest.raises(Crash):
        await crashing(till, "refund").refund(payment_id, refund_id=refund_id, amount_minor=40_00)
    assert (await till.payment(payment_id)).refunded_minor == 40_00, "set aside before the provider was asked"
    assert await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=40_00) == Refunded(40_00)
    assert (await till.charge(payment_id)).refunded_minor == 40_00
    assert (await till.payment(payment_id)).refunded_minor == 40_00
    assert await till.books_are_right()


async def test_a_refund_that_nobody_repeats_is_finished_by_the_janitor(till: Any) -> None:
    payment_id, refund_id = await till.captured(), new_id()
    with pytest.raises(Crash):
        await crashing(till, "refund").refund(payment_id, refund_id=refund_id, amount_minor=40_00)
    till.clock.forward(seconds=31)
    assert await till.janitor.run_once() == 1
    assert await till.event_types(payment_id) == ["payment.authorized", "payment.captured", "payment.refunded"]
    assert (await till.payment(payment_id)).next_check_at is None
    assert await till.books_are_right()


async def test_fifty_authorizations_at_once_reserve_once(till: Any) -> None:
    payment_id = await till.open()
    outcomes = await asyncio.gather(*(till.payments.authorize(payment_id) for _ in range(50)))
    assert set(outcomes) == {Authorized()}
    assert await till.entries(payment_id) == ["AUTHORIZATION"]


async def test_fifty_captures_at_once_take_the_money_once(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    outcomes = await asyncio.gather(*(till.payments.capture(payment_id) for _ in range(50)))
    assert set(outcomes) == {Captured()}
    assert await till.entries(payment_id) == ["AUTHORIZATION", "CAPTURE"]
    assert (await till.balance())["HOTEL_PAYABLE"] == -85_00
    assert await till.event_types(payment_id) == ["payment.authorized", "payment.captured"]
    assert await till.books_are_right()


async def test_fifty_voids_of_captured_money_give_it_back_once(till: Any) -> None:
    payment_id = await till.captured()
    outcomes = await asyncio.gather(*(till.payments.void(payment_id) for _ in range(50)))
    assert set(outcomes) == {Refunded(100_00)}
    assert (await till.charge(payment_id)).refunded_minor == 100_00
    assert (await till.entries(payment_id)).count("REFUND") == 1
    assert await till.books_are_right()


async def test_more_than_was_captured_is_never_refunded(till: Any) -> None:
    payment_id = await till.captured(100_00)
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=100_01) == Failed("exceeds_captured")
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=0) == Failed("not_positive")
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=60_00) == Refunded(60_00)
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=60_00) == Failed("exceeds_captured")
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=40_00) == Refunded(40_00)
    assert await till.books_are_right()


async def test_partial_refunds_at_once_never_exceed_what_was_captured(till: Any) -> None:
    payment_id = await till.captured(100_00)
    outcomes = await asyncio.gather(
        *(till.payments.refund(payment_id, refund_id=new_id(), amount_minor=7_00) for _ in range(40))
    )
    assert outcomes.count(Refunded(7_00)) == 14
    assert outcomes.count(Failed("exceeds_captured")) == 26
    assert (await till.payment(payment_id)).refunded_minor == 98_00
    assert (await till.charge(payment_id)).refunded_minor == 98_00
    assert await till.books_are_right()


async def test_one_refund_asked_for_at_once_by_many_is_made_once(till: Any) -> None:
    payment_id, refund_id = await till.captured(100_00), new_id()
    outcomes = await asyncio.gather(
        *(till.payments.refund(payment_id, refund_id=refund_id, amount_minor=7_00) for _ in range(30))
    )
    assert set(outcomes) == {Refunded(7_00)}
    assert (await till.payment(payment_id)).refunded_minor == 7_00
    assert (await till.entries(payment_id)).count("REFUND") == 1


async def test_a_refund_that_the_provider_refuses_can_be_made_otherwise(till: Any) -> None:
    payment_id, refund_id = await till.captured(100_00, "tok_refund_refused"), new_id()
    assert await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=50_00) == Failed("card_closed")
    assert await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=50_00) == Failed("card_closed")
    assert (await till.payment(payment_id)).refunded_minor == 0, "what was set aside is free again"
    assert await till.books_are_right()


async def test_an_id_of_a_refund_stands_for_one_refund(till: Any) -> None:
    payment_id, refund_id = await till.captured(), new_id()
    await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=1_00)
    with pytest.raises(ConflictingPayment):
        await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=2_00)


async def test_what_was_not_captured_is_not_refunded(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    assert await till.payments.refund(payment_id, refund_id=new_id(), amount_minor=1) == Failed("not_captured")


async def test_an_unknown_payment_is_an_error(till: Any) -> None:
    for use_case in (till.payments.authorize, till.payments.capture, till.payments.void, till.payments.refresh):
        with pytest.raises(UnknownPayment):
            await use_case(new_id())


async def test_authorization_and_void_at_once_leave_nothing_reserved(till: Any) -> None:
    for _ in range(8):
        payment_id = await till.open(Card("tok_approve"))
        _, voided = await asyncio.gather(till.payments.authorize(payment_id), till.payments.void(payment_id))
        assert voided == Voided()
        assert (await till.charge(payment_id)).state == "VOIDED"
        assert (await till.payment(payment_id)).state == "VOIDED"
    assert await till.balance() == {}
