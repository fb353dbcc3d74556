"""Stripe's own library against a stand-in of Stripe's API on this machine, which checks what it is sent."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
import stripe
from aiohttp import web
from pydantic import SecretStr

from shared.db import new_id
from subgraphs.bookings.payments.assembly import build_payments
from subgraphs.bookings.payments.methods import Boleto, Card, Pix
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
from subgraphs.bookings.payments.provider import InvalidWebhook, ProviderUnavailable
from subgraphs.bookings.payments.providers import MethodUnavailable
from subgraphs.bookings.payments.settings import PaymentsSettings

KEY = "sk_test_stand_in"
WEBHOOK_SECRET = "whsec_stand_in"
FEE = 4_29


@dataclass
class Call:
    """What the library sent."""

    path: str
    form: dict[str, str]
    key: str | None


@dataclass
class StandIn:
    """As much of Stripe's PaymentIntents as we use, with its rules about idempotency keys."""

    calls: list[Call] = field(default_factory=list)
    intents: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[str, dict[str, str], int, Any]] = field(default_factory=dict)
    lose_answer_to: str | None = None
    address: str = ""

    def paths(self) -> list[str]:
        """Paths of the calls without ids."""
        return ["/".join("ID" if part.startswith("pi_") else part for part in c.path.split("/")) for c in self.calls]

    async def handle(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"type": "invalid_request_error", "message": "No such key"}}, status=401)
        form = {name: str(value) for name, value in (await request.post()).items()}
        key = request.headers.get("Idempotency-Key")
        self.calls.append(Call(request.path, form, key))
        if request.method == "POST" and key is None:
            return web.json_response({"error": {"type": "api_error", "message": "no key"}}, status=500)
        if key in self.answers:
            path, first_form, status, body = self.answers[key]
            if (path, first_form) != (request.path, form):
                error = {"type": "idempotency_error", "message": "Keys for idempotent requests..."}
                return web.json_response({"error": error}, status=400)
            return web.json_response(body, status=status, headers={"Idempotent-Replayed": "true"})
        status, body = self._answer(request.method, request.path.removeprefix("/v1/"), form)
        body = json.loads(json.dumps(body))
        if key is not None:
            self.answers[key] = (request.path, form, status, body)
        if self.lose_answer_to is not None and request.path.endswith(self.lose_answer_to):
            self.lose_answer_to = None
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(body, status=status)

    def _answer(self, method: str, path: str, form: dict[str, str]) -> tuple[int, Any]:
        match method, path.split("/"):
            case "POST", ["payment_intents"]:
                return self._create(form)
            case "GET", ["payment_intents", id_]:
                return 200, self.intents[id_]
            case "POST", ["payment_intents", id_, "confirm"]:
                return self._confirm(self.intents[id_])
            case "POST", ["payment_intents", id_, "capture"]:
                return self._move(self.intents[id_], {"requires_capture"}, "succeeded")
            case "POST", ["payment_intents", id_, "cancel"]:
                return self._move(
                    self.intents[id_], {"requires_confirmation", "requires_capture", "requires_action"}, "canceled"
                )
            case "POST", ["refunds"]:
                return self._refund(form)
            case _:
                return 404, {"error": {"type": "invalid_request_error", "message": path}}

    def _create(self, form: dict[str, str]) -> tuple[int, Any]:
        if "payment_method_types[0]" in form:  # gone since API version 2026-09-30
            return _invalid("payment_method_types_no_longer_supported")
        if form.get("payment_method") == "pm_unknown":
            return _invalid("resource_missing")
        id_ = f"pi_{len(self.intents) + 1}"
        self.intents[id_] = {
            "id": id_,
            "object": "payment_intent",
            "created": int(time.time()),
            "amount": int(form["amount"]),
            "currency": form["currency"],
            "status": "requires_confirmation",
            "metadata": {"payment_id": form["metadata[payment_id]"], "booking_id": form["metadata[booking_id]"]},
            "payment_method": form.get("payment_method", "pm_pix"),
            "last_payment_error": None,
            "next_action": None,
            "latest_charge": None,
        }
        return 200, self.intents[id_]

    def _confirm(self, intent: dict[str, Any]) -> tuple[int, Any]:
        match intent["payment_method"]:
            case "pm_declined":
                error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds"}
                intent |= {"status": "requires_payment_method", "last_payment_error": error}
                return 402, {"error": {**error, "message": "Declined", "payment_intent": intent}}
            case "pm_3ds":
                action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/3ds"}}
                intent |= {"status": "requires_action", "next_action": action}
            case "pm_pix":
                code = {"data": "0002...", "expires_at": int(time.time()) + 900}
                intent |= {
                    "status": "requires_action",
                    "next_action": {"type": "pix_display_qr_code", "pix_display_qr_code": code},
                }
            case "pm_processing":
                intent["status"] = "processing"
            case _:
                intent["status"] = "requires_capture"
        return 200, intent

    def _move(self, intent: dict[str, Any], allowed: set[str], to: str) -> tuple[int, Any]:
        if intent["status"] not in allowed:
            return _invalid("payment_intent_unexpected_state")
        intent["status"] = to
        if to == "succeeded":
            self.pay(intent["id"])
        return 200, intent

    def pay(self, id_: str) -> None:
        """The money moves."""
        transaction = {"id": "txn_1", "object": "balance_transaction", "fee": FEE}
        charge = {"id": "ch_1", "object": "charge", "balance_transaction": transaction, "refunded_minor": 0}
        self.intents[id_] |= {"status": "succeeded", "next_action": None, "latest_charge": charge}

    def _refund(self, form: dict[str, str]) -> tuple[int, Any]:
        intent = self.intents[form["payment_intent"]]
        charge, amount = intent["latest_charge"], int(form["amount"])
        if charge["refunded_minor"] + amount > intent["amount"]:
            return _invalid("charge_already_refunded")
        charge["refunded_minor"] += amount
        return 200, {"id": f"re_{new_id().hex}", "object": "refund", "status": "succeeded", "amount": amount}


