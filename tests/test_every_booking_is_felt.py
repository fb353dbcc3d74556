"""What a booking sets off in other domains: mail, notification, missions, points. Seen through the router."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import websockets

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.conftest import Supergraph

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

_, MANAGER, _, ADMIN = DEMO_ACCOUNTS
PASSWORD = "vento-norte-e-duna"
PATIENCE_SECONDS = 120

SIGN_UP = "mutation($input: SignUpInput!) { signUp(input: $input) { __typename ... on Problem { message } } }"
VERIFY = "mutation($token: String!) { verifyEmail(input: {token: $token}) { __typename ... on Problem { message } } }"
CREATE = """mutation($input: CreateBookingInput!, $key: String!) {
  createBooking(input: $input, idempotencyKey: $key, waitMs: 10000) {
    __typename ... on Booking { id code state total { amount } } ... on Problem { message }
  }
}"""
QUOTE = """query($input: QuoteInput!) {
  quote(input: $input) { __typename ... on Quote { total { amount currency } } ... on Problem { message } }
}"""
OFFERS = "query($id: ID!, $stay: StayInput!) { hotel(id: $id) { availability(stay: $stay) { roomType { id } } } }"
BOOKING = "query($id: ID!) { booking(id: $id) { state pointsEarned } }"
ME = """{ me {
  points { available pending reserved }
  unreadCount
  notifications(first: 20) { edges { node { kind title } } }
} }"""
EVENTS = {
    "notification": "subscription { notificationReceived { kind title } }",
    "mission": "subscription { missionUpdated { mission { code } value target status } }",
    "points": "subscription { pointsChanged { available pending reserved } }",
}


class Traveler:
    """A new account, and what happens to it."""

    def __init__(self, supergraph: Supergraph) -> None:
        self.supergraph = supergraph
        self.email = f"viajante-{uuid4().hex[:12]}@example.com"
        account = {"email": self.email, "password": PASSWORD, "displayName": "Viviane Torres", "locale": "PT_BR"}
        accepted = supergraph.data(SIGN_UP, {"input": account})["signUp"]
        assert accepted["__typename"] == "SignUpAccepted", accepted
        (mail,) = until(self.mails, bool)
        proof = re.search(r"^[\w-]{32,}$", mail.get_content(), re.MULTILINE)  # on a line of its own
        assert proof is not None, mail
        verified = supergraph.data(VERIFY, {"token": proof[0]})["verifyEmail"]
        assert verified["__typename"] == "EmailVerified", verified
        self.token = supergraph.sign_in(self.email, PASSWORD)
        self.seen: dict[str, list[dict[str, Any]]] = {name: [] for name in EVENTS}

    def data(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of an operation as this traveler."""
        return self.supergraph.data(query, variables, token=self.token)

    def me(self) -> dict[str, Any]:
        """Points and notifications as queries show them."""
        return dict(self.data(ME)["me"])

    def book(self, room_type: str, stay: dict[str, Any], *, points: int = 0) -> dict[str, Any]:
        """A booking that is confirmed, at the price that is quoted."""
        wanted = {"roomTypeId": room_type, "stay": stay, "points": points}
        quote = self.data(QUOTE, {"input": wanted})["quote"]
        assert quote["__typename"] == "Quote", quote
        payment = {"method": "CARD", "cardToken": "tok_approve"}
        variables = {"input": {**wanted, "expectedTotal": quote["total"], "payment": payment}, "key": str(uuid4())}
        return dict(until(lambda: self.data(CREATE, variables)["createBooking"], _is_decided))

    def mails(self) -> list[EmailMessage]:
        """The mails to this traveler in the local sink."""
        found = [_mail(path) for path in (self.supergraph.data_dir / "mail").glob("*.eml")]
        return [mail for mail in found if mail["To"] is not None and self.email in mail["To"]]

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """All three subscriptions, open on one WebSocket; what they bring is in ``seen``."""
        url = self.supergraph.url.replace("http", "ws") + "/graphql"
        protocol = websockets.Subprotocol("graphql-transport-ws")
        async with websockets.connect(url, subprotocols=[protocol], proxy=None) as socket:
            init = {"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}
            await socket.send(json.dumps(init))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            for name, query in EVENTS.items():
                await socket.send(json.dumps({"type": "subscribe", "id": name, "payload": {"query": query}}))
            reading = asyncio.create_task(self._read(socket))
            try:
                yield
            finally:
                reading.cancel()
                await asyncio.wait([reading])
        if not reading.cancelled():
            reading.result()

    async def _read(self, socket: websockets.ClientConnection) -> None:
        async for frame in socket:
            message = json.loads(frame)
            if message["type"] == "ping":
                await socket.send('{"type":"pong"}')
                continue
            assert message["type"] == "next", message
            assert "errors" not in message["payload"], message
            (event,) = message["payload"]["data"].values()
            self.seen[message["id"]].append(event)


def _mail(path: Path) -> EmailMessage:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def _is_decided(booking: dict[str, Any]) -> bool:
    assert booking["__typename"] == "Booking", booking
    return bool(booking["state"] == "CONFIRMED")


def until(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """What ``look`` sees as soon as ``holds`` is true of it; fails with the last sight after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.1)
    return seen


async def eventually(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """The same, without keeping the event loop from what it has to do meanwhile."""
    return await asyncio.to_thread(until, look, holds)


def room_of_the_manager(supergraph: Supergraph, *, days: int) -> tuple[str, dict[str, Any]]:
    """A room type of the demo manager's, and a stay of two nights in ``days`` days for which it is free."""
    token = supergraph.sign_in(MANAGER.email, MANAGER.password)
    mine = supergraph.data("{ me { managedHotels(first: 50) { edges { node { id timeZone } } } } }", token=token)
    for hotel in (edge["node"] for edge in mine["me"]["managedHotels"]["edges"]):
        first = datetime.now(ZoneInfo(hotel["timeZone"])).date() + timedelta(days=days)
        last = first + timedelta(days=2)
        stay = {"checkInDate": first.isoformat(), "checkOutDate": last.isoformat(), "guests": 1}
        query = (
            "query($id: ID!, $stay: StayInput!) { hotel(id: $id) { availability(stay: $stay) { roomType { id } } } }"
        )
        for offer in supergraph.data(query, {"id": hotel["id"], "stay": stay})["hotel"]["availability"]:
            return offer["roomType"]["id"], stay
    pytest.fail("the demo manager's hotels have no free room")


def mission_for_bookings(supergraph: Supergraph) -> str:
    """A mission that counts confirmed bookings, published; its code."""
    token = supergraph.sign_in(ADMIN.email, ADMIN.password)
    code = f"book-{uuid4().hex[:8]}"
    text = {"pt": "Reserve já", "en": "Book now"}
    definition = {
        "title": text,
        "description": text,
        "rule": {"event": "booking.confirmed", "measure": {"kind": "count"}},
        "target": 5,
        "rewards": {"points": 10},
    }
    create = """mutation($code: String!, $definition: JSON!) { createMission(code: $code, definition: $definition) {
      __typename ... on MissionDraft { id } ... on InvalidMission { mistakes { path message } } } }"""
    made = supergraph.data(create, {"code": code, "definition": definition}, token=token)["createMission"]
    assert made["__typename"] == "MissionDraft", made
    publish = "mutation($id: ID!) { publishMission(id: $id) { __typename } }"
    done = supergraph.data(publish, {"id": made["id"]}, token=token)
    assert done["publishMission"]["__typename"] == "MissionDraft", done
    return code


async def test_a_booking_is_felt_everywhere_and_its_cancellation_too(supergraph: Supergraph) -> None:
    mission = await asyncio.to_thread(mission_for_bookings, supergraph)
    traveler = await asyncio.to_thread(Traveler, supergraph)
    room_type, stay = await asyncio.to_thread(room_of_the_manager, supergraph, days=20)
    async with traveler.watching():
        await eventually(lambda: traveler.seen["points"], bool)  # the snapshot: the stream is open
        booking = await asyncio.to_thread(traveler.book, room_type, stay)
        code = booking["code"]
        await eventually(lambda: traveler.seen["notification"], tells("BOOKING_CONFIRMED", code))
        await eventually(
            lambda: [{**event, **event["mission"]} for event in traveler.seen["mission"]],
            lambda events: any(event["code"] == mission and event["value"] == 1 for event in events),
        )
        await eventually(lambda: traveler.seen["points"], lambda events: events[-1]["pending"] > 0)
        earned = (await asyncio.to_thread(traveler.data, BOOKING, {"id": booking["id"]}))["booking"]["pointsEarned"]
        assert earned == traveler.seen["points"][-1]["pending"] > 0
        mails = await eventually(traveler.mails, lambda mails: any(code in mail["Subject"] for mail in mails))
        (confirmation,) = [mail for mail in mails if code in mail["Subject"]]
        parts = {part.get_content_type() for part in confirmation.walk()}
        assert {"text/plain", "text/html"} <= parts

        cancel = "mutation($id: ID!) { cancelBooking(id: $id) { __typename } }"
        await asyncio.to_thread(traveler.data, cancel, {"id": booking["id"]})
        await eventually(lambda: traveler.seen["notification"], tells("BOOKING_CANCELLED", code))
        await eventually(lambda: traveler.seen["points"], lambda events: events[-1]["pending"] == 0)
    me = await asyncio.to_thread(traveler.me)
    assert me["points"] == {"available": 0, "pending": 0, "reserved": 0}
    kinds = [node["kind"] for node in nodes(me["notifications"])]
    assert kinds.count("BOOKING_CONFIRMED") == kinds.count("BOOKING_CANCELLED") == 1
    assert (await asyncio.to_thread(traveler.data, BOOKING, {"id": booking["id"]}))["booking"] == {
        "state": "CANCELLED",
        "pointsEarned": 0,
    }


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of a Relay connection."""
    return [edge["node"] for edge in connection["edges"]]


def tells(kind: str, words: str) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether one of the notifications is of that kind and has the words in its title."""
    return lambda events: any(event["kind"] == kind and words in event["title"] for event in events)


def test_points_of_a_stay_pay_for_the_next_one(supergraph: Supergraph) -> None:
    traveler = Traveler(supergraph)
    room_type, today = room_of_the_manager(supergraph, days=0)
    first = traveler.book(room_type, today)
    manager = supergraph.sign_in(MANAGER.email, MANAGER.password)
    for step in ("checkIn", "checkOut"):
        mutation = f"mutation($id: ID!) {{ {step}(id: $id) {{ __typename ... on Problem {{ message }} }} }}"
        answer = supergraph.data(mutation, {"id": first["id"]}, token=manager)[step]
        assert answer["__typename"] == "Booking", answer
    # The stay's own points, and those of the mission "first trip".
    me = until(traveler.me, lambda me: me["points"]["pending"] == 0 and me["points"]["available"] > 500)
    balance = me["points"]["available"]
    until(
        lambda: traveler.me()["notifications"], lambda all_: tells("MISSION_COMPLETED", "Primeira viagem")(nodes(all_))
    )

    room_type, later = room_of_the_manager(supergraph, days=25)
    full = traveler.data(QUOTE, {"input": {"roomTypeId": room_type, "stay": later}})["quote"]["total"]["amount"]
    second = traveler.book(room_type, later, points=500)
    assert round(100 * (float(full) - float(second["total"]["amount"]))) == 500
    me = until(traveler.me, lambda me: me["points"]["available"] == balance - 500 and me["points"]["reserved"] == 0)
    cancel = "mutation($id: ID!) { cancelBooking(id: $id) { __typename } }"
    traveler.data(cancel, {"id": second["id"]})
    until(traveler.me, lambda me: me["points"]["available"] == balance)
