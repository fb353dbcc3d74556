"""What other domains learn of a booking, and that yesterday's bookings are still read."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from shared.contracts.bookings import BookingEvent, PaymentAction
from subgraphs.bookings.booking import events as e
from subgraphs.bookings.booking.decisions import require_payment_action
from subgraphs.bookings.gateways import Stay
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.payments.methods import Boleto, Card, PaymentMethod, Pix
from subgraphs.bookings.recording import record
from subgraphs.bookings.tests.test_booking_rules import requested
from subgraphs.bookings.tests.world import SOON, World

TOLD_LATER = (
    "city", "region", "country_code", "coupon_code", "coupon_minor", "points", "points_minor", "guest_country",
)  # fmt: skip
"""Fields of ``booking.requested`` that came after the first bookings."""


def published(world: World, booking_id: UUID) -> dict[str, BookingEvent]:
    """The booking's own events that were published, by type."""
    return {
        envelope.type: msgspec.json.decode(envelope.payload, type=BookingEvent)
        for envelope in world.published
        if envelope.aggregate_id == booking_id and envelope.type.startswith("booking.")
    }


async def test_events_tell_where_the_hotel_is_and_how_it_is_paid(world: World) -> None:
    booking_id = await world.sell()
    for event in published(world, booking_id).values():
        assert (event.city, event.region, event.country_code) == ("Ouro Preto", "MG", "BR")
        assert (event.payment_method, event.payment_action) == ("card", None)


@pytest.mark.parametrize(
    ("method", "kind", "field"),
    [(Pix(), "pix", "pix_code"), (Boleto(), "boleto", "digitable_line"),
     (Card("tok_3ds_approve"), "three_d_secure", "url")],
)  # fmt: skip
async def test_who_has_to_act_to_pay_is_told_what_and_until_when(
    world: World, method: PaymentMethod, kind: str, field: str
) -> None:
    booking_id = await world.sell(method=method)
    events = published(world, booking_id)
    action = events.pop("booking.payment_action_required").payment_action
    assert action is not None
    terms = (await world.booking(booking_id)).terms
    assert (action.kind, action.due_at, action.amount_minor) == (kind, terms.expires_at, terms.total_minor)
    stored = await world.value("SELECT action FROM payments WHERE id = :id", id=payment_id_of(booking_id))
    told = {"pix_code": action.pix_code, "digitable_line": action.digitable_line, "url": action.url}
    codes = {"pix_code": stored.get("payload"), "digitable_line": stored.get("digitable_line"), "url": stored["url"]}
    assert told == codes
    assert told[field]
    assert {event.payment_action for event in events.values()} == {None}


async def test_the_history_that_the_hotel_sees_has_no_code_to_pay_by(world: World) -> None:
    booking_id = await world.sell(method=Pix())
    stored = await world.value("SELECT payload FROM booking_events WHERE type = 'booking.payment_action_required'")
    assert stored == {"payment_id": str(payment_id_of(booking_id)), "kind": "pix"}


async def test_an_action_whose_payment_is_paid_meanwhile_has_no_codes(world: World) -> None:
    booking_id = await world.book(method=Pix())
    await world.deliver()
    await world.parts.payments.authorize(payment_id_of(booking_id))
    await world.sandbox.act(await world.value("SELECT reference FROM sandbox_charges"))
    await world.courier.run_once()
    booking = await world.booking(booking_id)
    async with world.database.transaction() as session:
        await record(session, booking_id, booking, require_payment_action(booking, "pix"), now=world.clock())
    await world.take_outbox()
    told = published(world, booking_id)["booking.payment_action_required"]
    assert told.payment_action == PaymentAction(kind="pix", due_at=booking.terms.expires_at)


def test_a_request_from_before_these_fields_is_read() -> None:
    stored = {name: value for name, value in e.encode(requested()).items() if name not in TOLD_LATER}
    assert len(stored) == len(e.encode(requested())) - len(TOLD_LATER)
    assert e.decode("booking.requested", 1, stored) == requested()
    failed = {"reason": "payment_declined", "detail": "insufficient_funds", "sold_out_nights": []}
    assert e.decode("booking.failed", 1, failed) == e.Failed(reason="payment_declined", detail="insufficient_funds")


async def test_a_place_that_is_no_city_is_none(world: World) -> None:
    room_type = uuid4()
    world.hotels.destination = {"kind": "COUNTRY", "name": "Portugal", "regionCode": None}
    found = await world.gateway.availability(room_type, Stay(SOON, SOON + timedelta(days=1), 2, 1))
    assert found is not None
    assert found.offer is not None
    assert (found.offer.city, found.offer.region, found.offer.country_code) == (None, None, "BR")
