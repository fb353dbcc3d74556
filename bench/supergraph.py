"""Requests per second and latency of the running supergraph, next to a floor measured in the same run.

    make bench                      # starts a supergraph of its own with the full demo market

Three operations, requests varying so that nothing can be answered twice from one computation:

(a) search: `hotels`, 20 of them with location and the lowest price of a stay, through the router
(b) entities: `_entities` of 20 hotels, straight at the hotels subgraph, signed as the router signs
(c) crossing: 10 hotels with 2 reviews each and their authors, which the router fetches from users

The floor is uvicorn with a bare ASGI function that sends as many bytes as (b) answers: what this machine can do
at most. The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from load import Result, measure, once, post

from reservei.domains import DOMAINS
from shared.auth import service_signature

HOST = "127.0.0.1"
PORTS = {"router": 4300, "echo": 4399, **{domain: 4301 + number for number, domain in enumerate(DOMAINS)}}

SEARCH = """query Search($stay: StayInput!, $sort: HotelSort!) {
  hotels(filter: {stay: $stay}, sort: $sort, first: 20) {
    edges { node { id name stars location { latitude longitude } lowestPrice(stay: $stay) { amount currency } } }
  }
}"""
ENTITIES = """query Hotels($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on Hotel { id slug name kind address stars rating ratingCount timeZone }
  }
}"""
CROSSING = """query Crossing($after: String) {
  hotels(sort: NAME, first: 10, after: $after) {
    edges { node { name reviews(first: 2) { edges { node { rating title author { displayName } } } } } }
  }
}"""


@contextmanager
def running_supergraph(data_dir: Path, workers: int) -> Iterator[None]:
    """``reservei up`` with the demo market; ended by its pid."""
    environment = {
        **os.environ,
        "RESERVEI_DATA_DIR": str(data_dir),
        "RESERVEI_PORT": str(PORTS["router"]),
        **{f"RESERVEI_{domain.upper()}_PORT": str(PORTS[domain]) for domain in DOMAINS},
        "RESERVEI_LOG_LEVEL": "WARNING",
    }
    log = data_dir / "bench.log"
    data_dir.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "reservei", "up", "--workers", str(workers)],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 240
        while b"is ready" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the supergraph did not start:\n{log.read_text()}")
            time.sleep(0.2)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def ask(query: str, variables: dict[str, Any]) -> Any:
    """The data of one operation through the router."""
    _, body = await once(HOST, PORTS["router"], post("/graphql", _body(query, variables)))
    answer = json.loads(body)
    if "errors" in answer:
        sys.exit(f"the operation fails: {answer['errors']}")
    return answer["data"]


def _body(query: str, variables: dict[str, Any]) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


async def search_requests() -> list[bytes]:
    """Searches over 30 dates and three orders."""
    today = datetime.now(UTC).date()
    stays = [
        {
            "checkInDate": (today + timedelta(days=30 + day)).isoformat(),
            "checkOutDate": (today + timedelta(days=32 + day)).isoformat(),
            "guests": 2,
        }
        for day in range(30)
    ]
    combinations = itertools.product(stays, ("PRICE", "RATING", "STARS"))
    return [post("/graphql", _body(SEARCH, {"stay": stay, "sort": sort})) for stay, sort in combinations]


async def crossing_requests() -> list[bytes]:
    """Thirty pages of the list of hotels."""
    requests: list[bytes] = []
    after: str | None = None
    for _ in range(30):
        requests.append(post("/graphql", _body(CROSSING, {"after": after})))
        page = await ask(
            f"{{ hotels(sort: NAME, first: 10, after: {json.dumps(after)}) {{ pageInfo {{ endCursor }} }} }}", {}
        )
        after = page["hotels"]["pageInfo"]["endCursor"]
    return requests


async def entity_bodies() -> list[bytes]:
    """Twenty different windows of 20 hotels."""
    page = await ask("{ hotels(sort: NAME, first: 100) { edges { node { id } } } }", {})
    ids = [edge["node"]["id"] for edge in page["hotels"]["edges"]]
    return [
        _body(ENTITIES, {"representations": [{"__typename": "Hotel", "id": key} for key in ids[n : n + 20]]})
        for n in range(min(60, len(ids) - 20))
    ]


async def echo(payload: bytes) -> tuple[uvicorn.Server, asyncio.Task[None]]:
    """The floor: an ASGI function that sends ``payload``."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": payload})

    config = uvicorn.Config(app, host=HOST, port=PORTS["echo"], log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells by this flag only
        await asyncio.sleep(0.01)
    return server, task


def serve_echo(size: int) -> None:
    """Run the floor in a process of its own, as the others are."""

    async def run() -> None:
        _, task = await echo(b'{"data":"' + b"x" * (size - 11) + b'"}')
        await task

    uvloop.run(run())


async def main(seconds: float, connections: int) -> None:
    """Measure, print a table, and one JSON object at the end."""
    searches, crossings, bodies = await search_requests(), await crossing_requests(), await entity_bodies()
    secret_file = Path(os.environ["BENCH_DATA_DIR"]) / "secrets" / "service_secret"
    secret = secret_file.read_text(encoding="utf-8").strip()

    def entity(n: int) -> bytes:
        body = bodies[n % len(bodies)]
        return post("/graphql", body, {service_signature.HEADER: service_signature.sign(secret, body, time.time())})

    _, answer = await once(HOST, PORTS["hotels"], entity(0))
    if b'"errors"' in answer:
        sys.exit(f"the entities fail: {answer.decode()}")
    floor = subprocess.Popen(  # noqa: ASYNC220  # it starts before anything is measured
        [sys.executable, __file__, "--echo", str(len(answer))]
    )
    try:
        await asyncio.sleep(1)
        results = [
            await measure(name, HOST, port, make, connections=connections, seconds=seconds)
            for name, port, make in (
                ("echo", PORTS["echo"], lambda _: post("/graphql", bodies[0])),
                ("search", PORTS["router"], lambda n: searches[n % len(searches)]),
                ("entities", PORTS["hotels"], entity),
                ("crossing", PORTS["router"], lambda n: crossings[n % len(crossings)]),
            )
        ]
    finally:
        floor.terminate()
        floor.wait(10)
    report(results)


def report(results: list[Result]) -> None:
    """The table, and the JSON object."""
    floor = results[0].per_second
    print(f"{'':<10} {'req/s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8} {'of echo':>8} {'errors':>7}")
    for result in results:
        print(
            f"{result.name:<10} {result.per_second:8.0f} {result.percentile(0.5):8.1f} {result.percentile(0.95):8.1f} "
            f"{result.percentile(0.99):8.1f} {result.per_second / floor:8.3f} {result.errors:7}"
        )
    print(json.dumps({f"{result.name}_of_echo": round(result.per_second / floor, 4) for result in results[1:]}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8, help="how long each is measured")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1, help="server processes of the supergraph")
    parser.add_argument("--echo", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.echo:
        serve_echo(arguments.echo)
        sys.exit()
    with tempfile.TemporaryDirectory(prefix="reservei-bench-") as folder:
        os.environ["BENCH_DATA_DIR"] = folder
        with running_supergraph(Path(folder), arguments.workers):
            uvloop.run(main(arguments.seconds, arguments.connections))
