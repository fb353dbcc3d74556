"""Webhooks: repeated, overtaken, forged, replayed a day later. PIX and boleto, which live on them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from shared.db import new_id
from subgraphs.bookings.payments import boleto, br_code
from subgraphs.bookings.payments.methods import Boleto, BoletoSlip, Card, Pix, PixCode
from subgraphs.bookings.payments.outcomes import ActionRequired, Captured, Refunded, Voided
from subgraphs.bookings.payments.provider import InvalidWebhook
from subgraphs.bookings.payments.sandbox import signing
from subgraphs.bookings.payments.settings import PaymentsSettings


def event(till: Any, payment_id: UUID, status: str, *, id_: str | None = None) -> bytes:
    """A webhook's body as the sandbox would write it."""
    kind = {"AUTHORIZED": "authorized", "CAPTURED": "captured"}.get(status, "failed")
    return json.dumps(
        {
            "id": id_ or f"evt_{new_id().hex}",
            "type": f"payment.{kind}",
            "created": int(till.clock().timestamp()),
            "data": {"payment_id": str(payment_id), "reference": "sandbox_x", "status": status, "reason": None},
        }
    ).encode()


async def deliver(till: Any, body: bytes) -> Any:
    return await till.webhooks.receive("sandbox", till.sandbox.sign(body), body)


def browser(till: Any) -> httpx.AsyncClient:
    """Speaks HTTP to the routes."""
    app = Starlette(routes=list(till.parts.routes()))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bookings")


async def act(till: Any, payment_id: UUID, action: str = "pay") -> httpx.Response:
    """What the traveler does on the sandbox's page."""
    reference = (await till.charge(payment_id)).reference
    async with browser(till) as client:
        return await client.post(f"/sandbox/payments/{reference}", data={"action": action})


async def test_a_pix_code_is_valid_and_its_payment_is_told_by_webhook(till: Any) -> None:
    payment_id = await till.open(Pix(), amount=1234_56)
    outcome = await till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert isinstance(outcome.action, PixCode)
    fields = br_code.parse(outcome.action.payload)
    assert (fields["01"], fields["54"], fields["53"], fields["60"]) == ("12", "1234.56", "986", "Sao Paulo")
    assert outcome.action.expires_at == (await till.payment(payment_id)).expires_at

    assert (await act(till, payment_id)).text == "CAPTURED\n"
    assert await till.courier.run_once() == 1
    assert await till.event_types(payment_id) == ["payment.action_required", "payment.captured"]
    assert await till.payments.authorize(payment_id) == Captured()
    assert await till.entries(payment_id) == ["CAPTURE"], "nothing was authorized before"
    assert await till.books_are_right()


async def test_a_boleto_is_valid_and_due_when_the_payment_expires(till: Any) -> None:
    payment_id = await till.open(Boleto(), amount=987_65, minutes=3 * 24 * 60)
    outcome = await till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert isinstance(outcome.action, BoletoSlip)
    code = boleto.parse_digitable_line(outcome.action.digitable_line)
    assert code == boleto.parse_barcode(outcome.action.barcode)
    assert code.amount_minor == 987_65
    expires_at = (await till.payment(payment_id)).expires_at
    in_brazil = expires_at.astimezone(ZoneInfo("America/Sao_Paulo")).date()
    assert outcome.action.due_on == code.due_on(in_brazil) == in_brazil
    await act(till, payment_id)
    await till.courier.run_once()
    assert (await till.payment(payment_id)).state == "CAPTURED"
    assert await till.books_are_right()


