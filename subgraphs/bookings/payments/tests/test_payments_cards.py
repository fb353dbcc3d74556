"""Each card of the sandbox does what its table says, and the ledger follows."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from subgraphs.bookings.payments.methods import Boleto, Card, Pix, ThreeDSecure
from subgraphs.bookings.payments.outcomes import (
    ActionRequired,
    Authorized,
    Captured,
    Declined,
    Failed,
    Pending,
    Refunded,
    Voided,
)
from subgraphs.bookings.payments.provider import ProviderUnavailable
from subgraphs.bookings.payments.providers import MethodUnavailable
from subgraphs.bookings.payments.sandbox import provider as sandbox_provider
from subgraphs.bookings.payments.sandbox.cards import CARDS
from subgraphs.bookings.payments.service import ConflictingPayment


def hurried(till: Any) -> Any:
    """The same payments with little patience for a provider that does not answer."""
    payments = till.payments
    return replace(payments, settings=payments.settings.model_copy(update={"provider_timeout_seconds": 0.3}))


@pytest.fixture
def quick_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for an answer that never comes has waited long enough at once."""

    async def is_over() -> None:
        raise TimeoutError

    monkeypatch.setattr(sandbox_provider, "_silence", is_over)


async def test_an_approved_card_is_captured_and_its_money_shared_out(till: Any) -> None:
    payment_id = await till.open(Card("tok_approve", installments=3), amount=1000_00)
    assert await till.payments.authorize(payment_id) == Authorized()
    assert await till.balance() == {"TRAVELER_RECEIVABLE": 1000_00, "AUTHORIZED_FUNDS": -1000_00}
    assert await till.payments.capture(payment_id) == Captured()
    assert await till.entries(payment_id) == ["AUTHORIZATION", "CAPTURE"]
    assert await till.balance() == {
        "PROVIDER_CLEARING": 1000_00 - 29_90,
        "PROVIDER_FEES": 29_90,
        "HOTEL_PAYABLE": -850_00,
        "PLATFORM_REVENUE": -150_00,
    }
    assert await till.event_types(payment_id) == ["payment.authorized", "payment.captured"]
    assert await till.books_are_right()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("tok_decline_insufficient_funds", "insufficient_funds"),
        ("tok_decline_stolen", "stolen_card"),
        ("tok_decline_expired", "expired_card"),
    ],
)
async def test_a_declined_card_moves_no_money(till: Any, token: str, reason: str) -> None:
    payment_id = await till.open(Card(token))
    assert await till.payments.authorize(payment_id) == Declined(reason)
    assert await till.payments.authorize(payment_id) == Declined(reason)
    assert await till.payments.capture(payment_id) == Failed(reason)
    assert await till.entries(payment_id) == []
    [(type_, event)] = await till.events(payment_id)
    assert (type_, event.state, event.reason) == ("payment.failed", "DECLINED", reason)


async def test_an_unknown_card_fails(till: Any) -> None:
    assert await till.payments.authorize(await till.open(Card("4111111111111111"))) == Failed("unknown_card")


@pytest.mark.parametrize(
    ("token", "types", "state"),
    [
        ("tok_3ds_approve", ["payment.action_required", "payment.authorized"], "AUTHORIZED"),
        ("tok_3ds_fail", ["payment.action_required", "payment.failed"], "FAILED"),
    ],
)
async def test_three_d_secure_ends_as_the_card_says(till: Any, token: str, types: list[str], state: str) -> None:
    payment_id = await till.open(Card(token))
    outcome = await till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert isinstance(outcome.action, ThreeDSecure)
    assert outcome.kind == "three_d_secure"
    assert outcome.data["url"].startswith("http://127.0.0.1:3003/sandbox/payments/")
    assert await till.payments.authorize(payment_id) == outcome, "asked again, the same page"
    await till.sandbox.act(outcome.data["url"].rpartition("/")[2])
    assert await till.courier.run_once() == 1
    assert (await till.payment(payment_id)).state == state
    assert await till.event_types(payment_id) == types
    assert await till.books_are_right()


@pytest.mark.usefixtures("quick_silence")
async def test_an_answer_that_never_comes_is_found_by_calling_again(till: Any) -> None:
    payment_id = await till.open(Card("tok_timeout_authorized"))
    with pytest.raises(ProviderUnavailable):
        await till.payments.authorize(payment_id)
    assert (await till.payment(payment_id)).state == "PENDING"
    assert (await till.charge(payment_id)).state == "AUTHORIZED"
    assert await till.payments.authorize(payment_id) == Authorized()
    till.clock.forward(seconds=10)
    assert await till.courier.run_once() == 1, "the webhook comes all the same"
    assert await till.entries(payment_id) == ["AUTHORIZATION"]


@pytest.mark.usefixtures("quick_silence")
async def test_an_answer_that_never_comes_is_told_by_webhook(till: Any) -> None:
    payment_id = await till.open(Card("tok_timeout_authorized"))
    with pytest.raises(ProviderUnavailable):
        await till.payments.authorize(payment_id)
    till.clock.forward(seconds=10)
    assert await till.courier.run_once() == 1
    assert await till.payments.authorize(payment_id) == Authorized()
    assert await till.event_types(payment_id) == ["payment.authorized"]


async def test_calls_that_get_lost_leave_nothing_behind(till: Any) -> None:
    payment_id = await till.open(Card("tok_timeout_lost"))
    payments = hurried(till)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await payments.authorize(payment_id)
    assert await till.payments.void(payment_id) == Voided()
    assert await till.entries(payment_id) == []
    assert (await till.payment(payment_id)).next_check_at is None


