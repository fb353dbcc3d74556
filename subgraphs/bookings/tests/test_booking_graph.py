"""Booking through GraphQL: quotes, outcomes, keys, who may do what, and how many queries it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.auth import Principal, Role
from shared.contracts import inventory as i
from shared.contracts.bookings import IMPORTED_GUEST_ID
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import count_queries
from subgraphs.bookings.app import subgraph
from subgraphs.bookings.payments.methods import Pix
from subgraphs.bookings.tests.world import SOON, World, hotel_of

CREATE = """
mutation($input: CreateBookingInput!, $key: String!, $wait: Int = 0) {
  createBooking(input: $input, idempotencyKey: $key, waitMs: $wait) {
    __typename
    ... on Booking { id code state version total { amount currency } payment { state action { kind url pixCode } } }
    ... on SoldOut { nights alternatives { total { amount } } }
    ... on PriceChanged { newTotal { amount } }
    ... on PaymentDeclined { reason booking { state } }
    ... on InvalidInput { field }
    ... on Problem { message }
  }
}"""
CHANGE = "mutation($id: ID!) { %s(id: $id) { __typename ... on Booking { state } ... on PolicyViolation { reason } } }"


def booking_input(room_type_id: UUID | None = None, **changes: Any) -> dict[str, Any]:
    stay = {
        "checkInDate": SOON.isoformat(), "checkOutDate": (SOON + timedelta(days=2)).isoformat(), "guests": 2, "rooms": 1
    }  # fmt: skip
    return {
        "roomTypeId": str(room_type_id or uuid4()),
        "stay": stay,
        "expectedTotal": {"amount": "400.00"},
        "payment": {"method": "CARD", "cardToken": "tok_approve"},
        **changes,
    }


async def create(client: SubgraphClient, given: dict[str, Any], *, as_: Principal | None = None, key: str | None = None,
                 wait: int = 0) -> Any:  # fmt: skip
    variables = {"input": given, "key": key or uuid4().hex, "wait": wait}
    return (await client.data(CREATE, variables, as_=as_ or make_principal()))["createBooking"]


@asynccontextmanager
async def selling(world: World) -> AsyncIterator[None]:
    """The world turns in the background."""

    async def turn() -> None:
        while True:
            await world.run()
            await asyncio.sleep(0.01)

    turning = asyncio.create_task(turn())
    try:
        yield
    finally:
        turning.cancel()
        await asyncio.wait([turning])


async def test_a_quote_says_what_it_costs_and_reserves_nothing(client: SubgraphClient, world: World) -> None:
    query = """query($input: QuoteInput!) { quote(input: $input) { __typename
      ... on Quote { total { amount currency } nights { nightDate } roomsLeft freeCancellationDays }
      ... on SoldOut { alternatives { total { amount } } } ... on InvalidInput { field } } }"""

    async def quote(**changes: Any) -> Any:
        given = {"roomTypeId": room_type, "stay": {**booking_input()["stay"], **changes}}
        return (await client.data(query, {"input": given}))["quote"]

    room_type = str(uuid4())
    found = await quote()
    assert found["total"] == {"amount": "400.00", "currency": "BRL"}
    assert len(found["nights"]) == 2
    assert (await quote(rooms=3))["field"] == "stay.guests"
    assert (await quote(checkOutDate=SOON.isoformat()))["field"] == "stay.checkOutDate"
    world.hotels.sold_out.add(room_type)
    assert (await quote())["alternatives"] == [{"total": {"amount": "400.00"}}]
    world.hotels.unknown.add(room_type)
    assert (await quote())["__typename"] == "UnknownRoomType"
    assert await world.value("SELECT count(*) FROM booking_events") == 0


async def test_a_booking_is_pending_at_once_and_confirmed_for_who_waits(client: SubgraphClient, world: World) -> None:
    made = await create(client, booking_input())
    assert (made["__typename"], made["state"], made["version"]) == ("Booking", "PENDING", 1)
    async with selling(world):
        waited = await create(client, booking_input(), wait=60_000)
    assert (waited["state"], waited["payment"]["state"]) == ("CONFIRMED", "CAPTURED")


async def test_who_waits_is_told_what_kept_the_booking_from_coming_about(client: SubgraphClient, world: World) -> None:
    declined = {"method": "CARD", "cardToken": "tok_decline_insufficient_funds"}
    async with selling(world):
        answer = await create(client, booking_input(payment=declined), wait=60_000)
        assert (answer["__typename"], answer["reason"]) == ("PaymentDeclined", "insufficient_funds")
        world.inventory.refuse[i.HoldInventory] = "sold_out"
        answer = await create(client, booking_input(), wait=60_000)
        assert (answer["__typename"], answer["nights"]) == ("SoldOut", [SOON.isoformat()])
        assert answer["alternatives"] == [{"total": {"amount": "400.00"}}]


async def test_waiting_ends_when_the_traveler_has_to_pay(client: SubgraphClient, world: World) -> None:
    async with selling(world):
        answer = await create(client, booking_input(payment={"method": "PIX"}), wait=60_000)
    assert answer["state"] == "HELD"
    assert answer["payment"]["action"]["kind"] == "PIX"
    assert answer["payment"]["action"]["pixCode"].startswith("000201")
    assert "/sandbox/payments/" in answer["payment"]["action"]["url"]


async def test_another_price_than_expected_books_nothing(client: SubgraphClient, world: World) -> None:
    answer = await create(client, booking_input(expectedTotal={"amount": "399.99"}))
    assert (answer["__typename"], answer["newTotal"]["amount"]) == ("PriceChanged", "400.00")
    assert await world.value("SELECT count(*) FROM booking_events") == 0
    assert await world.value("SELECT count(*) FROM idempotency_keys") == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"payment": {"method": "CARD"}}, "payment.cardToken"),
        ({"payment": {"method": "PIX", "cardToken": "tok_approve"}}, "payment.cardToken"),
        ({"payment": {"method": "BOLETO", "installments": 2}}, "payment.installments"),
        ({"payment": {"method": "CARD", "cardToken": "tok_approve", "installments": 13}}, "payment.method"),
    ],
)
async def test_input_that_cannot_be_is_named(
    client: SubgraphClient, world: World, changes: dict[str, Any], field: str
) -> None:
    answer = await create(client, booking_input(**changes))
    assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)
    assert await world.value("SELECT count(*) FROM booking_events") == 0
    assert await world.value("SELECT count(*) FROM outbox") == 0


async def test_the_same_key_from_50_clients_at_once_makes_one_booking(client: SubgraphClient, world: World) -> None:
    traveler, given = make_principal(), booking_input()
    answers = await asyncio.gather(*(create(client, given, as_=traveler, key="the same") for _ in range(50)))
    assert len({answer["id"] for answer in answers}) == 1
    assert await world.value("SELECT count(*) FROM booking_codes") == 1
    assert await world.value("SELECT count(*) FROM payments") == 1
    assert await world.value("SELECT count(*) FROM outbox WHERE topic = 'command.hotels.hold_inventory'") == 1
    other = await create(client, {**given, "expectedTotal": {"amount": "1.00"}}, as_=traveler, key="the same")
    assert other["__typename"] == "IdempotencyKeyReused"
    theirs = await create(client, given, key="the same")  # keys of different travelers never meet
    assert theirs["id"] != answers[0]["id"]


async def test_the_same_key_again_finds_its_booking_when_the_rooms_are_gone(
    client: SubgraphClient, world: World
) -> None:
    traveler, given = make_principal(), booking_input()
    first = await create(client, given, as_=traveler, key="k")
    world.hotels.sold_out.add(given["roomTypeId"])
    assert (await create(client, given, as_=traveler, key="k"))["id"] == first["id"]


async def test_hotels_that_is_away_is_unavailable_and_books_nothing(client: SubgraphClient, world: World) -> None:
    world.hotels.is_away = True
    response = await client.execute(CREATE, {"input": booking_input(), "key": "k"}, as_=make_principal())
    assert response["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert await world.value("SELECT count(*) FROM booking_events") == 0


async def test_cancelling_shows_its_price_before_and_its_refund_after(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id)
    query = (
        "query($id: ID!) { booking(id: $id) { state cancellation { isPossible fee { amount } refunded { amount } } } }"
    )
    before = (await client.data(query, {"id": str(booking_id)}, as_=traveler))["booking"]["cancellation"]
    assert before == {"isPossible": True, "fee": {"amount": "0.00"}, "refunded": {"amount": "0.00"}}
    for _ in range(2):  # again changes nothing more
        data = await client.data(CHANGE % "cancelBooking", {"id": str(booking_id)}, as_=traveler)
        assert data["cancelBooking"] == {"__typename": "Booking", "state": "CANCELLED"}
    await world.run()
    after = (await client.data(query, {"id": str(booking_id)}, as_=traveler))["booking"]["cancellation"]
    assert after == {"isPossible": False, "fee": {"amount": "0.00"}, "refunded": {"amount": "400.00"}}
    assert world.types(booking_id).count("booking.cancelled") == 1


class Callers:
    """One of each kind, around one confirmed booking."""

    def __init__(self) -> None:
        self.owner = make_principal()
        self.stranger = make_principal()
        self.manager = make_principal(Role.HOTEL_MANAGER)
        self.other_manager = make_principal(Role.HOTEL_MANAGER)
        self.support = make_principal(Role.SUPPORT)
        self.admin = make_principal(Role.ADMIN)

    async def booking(self, world: World) -> UUID:
        room_type = uuid4()
        world.hotels.managers[str(hotel_of(room_type))] = str(self.manager.user_id)
        return await world.sell(user_id=self.owner.user_id, room_type_id=room_type)


KINDS = ("owner", "stranger", "manager", "other_manager", "support", "admin")


@pytest.mark.parametrize("kind", [*KINDS, "nobody"])
async def test_a_booking_is_seen_by_its_owner_its_hotel_and_staff(
    client: SubgraphClient, world: World, kind: str
) -> None:
    callers = Callers()
    booking_id = await callers.booking(world)
    caller = getattr(callers, kind, None)
    code = (await world.booking(booking_id)).terms.code
    query = (
        "query($id: ID!, $code: String!) { a: booking(id: $id) { id } b: booking(code: $code) { id payment { id } } }"
    )
    response = await client.execute(query, {"id": str(booking_id), "code": code.lower()}, as_=caller)
    if kind == "nobody":
        assert {error["extensions"]["code"] for error in response["errors"]} == {"UNAUTHENTICATED"}
        return
    assert "errors" not in response
    seen = kind in {"owner", "manager", "support", "admin"}
    assert (response["data"]["a"] is not None, response["data"]["b"] is not None) == (seen, seen)
    if seen:
        assert (response["data"]["b"]["payment"] is not None) == (kind != "manager")
    entities = await client.entities(
        "... on Booking { state }",
        [{"__typename": "Booking", "id": str(booking_id)}, {"__typename": "Booking", "code": code}],
        as_=caller,
    )
    assert [entity is not None for entity in entities["data"]["_entities"]] == [seen, seen]


async def test_an_imported_booking_is_nobodys_and_still_shown(client: SubgraphClient, world: World) -> None:
    booking_id = await world.sell(user_id=IMPORTED_GUEST_ID)
    query = "query($id: ID!) { booking(id: $id) { id user { id } hotel { id } timeline { actor { id } } } }"
    response = await client.execute(query, {"id": str(booking_id)}, as_=make_principal(Role.SUPPORT))
    assert "errors" not in response
    found = response["data"]["booking"]
    assert (found["id"], found["user"]) == (str(booking_id), None)
    assert found["hotel"] is not None
    assert {entry["actor"] for entry in found["timeline"]} == {None}


@pytest.mark.parametrize("mutation", ["cancelBooking", "checkIn", "checkOut", "markNoShow"])
@pytest.mark.parametrize("kind", [*KINDS, "nobody"])
async def test_who_may_not_change_a_booking_changes_nothing(
    client: SubgraphClient, world: World, mutation: str, kind: str
) -> None:
    callers = Callers()
    booking_id = await callers.booking(world)
    before = await world.rows("SELECT * FROM booking_events ORDER BY sequence")
    response = await client.execute(CHANGE % mutation, {"id": str(booking_id)}, as_=getattr(callers, kind, None))
    allowed = {"owner", "support", "admin"} if mutation == "cancelBooking" else {"manager", "admin"}
    if kind in allowed:
        outcome = {"cancelBooking": "Booking"}.get(mutation, "PolicyViolation")  # it is not the day yet
        assert response["data"][mutation]["__typename"] == outcome
        return
    if "errors" in response:
        expected = "UNAUTHENTICATED" if kind == "nobody" else "FORBIDDEN"
        assert response["errors"][0]["extensions"]["code"] == expected
    else:
        assert response["data"][mutation]["__typename"] == "BookingNotFound"
    assert await world.rows("SELECT * FROM booking_events ORDER BY sequence") == before
    assert await world.value("SELECT count(*) FROM outbox") == 0


async def test_the_list_of_a_user_and_of_a_hotel_is_for_them_and_staff(client: SubgraphClient, world: World) -> None:
    callers = Callers()
    booking_id = await callers.booking(world)
    hotel_id = str((await world.booking(booking_id)).terms.hotel_id)
    user = {"__typename": "User", "id": str(callers.owner.user_id)}
    hotel = {"__typename": "Hotel", "id": hotel_id}
    for kind in KINDS:
        for key, allowed in ((user, {"owner", "support", "admin"}), (hotel, {"manager", "support", "admin"})):
            selection = f"... on {key['__typename']} {{ bookings {{ edges {{ node {{ id }} }} }} }}"
            response = await client.entities(selection, [key], as_=getattr(callers, kind))
            (entity,) = response["data"]["_entities"]
            if kind in allowed:
                assert entity["bookings"]["edges"] == [{"node": {"id": str(booking_id)}}]
            else:
                assert entity["bookings"] is None
                assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_pages_go_through_all_bookings_once_and_filters_choose(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    made = [str(await world.book(user_id=traveler.user_id)) for _ in range(5)]
    await world.run()
    await world.cancel(UUID(made[0]))
    selection = "... on User { bookings(first: 2 %s) { edges { node { id } } pageInfo { hasNextPage endCursor } } }"

    async def page(extra: str) -> Any:
        key = {"__typename": "User", "id": str(traveler.user_id)}
        response = await client.entities(selection % extra, [key], as_=traveler)
        return response["data"]["_entities"][0]["bookings"]

    seen: list[str] = []
    found = await page("")
    while True:
        seen += [edge["node"]["id"] for edge in found["edges"]]
        if not found["pageInfo"]["hasNextPage"]:
            break
        found = await page(f'after: "{found["pageInfo"]["endCursor"]}"')
    assert seen == made[::-1]
    cancelled = await page("filter: {states: [CANCELLED]}")
    assert [edge["node"]["id"] for edge in cancelled["edges"]] == made[:1]
    assert (await page(f'filter: {{checkInFrom: "{SOON + timedelta(days=1)}"}}'))["edges"] == []


async def test_a_page_of_bookings_takes_as_many_queries_as_one_booking(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    for _ in range(8):
        await world.book(user_id=traveler.user_id)
    node = "code payment { state } timeline { type } hotel { id }"
    selection = f"... on User {{ bookings(first: %d) {{ edges {{ node {{ {node} }} }} }} }}"

    async def queries(first: int) -> int:
        with count_queries(subgraph.resources.database) as statements:
            key = {"__typename": "User", "id": str(traveler.user_id)}
            response = await client.entities(selection % first, [key], as_=traveler)
        assert len(response["data"]["_entities"][0]["bookings"]["edges"]) == first
        return len(statements)

    assert await queries(1) == await queries(8) == 3


async def test_the_timeline_tells_what_happened(client: SubgraphClient, world: World) -> None:
    traveler = make_principal()
    booking_id = await world.sell(user_id=traveler.user_id, method=Pix())
    query = "query($id: ID!) { booking(id: $id) { timeline { version type actor { id } } } }"
    timeline = (await client.data(query, {"id": str(booking_id)}, as_=traveler))["booking"]["timeline"]
    assert [(entry["version"], entry["type"]) for entry in timeline] == [
        (1, "booking.requested"), (2, "booking.held"), (3, "booking.payment_action_required"),
    ]  # fmt: skip
    assert timeline[0]["actor"] == {"id": str(traveler.user_id)}
    assert timeline[1]["actor"] is None


async def test_stuck_sagas_are_for_staff(client: SubgraphClient, world: World) -> None:
    booking_id = await world.book()
    await world.execute("UPDATE sagas SET state = 'STUCK', last_error = 'no answer'")
    query = "{ stuckSagas { id step lastError booking { code } } }"
    (stuck,) = (await client.data(query, as_=make_principal(Role.SUPPORT)))["stuckSagas"]
    assert (stuck["id"], stuck["step"], stuck["lastError"]) == (str(booking_id), "HOLD_INVENTORY", "no answer")
    response = await client.execute(query, as_=make_principal())
    assert response["errors"][0]["extensions"]["code"] == "FORBIDDEN"
