"""Whatever happens to a payment, in whatever order: we, the provider and the ledger agree in the end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.db import new_id
from subgraphs.bookings.payments.methods import Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.payments.provider import ProviderUnavailable

AMOUNT = 100_00
ENDED = {
    "AUTHORIZED": {"AUTHORIZED"},
    "CAPTURED": {"CAPTURED"},
    "DECLINED": {"DECLINED"},
    "FAILED": {"FAILED"},
    "VOIDED": {"VOIDED"},
    "EXPIRED": {"VOIDED"},
}
"""How a payment that we know to have ended must stand at the provider."""

methods = st.one_of(
    st.sampled_from(["tok_approve", "tok_3ds_approve", "tok_3ds_fail", "tok_late", "tok_network_error"]).map(Card),
    st.sampled_from(["tok_decline_stolen", "tok_capture_refused", "tok_refund_refused"]).map(Card),
    st.just(Pix()),
    st.just(Boleto()),
)
steps = st.one_of(
    st.tuples(st.sampled_from(["authorize", "capture", "void", "expire", "refresh", "settle"]), st.booleans()),
    st.tuples(st.just("refund"), st.booleans(), st.integers(1, AMOUNT)),
    st.tuples(st.just("traveler"), st.booleans()),
    st.tuples(st.sampled_from(["courier", "janitor"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 10, 60, 16 * 60])),
)


class Crash(Exception):
    """The process ends here."""


async def die(_call: str) -> None:
    raise Crash


async def take(till: Any, payment_id: UUID, step: tuple[Any, ...]) -> None:
    """One thing that happens; use cases may die right after the provider did what they asked for."""
    match step:
        case ("courier",):
            await till.courier.run_once()
        case ("janitor",):
            await till.janitor.run_once()
        case ("wait", seconds):
            till.clock.forward(seconds=seconds)
        case ("traveler", pays):
            for (reference,) in await till.query(
                "SELECT reference FROM sandbox_charges WHERE payment_id = :id", id=payment_id
            ):
                await till.sandbox.act(reference, pay=pays)
        case (name, crashes, *rest):
            payments = till.over_wire(die) if crashes else till.payments
            arguments = {"refund_id": new_id(), "amount_minor": rest[0]} if rest else {}
            with suppress(Crash, ProviderUnavailable):
                await getattr(payments, name)(payment_id, **arguments)


async def come_to_rest(till: Any) -> None:
    """Let the janitor and the courier finish what was begun, long after every deadline."""
    for _ in range(4):
        till.clock.forward(hours=2)
        await till.courier.run_once()
        await till.janitor.run_once()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=methods, story=st.lists(steps, max_size=12))
async def test_all_books_agree_in_the_end(till: Any, method: PaymentMethod, story: list[tuple[Any, ...]]) -> None:
    payment_id = await till.open(method, amount=AMOUNT)
    for step in story:
        await take(till, payment_id, step)
        assert await till.books_are_right()
    await come_to_rest(till)

    payment = await till.payment(payment_id)
    charge = await till.charge(payment_id)
    assert charge.state in ENDED[payment.state]
    assert payment.refunded_minor == charge.refunded_minor
    refundable = method != Card("tok_refund_refused")
    if payment.void_requested_at is not None and refundable:
        taken = AMOUNT if charge.state == "CAPTURED" else 0
        assert taken == charge.refunded_minor, "nobody keeps money that nobody wants"
        assert charge.state != "AUTHORIZED"
    if payment.state != "AUTHORIZED":
        assert payment.next_check_at is None
    assert await till.query("SELECT 1 FROM refunds WHERE state = 'PENDING'") == []
    assert await till.books_are_right()