async def test_a_broken_connection_is_mended_by_the_next_call(till: Any) -> None:
    payment_id = await till.open(Card("tok_network_error"))
    with pytest.raises(ProviderUnavailable):
        await till.payments.authorize(payment_id)
    assert await till.payments.authorize(payment_id) == Authorized()
    assert await till.payments.capture(payment_id) == Captured()
    assert await till.books_are_right()


async def test_two_late_approvals_authorize_once(till: Any) -> None:
    payment_id = await till.open(Card("tok_late"))
    assert await till.payments.authorize(payment_id) == Pending()
    assert await till.courier.run_once() == 0
    till.clock.forward(seconds=6)
    assert await till.courier.run_once() == 2
    assert await till.event_types(payment_id) == ["payment.authorized"]
    assert await till.entries(payment_id) == ["AUTHORIZATION"]
    outcomes = await till.query(
        "SELECT outcome FROM webhook_deliveries WHERE payment_id = :id ORDER BY outcome", id=payment_id
    )
    assert [outcome for (outcome,) in outcomes] == ["APPLIED", "STALE"]
    assert await till.payments.authorize(payment_id) == Authorized()


async def test_a_late_approval_of_a_payment_given_up_is_voided(till: Any) -> None:
    payment_id = await till.open(Card("tok_late"))
    await till.payments.authorize(payment_id)
    assert await till.payments.void(payment_id) == Pending(), "undecided payments cannot be given up yet"
    till.clock.forward(seconds=6)
    await till.courier.run_once()
    [(type_, event)] = await till.events(payment_id)
    assert (type_, event.unwanted) == ("payment.authorized", True)
    assert await till.payments.capture(payment_id) == Failed("voided")
    assert await till.janitor.run_once() == 1
    assert (await till.payment(payment_id)).state == "VOIDED"
    assert (await till.charge(payment_id)).state == "VOIDED"
    assert await till.balance() == {}


async def test_an_authorization_that_the_bank_let_go_is_undone(till: Any) -> None:
    payment_id = await till.open(Card("tok_capture_refused"))
    await till.payments.authorize(payment_id)
    assert await till.payments.capture(payment_id) == Failed("authorization_lost")
    assert await till.payments.capture(payment_id) == Failed("authorization_lost")
    assert await till.entries(payment_id) == ["AUTHORIZATION", "VOID"]
    assert await till.balance() == {}
    assert await till.books_are_right()


async def test_a_void_releases_what_was_reserved(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    assert await till.payments.void(payment_id) == Voided()
    assert await till.payments.void(payment_id) == Voided()
    assert await till.payments.capture(payment_id) == Failed("voided")
    assert await till.payments.authorize(payment_id) == Failed("voided")
    assert await till.balance() == {}
    assert await till.event_types(payment_id) == ["payment.authorized", "payment.voided"]


async def test_a_void_before_the_authorization_keeps_it_from_ever_happening(till: Any) -> None:
    payment_id = await till.open()
    assert await till.payments.void(payment_id) == Voided()
    assert await till.payments.authorize(payment_id) == Failed("voided")
    assert (await till.charge(payment_id)).state == "VOIDED"


async def test_a_void_of_captured_money_gives_the_rest_back(till: Any) -> None:
    payment_id = await till.captured(100_00)
    refund_id = (await till.payment(await till.open())).id
    assert await till.payments.refund(payment_id, refund_id=refund_id, amount_minor=30_00) == Refunded(30_00)
    assert await till.payments.void(payment_id) == Refunded(100_00)
    assert await till.payments.void(payment_id) == Refunded(100_00)
    assert (await till.charge(payment_id)).refunded_minor == 100_00
    assert await till.balance() == {"PROVIDER_FEES": 2_99, "PROVIDER_CLEARING": -2_99}, "fees are not given back"
    assert await till.books_are_right()


async def test_void_and_capture_at_once_end_with_nothing_taken(till: Any) -> None:
    for _ in range(8):
        payment_id = await till.open()
        await till.payments.authorize(payment_id)
        await asyncio.gather(till.payments.capture(payment_id), till.payments.void(payment_id))
        payment, charge = await till.payment(payment_id), await till.charge(payment_id)
        assert payment.captured_minor - payment.refunded_minor == 0
        assert charge.state == "VOIDED" or charge.refunded_minor == charge.amount_minor
    assert await till.books_are_right()


@pytest.mark.parametrize("installments", [0, 13])
async def test_cards_have_one_to_twelve_instalments(till: Any, installments: int) -> None:
    with pytest.raises(MethodUnavailable):
        await till.open(Card("tok_approve", installments))


@pytest.mark.parametrize("method", [Pix(), Boleto()])
async def test_brazilian_methods_pay_only_in_reais(till: Any, method: Any) -> None:
    with pytest.raises(MethodUnavailable):
        await till.open(method, currency="USD")


async def test_opening_again_changes_nothing_and_another_payment_is_refused(till: Any) -> None:
    payment_id = await till.open()
    first = await till.payment(payment_id)
    same = {
        "payment_id": payment_id,
        "booking_id": first.booking_id,
        "amount_minor": first.amount_minor,
        "currency": "BRL",
        "method": Card("tok_approve"),
        "expires_at": None,
    }
    async with till.database.transaction() as session:
        assert (await till.payments.open(session, **same)).expires_at == first.expires_at
    async with till.database.transaction() as session:
        with pytest.raises(ConflictingPayment):
            await till.payments.open(session, **{**same, "amount_minor": 1})


def test_the_documented_cards_are_the_cards() -> None:
    from subgraphs.bookings.payments.sandbox import cards

    assert cards.__doc__ is not None
    documented = {line.split("``")[1] for line in cards.__doc__.splitlines() if line.startswith("| ``")}
    assert documented == set(CARDS)
