"""A stay is changed through the whole supergraph: router, subgraphs, relays, consumers, sagas, sandbox."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph
from tests.test_booking_flow import CREATE, _input, _leave_rooms, _wait_for

pytestmark = [pytest.mark.system]

TRAVELER, MANAGER, *_ = DEMO_ACCOUNTS
QUOTE = (
    "query($input: StayChangeQuoteInput!) { stayChangeQuote(input: $input) { __typename"
    " ... on StayChangeQuote { newTotal { amount currency } due { amount } refund { amount } }"
    " ... on Problem { message } } }"
)
CHANGE = (
    "mutation($input: ChangeStayInput!, $key: String!) { changeStay(input: $input, idempotencyKey: $key) { __typename"
    " ... on Booking { id changes { id state } } ... on Problem { message } } }"
)
BOOKING = (
    "query($id: ID!) { booking(id: $id) { state checkInDate checkOutDate total { amount } hotel { name }"
    " cancellation { refund { amount } refunded { amount } } payment { amount { amount } refunded { amount } }"
    " changes { state due { amount } refund { amount } refunded { amount }"
    " payment { state amount { amount } refunded { amount } } } timeline { version type } } }"
)
PRICE = (
    "query($input: QuoteInput!) { quote(input: $input) { ... on Quote { total { amount currency } roomsLeft"
    " freeCancellationDays } } }"
)
CANCEL = "mutation($id: ID!) { cancelBooking(id: $id) { __typename ... on Problem { message } } }"


def _nights(stay: dict[str, Any], nights: int) -> dict[str, Any]:
    """The same stay with another number of nights."""
    last = date.fromisoformat(stay["checkInDate"]) + timedelta(days=nights)
    return {**stay, "checkOutDate": last.isoformat()}


def _refundable_offer(supergraph: Supergraph) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Two nights in a room type that can be had for one and for three as well, and be cancelled free of charge.

    Which ones are so depends on the weekday of the arrival, because some have a minimum stay on weekends.
    """
    check_in = date.today() + timedelta(days=80)  # noqa: DTZ011  # weeks ahead, whatever the zone
    stay = _nights({"checkInDate": check_in.isoformat(), "guests": 2}, 2)
    found = supergraph.data(
        "query($stay: StayInput!) { hotels(filter: {stay: $stay}, sort: PRICE, first: 20) { edges { node {"
        " availability(stay: $stay) { roomType { id } } } } } }",
        {"stay": _nights(stay, 3)},
    )
    for edge in found["hotels"]["edges"]:
        for offer in edge["node"]["availability"]:
            room_type = offer["roomType"]["id"]
            quotes = [
                supergraph.data(PRICE, {"input": {"roomTypeId": room_type, "stay": _nights(stay, nights)}})["quote"]
                for nights in (1, 2, 3)
            ]
            if all(quote.get("freeCancellationDays") is not None for quote in quotes):
                return room_type, stay, quotes[1]["total"]
    raise AssertionError("the demo market has no such room type")


def _booking_when(supergraph: Supergraph, booking_id: str, token: str, is_so: Any) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        booking = supergraph.data(BOOKING, {"id": booking_id}, token=token)["booking"]
        if is_so(booking):
            return dict(booking)
        assert time.monotonic() < deadline, booking
        time.sleep(0.1)


def _change(supergraph: Supergraph, booking_id: str, stay: dict[str, Any], token: str) -> dict[str, Any]:
    """Ask for the price, agree, and wait until the change and its money are done."""
    wanted = {"bookingId": booking_id, "stay": stay}
    quote = supergraph.data(QUOTE, {"input": wanted}, token=token)["stayChangeQuote"]
    assert quote["__typename"] == "StayChangeQuote", quote
    card = {"method": "CARD", "cardToken": "tok_approve"}
    given = {**wanted, "expectedTotal": quote["newTotal"], "payment": card}
    key = str(uuid4())
    first, again = (supergraph.data(CHANGE, {"input": given, "key": key}, token=token)["changeStay"] for _ in range(2))
    assert first["__typename"] == "Booking", first
    assert again["changes"][-1]["id"] == first["changes"][-1]["id"]

    def is_done(booking: dict[str, Any]) -> bool:
        change = booking["changes"][-1]
        return change["state"] == "DONE" and change["refunded"] == change["refund"]

    booking = _booking_when(supergraph, booking_id, token, is_done)
    assert booking["total"]["amount"] == quote["newTotal"]["amount"]
    assert booking["checkOutDate"] == stay["checkOutDate"]
    return booking


def test_a_stay_grows_in_a_full_hotel_shrinks_and_is_cancelled_with_all_money_back(supergraph: Supergraph) -> None:
    token = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    offer = _refundable_offer(supergraph)
    created = supergraph.data(CREATE, {"input": _input(offer), "key": str(uuid4())}, token=token)["createBooking"]
    assert created["__typename"] == "Booking", created
    booking_id, stay = created["id"], offer[1]
    _wait_for(supergraph, booking_id, token, "CONFIRMED")
    _leave_rooms(supergraph, offer, 0)  # on its own nights there is no room left but its own

    dearer = _change(supergraph, booking_id, _nights(stay, 3), token)
    (change,) = dearer["changes"]
    assert float(dearer["total"]["amount"]) > float(created["total"]["amount"])
    assert change["payment"] == {"state": "CAPTURED", "amount": change["due"], "refunded": {"amount": "0.00"}}
    assert dearer["hotel"]["name"]

    cheaper = _change(supergraph, booking_id, _nights(stay, 1), token)
    assert float(cheaper["total"]["amount"]) < float(created["total"]["amount"])
    assert float(cheaper["changes"][-1]["refunded"]["amount"]) > 0

    stranger = supergraph.sign_in(MANAGER.email, MANAGER.password)
    given = {"bookingId": booking_id, "stay": stay, "expectedTotal": created["total"]}
    refused = supergraph.data(CHANGE, {"input": given, "key": str(uuid4())}, token=stranger)["changeStay"]
    assert refused["__typename"] == "BookingNotFound"

    assert supergraph.data(CANCEL, {"id": booking_id}, token=token)["cancelBooking"]["__typename"] == "Booking"
    ended = _booking_when(
        supergraph,
        booking_id,
        token,
        lambda booking: booking["cancellation"]["refunded"] == booking["cancellation"]["refund"],
    )
    assert ended["state"] == "CANCELLED"
    assert len(ended["changes"]) == 2
    paid = [ended["payment"], *(each["payment"] for each in ended["changes"] if each["payment"])]
    assert len(paid) == 2
    assert all(each["amount"] == each["refunded"] for each in paid)
    versions = [entry["version"] for entry in ended["timeline"]]
    assert versions == list(range(1, len(versions) + 1))
    types = [entry["type"] for entry in ended["timeline"]]
    assert types.count("booking.changed") == 2
