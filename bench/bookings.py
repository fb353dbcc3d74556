"""Bookings per second, end to end, next to plain SQL transactions that write the same, measured in the same run.

    cd bench && ../.venv/bin/python bookings.py         # starts a supergraph of its own with the full demo market

A booking counts when `createBooking`, sent through the router, has answered that it is CONFIRMED: price checked, rooms
held, sandbox card authorized, rooms sold, money captured, ledger written.

(a) spread: stays all over the market, so that nobody waits for anybody's rooms
(b) contended: everybody wants the same night of the same room type, of which there are enough

The floor of each is one transaction on the same PostgreSQL server with the same writes and nothing between them:
booking, events, hold, rooms of the night, payment, ledger entries with their postings. What lies between floor and
platform is the price of owners of data that share no transaction, of HTTP, GraphQL and messages. The last line of the
output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import psutil
import uvloop
from load import Result, exchange, once, post
from supergraph import HOST, PORTS, running_supergraph

from reservei.demo_accounts import DEMO_ACCOUNTS
from shared.local.ports import read_port

TRAVELER, _, _, ADMIN = DEMO_ACCOUNTS
ROOMS_FOR_ALL = 5_000
WARM_UP = 3.0
SIGN_IN = """mutation($email: Email!, $password: String!) {
  signIn(input: {email: $email, password: $password}) { ... on SignInSuccess { accessToken } }
}"""
OFFERS = """query($stay: StayInput!, $after: String) {
  hotels(filter: {stay: $stay}, sort: PRICE, first: 50, after: $after) {
    edges { node { availability(stay: $stay) { roomType { id } roomsLeft total { amount currency } } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
CALENDAR = """mutation($input: UpdateInventoryInput!) { updateInventory(input: $input) { __typename } }"""
UNDECIDED = {"PENDING", "HELD", "AUTHORIZED"}
PARTS = {"server": "reservei.server", "worker": "reservei.worker", "PostgreSQL": "postgres", "Valkey": "valkey-server"}
"""The processes of `reservei up`, by a word of their command lines."""
CREATE = """mutation($input: CreateBookingInput!, $key: String!) {
  createBooking(input: $input, idempotencyKey: $key, waitMs: 10000) {
    __typename ... on Booking { state } ... on Problem { message }
  }
}"""

FLOOR_TABLES = """
CREATE TABLE bookings (id uuid PRIMARY KEY, user_id uuid, room_type_id uuid, night date, state text, total bigint,
                       details jsonb, key text, UNIQUE (user_id, key));
CREATE INDEX ON bookings (user_id, id);
CREATE TABLE events (booking_id uuid, sequence int, type text, payload jsonb, PRIMARY KEY (booking_id, sequence));
CREATE TABLE nights (room_type_id uuid, night date, total int, held int DEFAULT 0, sold int DEFAULT 0,
                     PRIMARY KEY (room_type_id, night), CHECK (held >= 0 AND sold >= 0 AND held + sold <= total));
CREATE TABLE holds (id uuid PRIMARY KEY, booking_id uuid, room_type_id uuid, night date, state text);
CREATE TABLE payments (id uuid PRIMARY KEY, booking_id uuid, state text, amount bigint, captured bigint);
CREATE INDEX ON payments (booking_id);
CREATE TABLE entries (id uuid PRIMARY KEY, kind text, reference text UNIQUE, payment_id uuid REFERENCES payments);
CREATE TABLE postings (id uuid PRIMARY KEY, entry_id uuid REFERENCES entries, account text, amount bigint);
CREATE INDEX ON postings (entry_id);
"""
EVENTS = ("requested", "held", "authorized", "confirmed")
ENTRIES = {
    "authorization": {"receivable": 100, "authorized": -100},
    "capture": {"clearing": 100, "payable": -85, "revenue": -15, "receivable": -100, "authorized": 100},
    "fee": {"fees": 3, "clearing": -3},
}


async def ask(query: str, variables: dict[str, Any], token: str = "") -> Any:
    """The data of one operation through the router."""
    _, body = await once(HOST, PORTS["router"], _request(query, variables, token))
    answer = json.loads(body)
    if "errors" in answer:
        sys.exit(f"the operation fails: {answer['errors']}")
    return answer["data"]


def _request(query: str, variables: dict[str, Any], token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return post("/graphql", json.dumps({"query": query, "variables": variables}).encode(), headers)


async def sign_in(email: str, password: str) -> str:
    """An access token."""
    return str((await ask(SIGN_IN, {"email": email, "password": password}))["signIn"]["accessToken"])


def stay_in(days: int, nights: int = 1) -> dict[str, Any]:
    """A stay of two guests, so many days ahead."""
    first = datetime.now(UTC).date() + timedelta(days=days)
    last = first + timedelta(days=nights)
    return {"checkInDate": first.isoformat(), "checkOutDate": last.isoformat(), "guests": 2}


async def bookings_of(stay: dict[str, Any]) -> list[dict[str, Any]]:
    """An input for each room that is free for the stay."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await ask(OFFERS, {"stay": stay, "after": after}))["hotels"]
        found += [
            _booking(offer, stay)
            for edge in page["edges"]
            for offer in edge["node"]["availability"]
            for _ in range(offer["roomsLeft"])
        ]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _booking(offer: dict[str, Any], stay: dict[str, Any]) -> dict[str, Any]:
    return {
        "roomTypeId": offer["roomType"]["id"],
        "stay": stay,
        "expectedTotal": offer["total"],
        "payment": {"method": "CARD", "cardToken": "tok_approve"},
    }


async def spread(needed: int) -> list[dict[str, Any]]:
    """So many bookings or more, of all hotels and several nights, well mixed."""
    nights = [await bookings_of(stay_in(days)) for days in range(20, 26)]
    rows = [each for rooms in nights for each in rooms]
    random.Random(7).shuffle(rows)
    if len(rows) < needed:
        print(f"only {len(rows)} rooms are free; the measurement may end early", file=sys.stderr)
    return rows


async def contended() -> list[dict[str, Any]]:
    """Bookings of one room type for one night, of which there are now enough for everybody."""
    stay = stay_in(40)
    wanted = (await bookings_of(stay))[0]
    night = stay["checkInDate"]
    target = {"roomTypeId": wanted["roomTypeId"], "firstNightDate": night, "lastNightDate": night}
    admin = await sign_in(ADMIN.email, ADMIN.password)
    done = await ask(CALENDAR, {"input": {**target, "totalRooms": ROOMS_FOR_ALL}}, admin)
    if done["updateInventory"]["__typename"] != "CalendarUpdated":
        sys.exit(f"the calendar is not changed: {done}")
    return [wanted] * ROOMS_FOR_ALL


def processor_seconds() -> Counter[str]:
    """What the parts of the supergraph have had of the processors so far, children that ended included."""
    spent: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            words = " ".join(process.cmdline())
            part = next((part for part, word in PARTS.items() if word in words), None)
            if part is not None:
                times = process.cpu_times()
                ended = times.children_user + times.children_system if part == "PostgreSQL" else 0.0
                spent[part] += times.user + times.system + ended
    return spent


async def closed_loop(
    name: str, callers: int, seconds: float, make_caller: Callable[[], Awaitable[Callable[[], Awaitable[str]]]]
) -> tuple[Result, Counter[str]]:
    """Keep ``callers`` bookings under way; count those that end within the time, by outcome."""
    result, outcomes = Result(name, seconds), Counter[str]()
    calls = [await make_caller() for _ in range(callers)]
    start = time.perf_counter() + WARM_UP
    end = start + seconds

    async def run(call: Callable[[], Awaitable[str]]) -> None:
        while (began := time.perf_counter()) < end:
            outcome = await call()
            if start <= (done := time.perf_counter()) <= end:
                outcomes[outcome] += 1
                if outcome == "CONFIRMED":
                    result.latencies.append(done - began)

    await asyncio.gather(*map(run, calls))
    return result, outcomes


async def platform(
    name: str, bookings: list[dict[str, Any]], token: str, callers: int, seconds: float
) -> tuple[Result, Counter[str]]:
    """Bookings through the router."""
    left = iter(bookings)

    async def make_caller() -> Callable[[], Awaitable[str]]:
        reader, writer = await asyncio.open_connection(HOST, PORTS["router"], limit=2**20)

        async def call() -> str:
            booking = next(left, None)
            if booking is None:
                sys.exit("all rooms are sold before the time is over; give fewer seconds")
            request = _request(CREATE, {"input": booking, "key": str(uuid4())}, token)
            while True:
                _, body = await exchange(reader, writer, request)
                answer = json.loads(body)
                if answer.get("errors"):
                    return str(answer["errors"][0]["extensions"]["code"])
                created = answer["data"]["createBooking"]
                outcome = str(created.get("state") or created["__typename"])
                if outcome not in UNDECIDED:  # otherwise the same request waits on for the same booking
                    return outcome

        return call

    return await closed_loop(name, callers, seconds, make_caller)


async def floor(name: str, server: str, *, room_types: int, callers: int, seconds: float) -> Result:
    """The same writes as one transaction each."""
    database = f"floor_{uuid4().hex[:8]}"
    admin = await asyncpg.connect(server)
    await admin.execute(f"CREATE DATABASE {database}")
    url = f"{server.rpartition('/')[0]}/{database}"
    types = [uuid4() for _ in range(room_types)]
    night = datetime.now(UTC).date()
    setup = await asyncpg.connect(url)
    await setup.execute(FLOOR_TABLES)
    await setup.executemany("INSERT INTO nights VALUES ($1, $2, 1000000000)", [(each, night) for each in types])
    await setup.close()
    numbers, user = count(), uuid4()
    opened: list[asyncpg.Connection] = []

    async def make_caller() -> Callable[[], Awaitable[str]]:
        connection = await asyncpg.connect(url)
        opened.append(connection)

        async def call() -> str:
            async with connection.transaction():
                await _sell(connection, types[next(numbers) % room_types], night, user)
            return "CONFIRMED"

        return call

    result, _ = await closed_loop(name, callers, seconds, make_caller)
    for connection in opened:
        await connection.close()
    await admin.execute(f"DROP DATABASE {database}")
    await admin.close()
    return result


async def _sell(connection: asyncpg.Connection, room_type: Any, night: Any, user: Any) -> None:
    booking, payment = uuid4(), uuid4()
    details = json.dumps({"hotel": "x" * 300})
    await connection.execute(
        "INSERT INTO bookings VALUES ($1, $2, $3, $4, 'CONFIRMED', 100, $5, $6)",
        booking, user, room_type, night, details, str(booking),
    )  # fmt: skip
    await connection.executemany(
        "INSERT INTO events VALUES ($1, $2, $3, $4)",
        [(booking, number, kind, details) for number, kind in enumerate(EVENTS, 1)],
    )
    await connection.execute("INSERT INTO payments VALUES ($1, $2, 'CAPTURED', 100, 100)", payment, booking)
    for kind, postings in ENTRIES.items():
        entry = uuid4()
        await connection.execute(
            "INSERT INTO entries VALUES ($1, $2, $3, $4)", entry, kind, f"{kind}:{payment}", payment
        )
        await connection.executemany(
            "INSERT INTO postings VALUES ($1, $2, $3, $4)",
            [(uuid4(), entry, account, amount) for account, amount in postings.items()],
        )
    await connection.execute(
        "INSERT INTO holds VALUES ($1, $2, $3, $4, 'CONFIRMED')", uuid4(), booking, room_type, night
    )
    # The rooms last, as a clever single transaction would: their lock is held for the commit only.
    sold = await connection.fetchval(
        "UPDATE nights SET sold = sold + 1 WHERE room_type_id = $1 AND night = $2 AND held + sold < total RETURNING 1",
        room_type, night,
    )  # fmt: skip
    assert sold == 1


async def main(data_dir: Path, seconds: float, callers: int) -> None:
    """Measure, print a table, and one JSON object at the end."""
    password = (data_dir / "secrets" / "postgres_password").read_text(encoding="utf-8").strip()
    server = f"postgresql://postgres:{password}@{HOST}:{read_port(data_dir / 'postgres.port')}/postgres"
    token = await sign_in(TRAVELER.email, TRAVELER.password)
    rows: list[tuple[Result, Result, Counter[str], Counter[str]]] = []
    for name, bookings, room_types in (
        ("spread", await spread(int(seconds * 100)), 500),
        ("contended", await contended(), 1),
    ):
        plain = await floor(f"floor of {name}", server, room_types=room_types, callers=callers, seconds=seconds)
        before = processor_seconds()
        sold, outcomes = await platform(name, bookings, token, callers, seconds)
        spent = processor_seconds() - before
        if not sold.latencies:
            sys.exit(f"{name}: nothing is confirmed: {dict(outcomes)}")
        rows.append((plain, sold, outcomes, spent))
    print(f"{callers} callers, {seconds:.0f} s each, {os.cpu_count()} cores for everything, this program included")
    print(f"{'':<20} {'bookings/s':>10} {'p50 ms':>8} {'p95 ms':>8} {'of floor':>9}  outcomes")
    for plain, sold, outcomes, spent in rows:
        print(f"{plain.name:<20} {plain.per_second:10.1f} {plain.percentile(0.5):8.1f} {plain.percentile(0.95):8.1f}")
        print(
            f"{sold.name:<20} {sold.per_second:10.1f} {sold.percentile(0.5):8.1f} {sold.percentile(0.95):8.1f} "
            f"{sold.per_second / plain.per_second:9.4f}  {dict(outcomes)}"
        )
        # The warm-up's share is taken off by assuming that it went like the rest.
        each = seconds / (seconds + WARM_UP) * 1000 / len(sold.latencies)
        print("  processor ms a booking: " + ", ".join(f"{part} {spent[part] * each:.0f}" for part in PARTS))
    print(json.dumps({f"{s.name}_of_floor": round(s.per_second / p.per_second, 4) for p, s, _, _ in rows}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15, help="how long each is measured")
    parser.add_argument("--callers", type=int, default=16, help="bookings under way at a time")
    parser.add_argument("--workers", type=int, default=1, help="server processes of the supergraph")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="reservei-bench-") as folder,
        running_supergraph(Path(folder), arguments.workers),
    ):
        uvloop.run(main(Path(folder), arguments.seconds, arguments.callers))