def _invalid(code: str) -> tuple[int, Any]:
    return 400, {"error": {"type": "invalid_request_error", "code": code, "message": code}}


@pytest_asyncio.fixture(loop_scope="session")
async def api() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stand_in.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    stand_in.address = f"http://{host}:{port}"
    yield stand_in
    await runner.cleanup()


@pytest_asyncio.fixture(loop_scope="session")
async def stripe_till(till: Any, platform: Any, api: StandIn) -> AsyncIterator[Any]:
    settings = PaymentsSettings(
        stripe_key=SecretStr(KEY),
        stripe_webhook_secret=SecretStr(WEBHOOK_SECRET),
        stripe_api_base=api.address,
        provider_timeout_seconds=5,
    )
    parts = build_payments(platform, till.database, settings=settings, clock=till.clock)
    yield type(till)(parts, till.database, till.clock)
    await parts.close()


def webhook(type_: str, intent: dict[str, Any], *, at: float | None = None, secret: str = WEBHOOK_SECRET) -> Any:
    """Headers and body, signed by Stripe's own library."""
    body = json.dumps(
        {
            "id": f"evt_{new_id().hex}",
            "object": "event",
            "type": type_,
            "created": int(time.time()),
            # Webhooks carry the charge's id, not the charge.
            "data": {"object": {**intent, "latest_charge": "ch_1"}},
        }
    )
    header = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=int(at or time.time()))
    return {"stripe-signature": header}, body.encode()


