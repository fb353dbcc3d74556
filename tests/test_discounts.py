"""Coupons and points through the whole supergraph: made by an administrator, quoted, used, refused, given back."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

pytestmark = [pytest.mark.system]

TRAVELER, _, _, ADMIN = DEMO_ACCOUNTS
PATIENCE_SECONDS = 120
QUOTE = """query($input: QuoteInput!) { quote(input: $input) { __typename
  ... on Quote { total { amount currency } maximumPoints priceLines { kind amount { amount } } }
  ... on CouponRejected { reason } ... on Problem { message } } }"""
CREATE = """mutation($input: CreateBookingInput!, $key: String!) {
  createBooking(input: $input, idempotencyKey: $key, waitMs: 10000) { __typename
    ... on Booking { id state total { amount currency } couponCode pointsRedeemed }
    ... on PointsRefused { available booking { state } } ... on CouponRejected { reason }
    ... on Problem { message } } }"""


def _wanted(supergraph: Supergraph, **discounts: Any) -> dict[str, Any]:
    """A room type that is free for a stay, and the discounts."""
    first = date.today() + timedelta(days=47)  # noqa: DTZ011  # weeks ahead, whatever the zone
    stay = {"checkInDate": first.isoformat(), "checkOutDate": (first + timedelta(days=2)).isoformat(), "guests": 2}
    data = supergraph.data(
        "query($stay: StayInput!) { hotels(filter: {stay: $stay}, first: 20) { edges { node {"
        " availability(stay: $stay) { roomType { id } roomsLeft } } } } }",
        {"stay": stay},
    )
    offers = [offer for edge in data["hotels"]["edges"] for offer in edge["node"]["availability"]]
    best = max(offers, key=lambda offer: offer["roomsLeft"])
    return {"roomTypeId": best["roomType"]["id"], "stay": stay, **discounts}


def _until(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


def _book(supergraph: Supergraph, wanted: dict[str, Any], total: dict[str, str], token: str) -> dict[str, Any]:
    """What becomes of a booking by card: asked for with the same key until that is known."""
    payment = {"method": "CARD", "cardToken": "tok_approve"}
    variables = {"input": {**wanted, "expectedTotal": total, "payment": payment}, "key": str(uuid4())}

    def is_decided(answer: dict[str, Any]) -> bool:
        return answer["__typename"] != "Booking" or answer["state"] == "CONFIRMED"

    return dict(_until(lambda: supergraph.data(CREATE, variables, token=token)["createBooking"], is_decided))


def test_a_coupon_is_made_quoted_used_once_and_given_back(supergraph: Supergraph) -> None:
    admin = supergraph.sign_in(ADMIN.email, ADMIN.password)
    traveler = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    code = f"T{uuid4().hex[:12].upper()}"
    made = supergraph.data(
        "mutation($input: CreateCouponInput!) { createCoupon(input: $input) { ... on Coupon { id } } }",
        {"input": {"code": code, "percent": 10, "maxUses": 1}},
        token=admin,
    )["createCoupon"]
    wanted = _wanted(supergraph, couponCode=code)
    quote = supergraph.data(QUOTE, {"input": wanted}, token=traveler)["quote"]
    assert [line["kind"] for line in quote["priceLines"]] == ["ROOMS", "COUPON"]
    booking = _book(supergraph, wanted, quote["total"], traveler)
    assert (booking["state"], booking["total"], booking["couponCode"]) == ("CONFIRMED", quote["total"], code)
    again = supergraph.data(QUOTE, {"input": wanted})["quote"]
    assert (again["__typename"], again["reason"]) == ("CouponRejected", "USED_UP")

    cancel = "mutation($id: ID!) { cancelBooking(id: $id) { ... on Booking { cancellation { fee { amount } } } } }"
    fee = supergraph.data(cancel, {"id": booking["id"]}, token=traveler)["cancelBooking"]["cancellation"]["fee"]
    listed = supergraph.data("{ coupons(first: 100) { edges { node { id uses } } } }", token=admin)["coupons"]
    (uses,) = [edge["node"]["uses"] for edge in listed["edges"] if edge["node"]["id"] == made["id"]]
    assert uses == (0 if float(fee["amount"]) == 0 else 1)


def test_the_demo_market_has_a_coupon_for_everybody(supergraph: Supergraph) -> None:
    quote = supergraph.data(QUOTE, {"input": _wanted(supergraph, couponCode="bemvindo10")})["quote"]
    rooms, coupon = (float(line["amount"]["amount"]) for line in quote["priceLines"])
    assert coupon == -(round(100 * rooms) * 10 // 100) / 100


def test_points_that_gamification_does_not_have_fail_the_booking(supergraph: Supergraph) -> None:
    traveler = supergraph.sign_in(TRAVELER.email, TRAVELER.password)
    wanted = _wanted(supergraph)
    most = supergraph.data(QUOTE, {"input": wanted}, token=traveler)["quote"]["maximumPoints"]
    wanted["points"] = most
    quote = supergraph.data(QUOTE, {"input": wanted}, token=traveler)["quote"]
    answer = _book(supergraph, wanted, quote["total"], traveler)
    assert answer["__typename"] == "PointsRefused"
    assert 0 <= answer["available"] < most
    assert answer["booking"]["state"] == "FAILED"
