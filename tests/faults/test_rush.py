"""Everybody at once, from several processes: the last rooms, and one request that is sent many times over."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reservei.demo_accounts import DEMO_ACCOUNTS
from tests.faults.audit import Audit
from tests.faults.callers import Caller, Offer, offers
from tests.faults.platform import FaultyPlatform

pytestmark = [pytest.mark.system]

TRAVELER, _, _, ADMIN = DEMO_ACCOUNTS
ROOT = Path(__file__).parents[2]
CLIENTS = 5
CALLERS = 500
LAST_ROOMS = 7
SAME_KEY_CALLERS = 50
NIGHTS = 5
CALENDAR = (
    "mutation($input: UpdateInventoryInput!) { updateInventory(input: $input) { __typename"
    " ... on RoomsAlreadyTaken { nights { takenRooms } } ... on Problem { message } } }"
)


@pytest.mark.timeout(900)
def test_the_last_rooms_go_to_as_many_as_there_are(platform_under_fault: FaultyPlatform) -> None:
    platform = platform_under_fault
    audit = Audit.begin(platform)
    first = datetime.now(UTC).date() + timedelta(days=70)
    stays = _overlapping_stays(platform, first)
    assert len(stays) >= 3, "the demo market has no room type that is free for overlapping stays"
    contested = first + timedelta(days=NIGHTS // 2)
    for day in range(NIGHTS):
        _leave_rooms(platform, stays[0].room_type_id, first + timedelta(days=day))

    requests = [
        {"input": stays[number % len(stays)].booking("tok_approve"), "key": str(uuid4())} for number in range(CALLERS)
    ]
    with platform.doubled():
        answers, errors = _all_at_once(platform, requests)
        audit.wait_until_over()
    # "Too busy, try again" is an answer on a small machine, and the callers do; anything else is a bug.
    assert all(error.startswith("UNAVAILABLE: ") for error in errors), errors
    assert "deadlock detected" not in platform.database_log()
    # A booking whose outcome took longer than its caller would wait is looked up by the audit, like all others.
    assert {answer["__typename"] for answer in answers} <= {"Booking", "SoldOut"}, Counter(map(str, answers))
    assert len(answers) == CALLERS
    room_type = stays[0].room_type_id
    states = audit.states(room_type, contested)
    winners = {booking_id for booking_id, state in states.items() if state == "CONFIRMED"}
    assert len(winners) == LAST_ROOMS, Counter(states.values())
    assert audit.buyers(room_type, contested) == winners
    assert len(states) <= CALLERS
    for answer in answers:
        won = answer["__typename"] == "Booking" and answer["id"] in winners
        slow = answer["__typename"] == "Booking" and answer["state"] == "PENDING"
        assert won or slow or answer["__typename"] == "SoldOut", answer
    audit.wait_until_right({booking_id: "CONFIRMED" if booking_id in winners else "FAILED" for booking_id in states})
    checked = platform.command("ledger", "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.timeout(900)
def test_one_request_from_many_clients_is_one_booking(platform_under_fault: FaultyPlatform) -> None:
    platform = platform_under_fault
    audit = Audit.begin(platform)
    offer = offers(platform.supergraph, datetime.now(UTC).date() + timedelta(days=80), 2)[0]
    request = {"input": offer.booking("tok_approve"), "key": str(uuid4())}
    answers, errors = _all_at_once(platform, [request] * SAME_KEY_CALLERS)
    assert all(error.startswith("UNAVAILABLE: ") for error in errors), errors
    assert {answer["__typename"] for answer in answers} == {"Booking"}, answers
    assert len({answer["id"] for answer in answers}) == 1
    booking_id = answers[0]["id"]
    audit.wait_until_right({booking_id: "CONFIRMED"})
    night = date.fromisoformat(offer.stay["checkInDate"])
    assert audit.buyers(offer.room_type_id, night) == {booking_id}
    letters = platform.command("deadletters", "list")
    assert "There are no dead letters." in letters.stdout, letters.stdout + letters.stderr


def _overlapping_stays(platform: FaultyPlatform, first: date) -> list[Offer]:
    """Stays of one room type with rooms to spare, all of which need the night in the middle."""
    found: dict[str, list[Offer]] = {}
    for start, nights in ((0, 5), (0, 3), (1, 3), (2, 3), (1, 2), (2, 2), (2, 1)):
        for offer in offers(platform.supergraph, first + timedelta(days=start), nights):
            found.setdefault(offer.room_type_id, []).append(offer)
    return max(found.values(), key=lambda each: (len(each), each[0].rooms_left))


def _leave_rooms(platform: FaultyPlatform, room_type_id: str, night: date) -> None:
    """As an administrator, keep only ``LAST_ROOMS`` more rooms on sale for the night."""
    admin = Caller.signed_in(platform.supergraph, ADMIN.email, ADMIN.password).token
    target = {"roomTypeId": room_type_id, "firstNightDate": night.isoformat(), "lastNightDate": night.isoformat()}
    answer = platform.supergraph.data(CALENDAR, {"input": {**target, "totalRooms": 0}}, token=admin)["updateInventory"]
    taken = max((each["takenRooms"] for each in answer.get("nights", [])), default=0)
    done = platform.supergraph.data(CALENDAR, {"input": {**target, "totalRooms": taken + LAST_ROOMS}}, token=admin)
    assert done["updateInventory"]["__typename"] == "CalendarUpdated", done


def _all_at_once(platform: FaultyPlatform, requests: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], Counter[str]]:
    """The answers to ``requests``, and the errors that came before them, sent from several processes together."""
    token = Caller.signed_in(platform.supergraph, TRAVELER.email, TRAVELER.password).token
    clients = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.clients"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(CLIENTS)
    ]
    answers: list[dict[str, Any]] = []
    errors: Counter[str] = Counter()
    try:
        for number, client in enumerate(clients):
            assert client.stdin is not None
            work = {"url": platform.supergraph.url, "token": token, "requests": requests[number::CLIENTS]}
            client.stdin.write(json.dumps(work) + "\n")
            client.stdin.flush()
        for client in clients:
            assert client.stdout is not None
            assert client.stdout.readline() == "ready\n"
        for client in clients:
            assert client.stdin is not None
            client.stdin.write("go\n")
            client.stdin.flush()
        for client in clients:
            written, _ = client.communicate(timeout=500)
            done = json.loads(written)
            answers += done["answers"]
            errors.update(done["errors"])
    finally:
        for client in clients:
            client.kill()
            client.wait()
            for pipe in (client.stdin, client.stdout):
                if pipe is not None:
                    pipe.close()
    return answers, errors