async def test_a_card_is_authorized_and_captured_with_keys_of_ours(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_card_visa", installments=3), amount=250_00)
    payment = await stripe_till.payment(payment_id)
    assert payment.provider == "stripe"
    assert await stripe_till.payments.authorize(payment_id) == Authorized()
    assert await stripe_till.payments.capture(payment_id) == Captured()
    assert api.paths() == [
        "/v1/payment_intents",
        "/v1/payment_intents/ID/confirm",
        "/v1/payment_intents/ID/capture",
    ]
    create, confirm, capture = api.calls
    assert create.form == {
        "amount": "25000",
        "currency": "brl",
        "metadata[payment_id]": str(payment_id),
        "metadata[booking_id]": str(payment.booking_id),
        "capture_method": "manual",
        "allowed_payment_method_types[0]": "card",
        "payment_method": "pm_card_visa",
        "payment_method_options[card][installments][enabled]": "true",
    }
    plan = "payment_method_options[card][installments][plan]"
    assert confirm.form[f"{plan}[count]"] == "3"
    assert confirm.form["return_url"].startswith("http")
    assert [call.key for call in (create, confirm, capture)] == [
        f"{payment_id}:authorize",
        f"{payment_id}:confirm",
        f"{payment_id}:capture",
    ]
    assert (await stripe_till.balance())["PROVIDER_FEES"] == FEE
    assert await stripe_till.books_are_right()


@pytest.mark.parametrize("lost", ["payment_intents", "confirm"])
async def test_a_lost_answer_is_found_with_the_same_key(stripe_till: Any, api: StandIn, lost: str) -> None:
    payment_id = await stripe_till.open(Card("pm_card_visa"))
    api.lose_answer_to = lost
    with pytest.raises(ProviderUnavailable):
        await stripe_till.payments.authorize(payment_id)
    assert await stripe_till.payments.authorize(payment_id) == Authorized()
    assert len(api.intents) == 1


@pytest.mark.parametrize("lost", ["payment_intents", "confirm"])
async def test_a_payment_whose_answer_got_lost_can_be_voided(stripe_till: Any, api: StandIn, lost: str) -> None:
    payment_id = await stripe_till.open(Card("pm_card_visa"))
    api.lose_answer_to = lost
    with pytest.raises(ProviderUnavailable):
        await stripe_till.payments.authorize(payment_id)
    assert await stripe_till.payments.void(payment_id) == Voided()
    assert [intent["status"] for intent in api.intents.values()] == ["canceled"]


async def test_a_void_before_the_authorization_keeps_it_from_happening(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_card_visa"))
    assert await stripe_till.payments.void(payment_id) == Voided()
    assert await stripe_till.payments.authorize(payment_id) == Failed("voided")
    assert [intent["status"] for intent in api.intents.values()] == ["canceled"]


async def test_a_declined_card_tells_why(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_declined"))
    assert await stripe_till.payments.authorize(payment_id) == Declined("insufficient_funds")
    assert (await stripe_till.payment(payment_id)).provider_reference == "pi_1"


async def test_a_card_that_stripe_does_not_know_fails(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_unknown"))
    assert await stripe_till.payments.authorize(payment_id) == Failed("resource_missing")


async def test_three_d_secure_is_finished_by_webhook(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_3ds"))
    outcome = await stripe_till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert outcome.data == {"url": "https://hooks.stripe.com/3ds"}
    api.intents["pi_1"] |= {"status": "requires_capture", "next_action": None}
    headers, body = webhook("payment_intent.amount_capturable_updated", api.intents["pi_1"])
    assert await stripe_till.webhooks.receive("stripe", headers, body) == "APPLIED"
    assert await stripe_till.webhooks.receive("stripe", headers, body) is None
    assert await stripe_till.event_types(payment_id) == ["payment.action_required", "payment.authorized"]


async def test_pix_is_paid_by_webhook_and_its_fee_learned_later(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Pix())
    outcome = await stripe_till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert outcome.kind == "pix"
    expires_at = (await stripe_till.payment(payment_id)).expires_at
    assert api.calls[0].form["payment_method_options[pix][expires_at]"] == str(int(expires_at.timestamp()))
    assert "return_url" not in api.calls[1].form
    api.pay("pi_1")
    headers, body = webhook("payment_intent.succeeded", api.intents["pi_1"])
    assert await stripe_till.webhooks.receive("stripe", headers, body) == "APPLIED"
    assert "PROVIDER_FEES" not in await stripe_till.balance()
    await stripe_till.payments.refresh(payment_id)
    assert (await stripe_till.balance())["PROVIDER_FEES"] == FEE
    assert await stripe_till.books_are_right()


async def test_an_undecided_payment_is_pending(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_processing"))
    assert await stripe_till.payments.authorize(payment_id) == Pending()
    assert await stripe_till.payments.void(payment_id) == Pending(), "Stripe does not cancel what it is processing"
    api.intents["pi_1"]["status"] = "requires_capture"
    stripe_till.clock.forward(seconds=31)
    assert await stripe_till.janitor.run_once() == 1
    assert (await stripe_till.payment(payment_id)).state == "VOIDED"
    assert api.intents["pi_1"]["status"] == "canceled"


async def test_refunds_carry_their_own_keys(stripe_till: Any, api: StandIn) -> None:
    payment_id, refund_id = await stripe_till.captured(100_00, "pm_card_visa"), new_id()
    for _ in range(2):
        assert await stripe_till.payments.refund(payment_id, refund_id=refund_id, amount_minor=30_00) == Refunded(30_00)
    refunds = [call for call in api.calls if call.path == "/v1/refunds"]
    assert [(call.key, call.form["amount"]) for call in refunds] == [(f"{refund_id}:refund", "3000")]
    assert await stripe_till.payments.void(payment_id) == Refunded(100_00)
    assert api.intents["pi_1"]["latest_charge"]["refunded_minor"] == 100_00
    assert await stripe_till.books_are_right()


async def test_fifty_captures_at_once_take_the_money_once(stripe_till: Any, api: StandIn) -> None:
    payment_id = await stripe_till.open(Card("pm_card_visa"))
    await stripe_till.payments.authorize(payment_id)
    outcomes = await asyncio.gather(*(stripe_till.payments.capture(payment_id) for _ in range(50)))
    assert set(outcomes) == {Captured()}
    assert await stripe_till.entries(payment_id) == ["AUTHORIZATION", "CAPTURE"]
    assert await stripe_till.books_are_right()


@pytest.mark.parametrize(
    "forged",
    [
        webhook("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"}, secret="whsec_other"),
        webhook("payment_intent.succeeded", {"id": "pi_1", "object": "payment_intent"}, at=time.time() - 86_400),
        ({}, b"{}"),
        ({"stripe-signature": "t=x"}, b"{}"),
        ({"stripe-signature": "t=1,v1=1"}, b"\xff"),
    ],
    ids=["another-secret", "a-day-old", "unsigned", "nonsense", "not-utf-8"],
)
async def test_a_webhook_that_is_not_stripes_is_refused(stripe_till: Any, forged: Any) -> None:
    with pytest.raises(InvalidWebhook):
        await stripe_till.webhooks.receive("stripe", *forged)


async def test_events_about_other_things_are_stored_and_left(stripe_till: Any) -> None:
    headers, body = webhook("customer.created", {"id": "cus_1", "object": "customer"})
    assert await stripe_till.webhooks.receive("stripe", headers, body) == "STALE"


async def test_a_key_that_stripe_refuses_is_our_problem_not_the_travelers(
    till: Any, platform: Any, api: StandIn
) -> None:
    settings = PaymentsSettings(stripe_key=SecretStr("sk_wrong"), stripe_api_base=api.address)
    parts = build_payments(platform, till.database, settings=settings)
    payment_id: UUID = await till.open(Card("pm_card_visa"), payments=parts.payments)
    with pytest.raises(ProviderUnavailable):
        await parts.payments.authorize(payment_id)
    await parts.close()


async def test_stripe_takes_no_boleto_and_production_has_no_sandbox(stripe_till: Any, platform: Any) -> None:
    with pytest.raises(MethodUnavailable):
        await stripe_till.open(Boleto())
    production = platform.model_copy(update={"environment": "production"})
    parts = build_payments(production, stripe_till.database, settings=PaymentsSettings())
    assert parts.sandbox is None
    assert parts.payments.providers.methods == frozenset()
