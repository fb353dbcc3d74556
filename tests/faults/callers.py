"""Clients that book, as an app would: they try again with the same key until they know."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Lock
from typing import Any

import httpx

from tests.conftest import Supergraph

CREATE = (
    "mutation($input: CreateBookingInput!, $key: String!, $waitMs: Int) {"
    " createBooking(input: $input, idempotencyKey: $key, waitMs: $waitMs) {"
    " __typename ... on Booking { id state failureReason } ... on Problem { message } } }"
)
CANCEL = "mutation($id: ID!) { cancelBooking(id: $id) { __typename ... on Booking { id state } } }"
SIGN_IN = (
    "mutation($email: Email!, $password: String!) { signIn(input: {email: $email, password: $password}) {"
    " ... on SignInSuccess { accessToken } } }"
)
OFFERS = (
    "query($stay: StayInput!) { hotels(filter: {stay: $stay}, sort: PRICE, first: 40) { edges { node {"
    " availability(stay: $stay) { roomType { id } roomsLeft total { amount currency } } } } } }"
)
NO_ROUTER = "NO_ROUTER"
"""Counted as the code of an error when the router itself does not answer."""
ANSWER_WITHIN = 300.0
"""Seconds within which a caller who tries again must have an answer, whatever was killed, on any machine."""
LONGEST_PAUSE = 4.0
"""Seconds between two tries, at most."""


@dataclass(frozen=True)
class Offer:
    """A room type, a stay and its price."""

    room_type_id: str
    stay: dict[str, Any]
    total: dict[str, str]
    rooms_left: int

    def booking(self, card: str) -> dict[str, Any]:
        """The input that books it."""
        return {
            "roomTypeId": self.room_type_id,
            "stay": self.stay,
            "expectedTotal": self.total,
            "payment": {"method": "CARD", "cardToken": card},
        }


def offers(supergraph: Supergraph, check_in: date, nights: int) -> list[Offer]:
    """What is free for a stay of two guests, the room type with most rooms first."""
    stay = {
        "checkInDate": check_in.isoformat(),
        "checkOutDate": (check_in + timedelta(days=nights)).isoformat(),
        "guests": 2,
    }
    found = [
        Offer(each["roomType"]["id"], stay, each["total"], each["roomsLeft"])
        for edge in supergraph.data(OFFERS, {"stay": stay})["hotels"]["edges"]
        for each in edge["node"]["availability"]
    ]
    return sorted(found, key=lambda offer: offer.rooms_left, reverse=True)


@dataclass
class Caller:
    """Books, and keeps count of the errors on the way to an answer."""

    supergraph: Supergraph
    token: str
    errors: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def signed_in(cls, supergraph: Supergraph, email: str, password: str) -> Caller:
        """A caller with a token; signing in is tried again too."""
        caller = cls(supergraph, "")
        caller.token = caller._ask(SIGN_IN, {"email": email, "password": password})["signIn"]["accessToken"]
        return caller

    def book(self, booking: dict[str, Any], key: str, *, wait_ms: int = 0) -> dict[str, Any]:
        """The answer to ``createBooking``, asked again for as long as there are errors."""
        return dict(self._ask(CREATE, {"input": booking, "key": key, "waitMs": wait_ms})["createBooking"])

    def cancel(self, booking_id: str) -> dict[str, Any]:
        """The answer to ``cancelBooking``, asked again for as long as there are errors."""
        return dict(self._ask(CANCEL, {"id": booking_id})["cancelBooking"])

    def _ask(self, query: str, variables: dict[str, Any]) -> Any:
        deadline = time.monotonic() + ANSWER_WITHIN
        pause = 0.25
        while True:
            try:
                body = self.supergraph.post(query, variables, token=self.token or None).json()
            except httpx.TransportError as error:
                body = {"errors": [{"extensions": {"code": NO_ROUTER}, "message": repr(error)}]}
            if not body.get("errors"):
                return body["data"]
            with self._lock:
                self.errors.update(f"{e['extensions']['code']}: {e['message']}" for e in body["errors"])
            assert time.monotonic() < deadline, body
            # As a patient client does, so that hundreds of them do not keep busy whom they wait for.
            time.sleep(random.uniform(0.5, 1) * pause)
            pause = min(2 * pause, LONGEST_PAUSE)