@pytest.mark.parametrize("method", [Pix(), Boleto(), Card("tok_3ds_approve")], ids=lambda method: method.kind)
async def test_the_page_of_what_the_traveler_has_to_do_is_where_the_action_says(till: Any, method: Any) -> None:
    payment_id = await till.open(method, minutes=3 * 24 * 60)
    outcome = await till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    assert outcome.action.url is not None
    assert outcome.action.url.startswith("http://127.0.0.1:3003/sandbox/payments/")
    async with browser(till) as client:
        path = urlsplit(outcome.action.url).path
        assert "<strong>waiting</strong>" in (await client.get(path)).text
        assert (await client.post(path, data={"action": "pay"})).status_code == 200
    await till.courier.run_once()
    assert (await till.payment(payment_id)).state in {"AUTHORIZED", "CAPTURED"}


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://127.0.0.1:3003"),
        ({"RESERVEI_BOOKINGS_PORT": "4003"}, "http://127.0.0.1:4003"),
        (
            {"RESERVEI_BOOKINGS_PORT": "4003", "RESERVEI_PAYMENTS_SANDBOX_URL": "https://pay.reservei.example"},
            "https://pay.reservei.example",
        ),
    ],
)
def test_the_sandbox_is_where_the_bookings_subgraph_listens(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str
) -> None:
    for name in ("RESERVEI_BOOKINGS_PORT", "RESERVEI_PAYMENTS_SANDBOX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert PaymentsSettings().sandbox_address == address


async def test_an_event_delivered_many_times_at_once_has_effect_once(till: Any) -> None:
    payment_id = await till.open(Pix())
    await till.payments.authorize(payment_id)
    body = event(till, payment_id, "CAPTURED")
    outcomes = await asyncio.gather(*(deliver(till, body) for _ in range(20)))
    assert outcomes.count("APPLIED") == 1
    assert outcomes.count(None) == 19
    assert await till.entries(payment_id) == ["CAPTURE"]
    assert await till.event_types(payment_id) == ["payment.action_required", "payment.captured"]


async def test_events_that_overtake_each_other_end_alike(till: Any) -> None:
    payment_id = await till.open(Card("tok_3ds_approve"))
    await till.payments.authorize(payment_id)
    assert await deliver(till, event(till, payment_id, "CAPTURED")) == "APPLIED"
    assert await deliver(till, event(till, payment_id, "AUTHORIZED")) == "STALE"
    assert await deliver(till, event(till, payment_id, "FAILED")) == "STALE"
    assert (await till.payment(payment_id)).state == "CAPTURED"
    assert await till.entries(payment_id) == ["CAPTURE"]
    assert await till.books_are_right()


@pytest.mark.parametrize(
    "forge",
    [
        lambda headers, body: ({}, body),
        lambda headers, body: ({"sandbox-signature": "nonsense"}, body),
        lambda headers, body: ({"sandbox-signature": "t=1,v1=é"}, body),
        lambda headers, body: ({"sandbox-signature": headers["sandbox-signature"][:-1] + "x"}, body),
        lambda headers, body: (headers, body.replace(b"FAILED", b"CAPTURED")),
        lambda headers, body: (
            {"sandbox-signature": signing.sign("another secret", body, datetime.now(UTC))},
            body,
        ),
        lambda headers, body: ({"sandbox-signature": f"t={10**30},v1=00"}, body),
    ],
    ids=["unsigned", "nonsense", "not-ascii", "changed-signature", "changed-body", "another-secret", "absurd-time"],
)
async def test_a_wrong_signature_changes_and_stores_nothing(till: Any, forge: Any) -> None:
    payment_id = await till.open(Pix())
    await till.payments.authorize(payment_id)
    body = event(till, payment_id, "FAILED")
    headers, body = forge(till.sandbox.sign(body), body)
    async with browser(till) as client:
        response = await client.post(
            "/webhooks/payments/sandbox",
            content=body,
            headers={name: value.encode() for name, value in headers.items()},
        )
    assert response.status_code == 400
    assert (await till.payment(payment_id)).state == "ACTION_REQUIRED"
    assert await till.query("SELECT 1 FROM webhook_deliveries") == []


async def test_an_overheard_webhook_cannot_be_replayed_a_day_later(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=None)
    await till.payments.authorize(payment_id)
    body = event(till, payment_id, "CAPTURED")
    headers = till.sandbox.sign(body)
    till.clock.forward(days=1)
    with pytest.raises(InvalidWebhook):
        await till.webhooks.receive("sandbox", headers, body)
    assert await till.entries(payment_id) == []


async def test_a_provider_that_repeats_itself_a_day_later_changes_nothing(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=None)
    await till.payments.authorize(payment_id)
    body = event(till, payment_id, "CAPTURED")
    assert await deliver(till, body) == "APPLIED"
    assert await till.payments.void(payment_id) != Voided(), "the sandbox itself was never paid, so it cannot refund"
    till.clock.forward(days=1)
    assert await deliver(till, body) is None, "signed anew, but the same event"
    assert await till.entries(payment_id) == ["CAPTURE"]


async def test_an_event_that_first_arrives_a_day_later_still_counts(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=None)
    await till.payments.authorize(payment_id)
    body = event(till, payment_id, "CAPTURED")
    till.clock.forward(days=1)
    assert await deliver(till, body) == "APPLIED"


async def test_money_that_arrives_after_the_payment_expired_is_given_back(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=15)
    await till.payments.authorize(payment_id)
    till.clock.forward(minutes=14, seconds=59)
    await act(till, payment_id)  # paid in time, but the webhook is slow
    till.clock.forward(minutes=2)
    assert await till.janitor.run_once() == 1
    payment = await till.payment(payment_id)
    assert (payment.state, payment.refunded_minor) == ("CAPTURED", 100_00)
    assert (await till.charge(payment_id)).refunded_minor == 100_00
    await till.courier.run_once()
    assert await till.event_types(payment_id) == ["payment.action_required", "payment.captured", "payment.refunded"]
    assert (await till.events(payment_id))[1][1].unwanted
    assert await till.payments.void(payment_id) == Refunded(100_00), "the saga may ask all the same"
    assert await till.books_are_right()


async def test_money_for_a_payment_that_had_ended_is_given_back(till: Any) -> None:
    payment_id = await till.open(Pix())
    await till.payments.authorize(payment_id)
    assert await till.payments.void(payment_id) == Voided()
    # The provider said that it was void, and yet the money moves.
    async with till.database.transaction() as session:
        await session.execute(text("UPDATE sandbox_charges SET state = 'CAPTURED'"))
    assert await deliver(till, event(till, payment_id, "CAPTURED")) == "APPLIED"
    assert await till.janitor.run_once() == 1
    assert (await till.charge(payment_id)).refunded_minor == 100_00
    assert (await till.payment(payment_id)).next_check_at is None
    assert await till.books_are_right()


async def test_money_for_a_payment_that_had_failed_is_given_back(till: Any) -> None:
    payment_id = await till.open(Card("tok_3ds_fail"))
    await till.payments.authorize(payment_id)
    await act(till, payment_id)
    await till.courier.run_once()
    assert (await till.payment(payment_id)).state == "FAILED"
    async with till.database.transaction() as session:
        await session.execute(text("UPDATE sandbox_charges SET state = 'CAPTURED'"))
    assert await deliver(till, event(till, payment_id, "CAPTURED")) == "APPLIED"
    assert (await till.events(payment_id))[-1][1].unwanted, "nobody asked for a void, but nobody waits for it either"
    assert await till.janitor.run_once() == 1
    assert (await till.charge(payment_id)).refunded_minor == 100_00
    assert await till.books_are_right()


async def test_an_approval_of_a_voided_payment_is_looked_into(till: Any) -> None:
    payment_id = await till.open()
    await till.payments.authorize(payment_id)
    await till.payments.void(payment_id)
    assert await deliver(till, event(till, payment_id, "AUTHORIZED")) == "STALE"
    assert (await till.payment(payment_id)).next_check_at is not None
    assert await till.janitor.run_once() == 1
    assert (await till.payment(payment_id)).next_check_at is None
    assert await till.balance() == {}


async def test_a_pix_code_that_nobody_pays_expires(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=15)
    await till.payments.authorize(payment_id)
    till.clock.forward(minutes=15)
    assert await till.janitor.run_once() == 1
    assert (await till.payment(payment_id)).state == "EXPIRED"
    assert await till.event_types(payment_id) == ["payment.action_required", "payment.expired"]
    assert (await act(till, payment_id)).text == "VOIDED\n", "nobody can pay it any more"
    assert await till.janitor.run_once() == 0


async def test_a_lost_webhook_is_made_up_for_by_asking(till: Any) -> None:
    payment_id = await till.open(Pix(), minutes=15)
    await till.payments.authorize(payment_id)
    await act(till, payment_id)
    till.clock.forward(seconds=31)
    assert await till.janitor.run_once() == 1
    assert (await till.payment(payment_id)).state == "CAPTURED"
    assert await till.courier.run_once() == 1, "the webhook comes late, and changes nothing"
    assert await till.entries(payment_id) == ["CAPTURE"]


async def test_an_event_about_a_strange_payment_is_stored_and_left(till: Any) -> None:
    assert await deliver(till, event(till, new_id(), "CAPTURED")) == "UNKNOWN_PAYMENT"


async def test_a_webhook_that_is_not_accepted_comes_again(till: Any) -> None:
    payment_id = await till.open(Pix())
    await till.payments.authorize(payment_id)
    await act(till, payment_id)
    answers = iter([500, 200])
    bodies: list[bytes] = []

    async def merchant(_headers: Any, body: bytes) -> int:
        bodies.append(body)
        return next(answers)

    courier = type(till.courier)(till.sandbox, merchant)
    assert await courier.run_once() == 0
    assert await courier.run_once() == 0, "not before its time"
    till.clock.forward(seconds=6)
    assert await courier.run_once() == 1
    assert bodies[0] == bodies[1]


async def test_unreadable_requests_are_refused(till: Any) -> None:
    async with browser(till) as client:
        for body in (b"", b"[]", b'{"id": 1}', b"\xff"):
            headers = till.sandbox.sign(body)
            assert (await client.post("/webhooks/payments/sandbox", content=body, headers=headers)).status_code == 400
        assert (await client.post("/webhooks/payments/nobody", content=b"{}")).status_code == 404
        assert (await client.post("/webhooks/payments/sandbox", content=b" " * 300_000)).status_code == 413


async def test_the_sandbox_page_shows_the_payment_and_takes_part(till: Any) -> None:
    payment_id = await till.open(Card("tok_3ds_approve"))
    outcome = await till.payments.authorize(payment_id)
    assert isinstance(outcome, ActionRequired)
    path = outcome.data["url"].removeprefix("http://127.0.0.1:3003")
    async with browser(till) as client:
        page = await client.get(path)
        assert page.status_code == 200
        assert "BRL 100.00" in page.text
        assert "Pass 3-D Secure" in page.text
        assert (await client.post(path, data={"action": "steal"})).status_code == 400
        assert (await client.post(path, data={"action": "fail"})).text == "FAILED\n"
        assert (await client.post(path, data={"action": "pay"})).text == "FAILED\n", "once is enough"
        assert (await client.get("/sandbox/payments/unknown")).status_code == 404
        assert (await client.post("/sandbox/payments/unknown", data={"action": "pay"})).status_code == 404
    await till.courier.run_once()
    assert (await till.payment(payment_id)).reason == "authentication_failed"
