"""Changing a stay through GraphQL: quotes, outcomes, keys, who may, and what the booking shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal, Role
from shared.contracts import inventory as i
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.tests.stay_changes import change, money
from subgraphs.bookings.tests.test_booking_graph import KINDS, Callers, selling
from subgraphs.bookings.tests.world import SOON, World

CHANGE = """
mutation($input: ChangeStayInput!, $key: String!, $wait: Int = 0) {
  changeStay(input: $input, idempotencyKey: $key, waitMs: $wait) {
    __typename
    ... on Booking {
      id state checkInDate checkOutDate total { amount }
      changes {
        id state total { amount } due { amount } refund { amount } refunded { amount } payBy failureReason
        checkInDate rooms payment { state amount { amount } action { kind pixCode } }
      }
    }
    ... on SoldOut { nights alternatives { total { amount } } }
    ... on PriceChanged { newTotal { amount } quote { total { amount } } }
    ... on PaymentDeclined { declined: reason booking { state total { amount } } }
    ... on PolicyViolation { reason }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}"""
QUOTE = """
query($input: StayChangeQuoteInput!) {
  stayChangeQuote(input: $input) {
    __typename
    ... on StayChangeQuote {
      newTotal { amount } due { amount } refund { amount } minimumCancellationFee { amount }
      quote { nights { nightDate } }
    }
    ... on PolicyViolation { reason }
    ... on InvalidInput { field }
  }
}"""
CARD = {"method": "CARD", "cardToken": "tok_approve"}


def stay(nights: int, **changes: Any) -> dict[str, Any]:
    dates = {"checkInDate": SOON.isoformat(), "checkOutDate": (SOON + timedelta(days=nights)).isoformat()}
    return {**dates, "guests": 2, "rooms": 1, **changes}


def wish(booking_id: UUID, nights: int, **changes: Any) -> dict[str, Any]:
    total = {"amount": f"{200 * nights}.00"}
    return {"bookingId": str(booking_id), "stay": stay(nights), "expectedTotal": total, "payment": CARD, **changes}


async def ask(
    client: SubgraphClient, given: dict[str, Any], as_: Principal | None, *, key: str | None = None, wait: int = 0
) -> Any:
    variables = {"input": given, "key": key or uuid4().hex, "wait": wait}
    return (await client.data(CHANGE, variables, as_=as_))["changeStay"]


async def wait_for(client: SubgraphClient, given: dict[str, Any], as_: Principal, *, key: str | None = None) -> Any:
    """Ask, and again with the same key as long as a slow machine has not decided within the longest wait."""
    key = key or uuid4().hex
    while True:
        answer = await ask(client, given, as_, key=key, wait=10_000)
        last = answer["changes"][-1] if answer["__typename"] == "Booking" else None
        if last is None or last["state"] != "UNDER_WAY" or (last["payment"] or {}).get("action"):
            return answer


async def test_from_a_quote_to_another_stay(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    asked = {"input": {"bookingId": str(booking_id), "stay": stay(3)}}
    quote = (await client.data(QUOTE, asked, as_=traveler))["stayChangeQuote"]
    assert (quote["newTotal"]["amount"], quote["due"]["amount"], quote["refund"]["amount"]) == (
        "600.00", "200.00", "0.00",
    )  # fmt: skip
    assert quote["minimumCancellationFee"]["amount"] == "0.00"
    assert len(quote["quote"]["nights"]) == 3
    async with selling(world):
        answer = await wait_for(client, wish(booking_id, 3, expectedTotal=quote["newTotal"]), traveler)
    assert (answer["__typename"], answer["state"], answer["total"]["amount"]) == ("Booking", "CONFIRMED", "600.00")
    assert answer["checkOutDate"] == (SOON + timedelta(days=3)).isoformat()
    (made,) = answer["changes"]
    assert (made["state"], made["due"]["amount"], made["payBy"]) == ("DONE", "200.00", None)
    assert (made["payment"]["state"], made["payment"]["amount"]["amount"]) == ("CAPTURED", "200.00")


async def test_who_does_not_wait_sees_the_change_under_way(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    answer = await ask(client, wish(booking_id, 1, payment=None), traveler)
    (made,) = answer["changes"]
    assert (answer["total"]["amount"], made["state"], made["refund"]["amount"]) == ("400.00", "UNDER_WAY", "200.00")
    assert made["payBy"] is not None
    second = await ask(client, wish(booking_id, 3), traveler)
    assert (second["__typename"], second["reason"]) == ("PolicyViolation", "change_under_way")
    await world.run()
    query = "query($id: ID!) { booking(id: $id) { total { amount } changes { state refunded { amount } } } }"
    seen = (await client.data(query, {"id": str(booking_id)}, as_=traveler))["booking"]
    assert seen == {"total": {"amount": "200.00"}, "changes": [{"state": "DONE", "refunded": {"amount": "200.00"}}]}


async def test_waiting_ends_when_the_traveler_has_to_pay(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    async with selling(world):
        answer = await wait_for(client, wish(booking_id, 3, payment={"method": "PIX"}), traveler)
    payment = answer["changes"][0]["payment"]
    assert (answer["changes"][0]["state"], payment["action"]["kind"]) == ("UNDER_WAY", "PIX")
    assert payment["action"]["pixCode"].startswith("000201")


async def test_who_waits_is_told_what_kept_the_change_from_coming_about(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    declined = {"method": "CARD", "cardToken": "tok_decline_stolen"}
    given, key = wish(booking_id, 3, payment=declined), "first"
    async with selling(world):
        answer = await wait_for(client, given, traveler, key=key)
        assert (answer["__typename"], answer["declined"]) == ("PaymentDeclined", "stolen_card")
        assert answer["booking"] == {"state": "CONFIRMED", "total": {"amount": "400.00"}}
        world.inventory.refuse[i.HoldInventory] = "sold_out"
        answer = await wait_for(client, wish(booking_id, 3), traveler)
        assert (answer["__typename"], answer["nights"]) == ("SoldOut", [SOON.isoformat()])
        assert answer["alternatives"] == [{"total": {"amount": "600.00"}}]
    again = await ask(client, given, traveler, key=key)
    assert (again["__typename"], again["declined"]) == ("PaymentDeclined", "stolen_card")  # of its own change


async def test_rooms_that_are_gone_are_answered_with_what_is_free(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    room_type = uuid4()
    booking_id = await world.sell(user_id=traveler.user_id, room_type_id=room_type)
    world.hotels.sold_out.add(str(room_type))
    answer = await ask(client, wish(booking_id, 3), traveler)
    assert (answer["__typename"], answer["alternatives"]) == ("SoldOut", [{"total": {"amount": "600.00"}}])
    assert (await world.booking(booking_id)).changes == []


async def test_another_total_than_expected_changes_nothing(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    answer = await ask(client, wish(booking_id, 3, expectedTotal={"amount": "599.99"}), traveler)
    assert (answer["__typename"], answer["newTotal"]["amount"]) == ("PriceChanged", "600.00")
    assert (await world.booking(booking_id)).changes == []
    assert len(await money(world, booking_id)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payment": None}, "payment"),
        ({"payment": {"method": "CARD"}}, "payment.cardToken"),
        ({"stay": {**stay(3), "rooms": 3}}, "stay.guests"),
        ({"stay": stay(0)}, "stay.checkOutDate"),
    ],
)
async def test_input_that_cannot_be_is_named(
    client: SubgraphClient, world: World, changes: dict[str, Any], field: str
) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    answer = await ask(client, wish(booking_id, 3, **changes), traveler)
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert (await world.booking(booking_id)).changes == []


async def test_a_key_that_was_used_otherwise_is_reported(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    first = await ask(client, wish(booking_id, 3), traveler, key="k")
    again = await ask(client, wish(booking_id, 3), traveler, key="k")
    assert [each["id"] for each in first["changes"]] == [each["id"] for each in again["changes"]]
    assert (await ask(client, wish(booking_id, 4), traveler, key="k"))["__typename"] == "IdempotencyKeyReused"


@pytest.mark.parametrize("kind", [*KINDS, "nobody"])
async def test_who_may_not_change_a_stay_changes_nothing(client: SubgraphClient, world: World, kind: str) -> None:
    callers = Callers()
    booking_id = await callers.booking(world)
    caller = getattr(callers, kind, None)
    before = await world.rows("SELECT * FROM booking_events ORDER BY sequence")
    variables = {"input": wish(booking_id, 3), "key": "k"}
    response = await client.execute(CHANGE, variables, as_=caller)
    quote = await client.execute(QUOTE, {"input": {"bookingId": str(booking_id), "stay": stay(3)}}, as_=caller)
    if kind in {"owner", "support", "admin"}:
        assert response["data"]["changeStay"]["__typename"] == "Booking"
        assert quote["data"]["stayChangeQuote"]["__typename"] == "PolicyViolation"  # one at a time
        return
    for answer, name in ((response, "changeStay"), (quote, "stayChangeQuote")):
        if "errors" in answer:
            expected = "UNAUTHENTICATED" if kind == "nobody" else "FORBIDDEN"
            assert answer["errors"][0]["extensions"]["code"] == expected
        else:
            assert answer["data"][name]["__typename"] == "BookingNotFound"
    assert await world.rows("SELECT * FROM booking_events ORDER BY sequence") == before
    assert await world.value("SELECT count(*) FROM payments WHERE booking_id = :id", id=booking_id) == 1
    assert await world.value("SELECT count(*) FROM sagas WHERE kind = 'CHANGE'") == 0
    assert await world.value("SELECT count(*) FROM outbox") == 0


async def test_the_hotel_sees_the_changes_and_not_how_they_are_paid(client: SubgraphClient, world: World) -> None:
    callers = Callers()
    booking_id = await callers.booking(world)
    await change(world, booking_id, nights=3)
    query = "query($id: ID!) { booking(id: $id) { changes { state payment { id } } timeline { type } } }"
    for caller, is_seen in ((callers.owner, True), (callers.support, True), (callers.manager, False)):
        seen = (await client.data(query, {"id": str(booking_id)}, as_=caller))["booking"]
        assert [entry["type"] for entry in seen["timeline"]][-2:] == ["booking.change_requested", "booking.changed"]
        assert seen["changes"][0]["state"] == "DONE"
        assert (seen["changes"][0]["payment"] is not None) == is_seen


async def test_payments_of_changes_are_read_together(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    for nights in (3, 4):
        await change(world, await world.sell(user_id=traveler.user_id), nights=nights)
    selection = "... on User { bookings { edges { node { changes { payment { state } } } } } }"
    with count_queries(subgraph.resources.database) as statements:
        key = {"__typename": "User", "id": str(traveler.user_id)}
        response = await client.entities(selection, [key], as_=traveler)
    edges = response["data"]["_entities"][0]["bookings"]["edges"]
    assert [edge["node"]["changes"] for edge in edges] == [[{"payment": {"state": "CAPTURED"}}]] * 2
    assert len(statements) == 2


async def test_sagas_say_whether_they_are_a_sale_or_a_change(client: SubgraphClient, world: World) -> None:
    booking_id = await world.sell()
    change_id = await change(world, booking_id, nights=3)
    await world.execute("UPDATE sagas SET state = 'STUCK' WHERE id = :id", id=change_id)
    query = "{ stuckSagas { id kind booking { id } } }"
    (stuck,) = (await client.data(query, as_=make_principal(Role.SUPPORT)))["stuckSagas"]
    assert stuck == {"id": str(change_id), "kind": "CHANGE", "booking": {"id": str(booking_id)}}
