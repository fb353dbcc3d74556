"""A booking from search to refund through the whole supergraph: router, subgraphs, relays, consumers, saga, sandbox."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import websockets

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

pytestmark = [pytest.mark.system]

TRAVELER, MANAGER, SUPPORT, _ = DEMO_ACCOUNTS
PATIENCE_SECONDS = 120
CREATE = (
    "mutation($input: CreateBookingInput!, $key: String!) { createBooking(input: $input, idempotencyKey: $key) {"
    " __typename ... on Booking { id code version state total { amount currency } hotel { name } }"
    " ... on PriceChanged { newTotal { amount } } ... on SoldOut { nights } ... on PaymentDeclined { reason }"
    " ... on Problem { message } } }"
)
BOOKING = (
    "query($id: ID!) { booking(id: $id) { state version payment { state refunded { amount } action { kind pixCode } }"
    " cancellation { refund { amount } } timeline { version type } } }"
)
WATCH = (
    "subscription($id: ID!, $after: Int) { bookingUpdated(id: $id, after: $after) { version state hotel { name } } }"
)


def _offer(supergraph: Supergraph, *, days: int = 40) -> tuple[str, dict[str, Any], dict[str, str]]:
    """A room type that is free, the stay, and its price."""
    check_in = date.today() + timedelta(days=days)  # noqa: DTZ011  # weeks ahead, whatever the zone
    stay = {
        "checkInDate": check_in.isoformat(),
        "checkOutDate": (check_in + timedelta(days=2)).isoformat(),
        "guests": 2,
    }
    data = supergraph.data(
        "query($stay: StayInput!) { hotels(filter: {stay: $stay}, sort: PRICE, first: 20) { edges { node {"
        " availability(stay: $stay) { roomType { id } roomsLeft total { amount currency } } } } } }",
        {"stay": stay},
    )
    offers = [offer for edge in data["hotels"]["edges"] for offer in edge["node"]["availability"]]
    best = max(offers, key=lambda offer: offer["roomsLeft"])
    return best["roomType"]["id"], stay, best["total"]


def _input(offer: tuple[str, dict[str, Any], dict[str, str]], **payment: Any) -> dict[str, Any]:
    room_type, stay, total = offer
    return {
        "roomTypeId": room_type,
        "stay": stay,
        "expectedTotal": total,
        "payment": payment or {"method": "CARD", "cardToken": "tok_approve"},
    }


def _outcome(supergraph: Supergraph, given: dict[str, Any], token: str) -> dict[str, Any]:
    """What becomes of a booking by card: asked for with the same key until that is known."""
    query = CREATE.replace("idempotencyKey: $key", "idempotencyKey: $key, waitMs: 10000")
    variables = {"input": given, "key": str(uuid4())}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = supergraph.data(query, variables, token=token)["createBooking"]
        if answer["__typename"] != "Booking" or answer["state"] == "CONFIRMED":
            return dict(answer)
        assert time.monotonic() < deadline, answer


def _wait_for(supergraph: Supergraph, booking_id: str, token: str, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        booking = supergraph.data(BOOKING, {"id": booking_id}, token=token)["booking"]
        if booking["state"] in states:
            return dict(booking)
        assert time.monotonic() < deadline, booking
        time.sleep(0.1)


def test_search_book_confirm_cancel_refund(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    offer = _offer(supergraph)
    key = str(uuid4())
    created = supergraph.data(CREATE, {"input": _input(offer), "key": key}, token=token)["createBooking"]
    assert created["__typename"] == "Booking", created
    assert created["total"] == offer[2]
    assert created["hotel"]["name"]
    booking = _wait_for(supergraph, created["id"], token, "CONFIRMED")
    assert booking["payment"]["state"] == "CAPTURED"

    # The same key again is the same booking, and with another input an error that says so.
    again = supergraph.data(CREATE, {"input": _input(offer), "key": key}, token=token)["createBooking"]
    assert again["id"] == created["id"]
    other = {**_input(offer), "payment": {"method": "PIX"}}
    reused = supergraph.data(CREATE, {"input": other, "key": key}, token=token)["createBooking"]
    assert reused["__typename"] == "IdempotencyKeyReused"

    cancel = "mutation($id: ID!) { cancelBooking(id: $id) { __typename ... on Problem { message } } }"
    assert supergraph.data(cancel, {"id": created["id"]}, token=token)["cancelBooking"]["__typename"] == "Booking"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        ended = _wait_for(supergraph, created["id"], token, "CANCELLED")
        if float(ended["payment"]["refunded"]["amount"]) == float(ended["cancellation"]["refund"]["amount"]):
            break
        assert time.monotonic() < deadline, ended
        time.sleep(0.1)
    versions = [entry["version"] for entry in ended["timeline"]]
    assert versions == list(range(1, len(versions) + 1))


def test_a_declined_card_leaves_neither_booking_nor_hold(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    offer = _offer(supergraph, days=45)
    before = _rooms_left(supergraph, offer)
    card = {"method": "CARD", "cardToken": "tok_decline_insufficient_funds"}
    answer = _outcome(supergraph, _input(offer, **card), token)
    assert answer["__typename"] == "PaymentDeclined", answer
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _rooms_left(supergraph, offer) != before:
        assert time.monotonic() < deadline, "the hold of a declined booking stays"
        time.sleep(0.1)


def _rooms_left(supergraph: Supergraph, offer: tuple[str, dict[str, Any], dict[str, str]]) -> int:
    query = "query($input: QuoteInput!) { quote(input: $input) { ... on Quote { roomsLeft } } }"
    data = supergraph.data(query, {"input": {"roomTypeId": offer[0], "stay": offer[1]}})
    return int(data["quote"].get("roomsLeft", 0))


def test_another_price_than_expected_is_shown_and_nothing_is_booked(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    offer = _offer(supergraph)
    cheaper = {**_input(offer), "expectedTotal": {"amount": "1.00", "currency": "BRL"}}
    answer = supergraph.data(CREATE, {"input": cheaper, "key": str(uuid4())}, token=token)["createBooking"]
    assert answer["__typename"] == "PriceChanged"
    assert answer["newTotal"]["amount"] == offer[2]["amount"]


def test_a_pix_booking_shows_its_code_and_waits(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    answer = supergraph.data(
        CREATE, {"input": _input(_offer(supergraph), method="PIX"), "key": str(uuid4())}, token=token
    )
    booking_id = answer["createBooking"]["id"]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        booking = supergraph.data(BOOKING, {"id": booking_id}, token=token)["booking"]
        if booking["payment"] and booking["payment"]["action"]:
            break
        assert time.monotonic() < deadline, booking
        time.sleep(0.1)
    assert booking["payment"]["action"]["kind"] == "PIX"
    assert booking["payment"]["action"]["pixCode"].startswith("000201")
    assert booking["state"] == "HELD"


def test_nobody_else_sees_or_cancels_a_booking(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    created = supergraph.data(CREATE, {"input": _input(_offer(supergraph)), "key": str(uuid4())}, token=token)
    booking_id = created["createBooking"]["id"]
    _wait_for(supergraph, booking_id, token, "CONFIRMED")
    stranger = supergraph.sign_in(MANAGER.email, MANAGER.password)
    for caller in (None, stranger):
        seen = supergraph.post(BOOKING, {"id": booking_id}, token=caller).json()
        assert (seen.get("data") or {}).get("booking") is None, seen
        cancel = "mutation($id: ID!) { cancelBooking(id: $id) { __typename } }"
        answer = supergraph.post(cancel, {"id": booking_id}, token=caller).json()
        assert (answer.get("data") or {}).get("cancelBooking", {"__typename": None})["__typename"] != "Booking", answer
    assert supergraph.data(BOOKING, {"id": booking_id}, token=token)["booking"]["state"] == "CONFIRMED"
    support = supergraph.sign_in(SUPPORT.email, SUPPORT.password)
    assert supergraph.data(BOOKING, {"id": booking_id}, token=support)["booking"]["state"] == "CONFIRMED"


def test_the_last_rooms_go_to_as_many_as_there_are(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    offer = _offer(supergraph, days=60)
    manager_rooms = 3
    _leave_rooms(supergraph, offer, manager_rooms)

    def book(_: int) -> str:
        return str(_outcome(supergraph, _input(offer), token)["__typename"])

    with ThreadPoolExecutor(12) as callers:
        outcomes = list(callers.map(book, range(12)))
    assert outcomes.count("Booking") == manager_rooms, outcomes
    assert outcomes.count("SoldOut") == 12 - manager_rooms, outcomes


def _leave_rooms(supergraph: Supergraph, offer: tuple[str, dict[str, Any], dict[str, str]], rooms: int) -> None:
    """As an admin, keep only ``rooms`` more rooms on sale for the stay."""
    admin = supergraph.sign_in(DEMO_ACCOUNTS[3].email, DEMO_ACCOUNTS[3].password)
    mutation = (
        "mutation($input: UpdateInventoryInput!) { updateInventory(input: $input) { __typename"
        " ... on RoomsAlreadyTaken { nights { takenRooms } } ... on Problem { message } } }"
    )
    last = (date.fromisoformat(offer[1]["checkOutDate"]) - timedelta(days=1)).isoformat()
    target = {"roomTypeId": offer[0], "firstNightDate": offer[1]["checkInDate"], "lastNightDate": last}
    answer = supergraph.data(mutation, {"input": {**target, "totalRooms": 0}}, token=admin)["updateInventory"]
    taken = max((night["takenRooms"] for night in answer.get("nights", [])), default=0)
    done = supergraph.data(mutation, {"input": {**target, "totalRooms": taken + rooms}}, token=admin)
    assert done["updateInventory"]["__typename"] == "CalendarUpdated", done


async def test_a_watcher_sees_every_version_once_and_in_order_and_resumes(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    answer = supergraph.data(
        CREATE, {"input": _input(_offer(supergraph, days=70), method="PIX"), "key": str(uuid4())}, token=token
    )
    booking_id = answer["createBooking"]["id"]
    cancel = "mutation($id: ID!) { cancelBooking(id: $id) { __typename ... on Problem { message } } }"
    async with asyncio.timeout(PATIENCE_SECONDS):
        seen = await _watch(supergraph, token, booking_id, None, until={"HELD"})
        await asyncio.to_thread(supergraph.data, cancel, {"id": booking_id}, token=token)
        later = await _watch(supergraph, token, booking_id, seen[-1]["version"], until={"CANCELLED"})
    assert all(event["hotel"]["name"] for event in seen + later)
    versions = [event["version"] for event in seen + later]
    assert versions == list(range(versions[0], versions[0] + len(versions))), versions


async def _watch(
    supergraph: Supergraph, token: str, booking_id: str, after: int | None, until: set[str]
) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    url = supergraph.url.replace("http", "ws") + "/graphql"
    async with websockets.connect(
        url, subprotocols=[websockets.Subprotocol("graphql-transport-ws")], proxy=None
    ) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        payload = {"query": WATCH, "variables": {"id": booking_id, "after": after}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        while not events or events[-1]["state"] not in until:
            message = json.loads(await socket.recv())
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            events.append(message["payload"]["data"]["bookingUpdated"])
    return events
