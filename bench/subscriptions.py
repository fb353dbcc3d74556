"""Many open subscriptions, one event: how long until the last subscriber has it, and what a subscription weighs.

    .venv/bin/python bench/subscriptions.py                  # 5,000 on 500 WebSockets

Each part runs as a process of its own (worker, subgraphs, router), so that memory can be told apart. Every subscriber
watches the same hotel, the hotel is renamed once, and each must receive exactly that.
The floor is the same number of small frames sent over as many WebSockets by a bare `websockets` server in the same run.
The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import uvloop
import websockets
from load import once, post
from supergraph import HOST, PORTS

from reservei.demo_accounts import DEMO_ACCOUNTS
from reservei.domains import DOMAINS

MANAGER = DEMO_ACCOUNTS[1]
WATCH = "subscription($id: ID!) { hotelUpdated(id: $id) { name stars rating } }"
RENAME = "mutation($id: ID!, $name: String!) { updateHotel(input: {hotelId: $id, name: $name}) { __typename } }"
SIGN_IN = """mutation($email: Email!, $password: String!) {
  signIn(input: {email: $email, password: $password}) { ... on SignInSuccess { accessToken } }
}"""
SEED = ["seed", "--hotels", "10", "--users", "20", "--days", "60", "--seed", "7"]
PROTOCOL = websockets.Subprotocol("graphql-transport-ws")
FLOOR_PORT = PORTS["echo"]


@contextmanager
def separate_processes(folder: Path) -> Iterator[dict[str, psutil.Process]]:
    """Worker (with the embedded servers), subgraphs and router; ended by their pids."""
    environment = {
        **os.environ,
        "RESERVEI_DATA_DIR": str(folder / "data"),
        "RESERVEI_PORT": str(PORTS["router"]),
        "RESERVEI_JWKS_URL": f"http://{HOST}:{PORTS['users']}/.well-known/jwks.json",
        "RESERVEI_LOG_LEVEL": "WARNING",
        **{f"RESERVEI_{domain.upper()}_PORT": str(PORTS[domain]) for domain in DOMAINS},
    }
    running: dict[str, subprocess.Popen[bytes]] = {}

    def start(name: str, *command: str) -> None:
        with (folder / f"{name}.log").open("wb") as log:
            running[name] = subprocess.Popen(
                [sys.executable, "-m", "reservei", *command], env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    try:
        # The worker first: it owns the embedded servers.
        start("worker", "worker")
        _until(lambda: _seeded(environment), "the demo market")
        for domain in DOMAINS:
            start(domain, "serve", domain)
        for domain in DOMAINS:
            _until(lambda port=PORTS[domain]: _answers(port), domain)
        start("router", "router")
        _until(lambda: _answers(PORTS["router"]), "router")
        yield {name: _server_of(process) for name, process in running.items()}
    finally:
        for name in reversed(running):
            running[name].terminate()
            running[name].wait(60)


def _server_of(process: subprocess.Popen[bytes]) -> psutil.Process:
    """The process that serves: the heaviest of the family."""
    parent = psutil.Process(process.pid)
    return max([parent, *parent.children(recursive=True)], key=lambda one: one.memory_info().rss)


def _seeded(environment: dict[str, str]) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "reservei", *SEED], env=environment, capture_output=True, check=False, timeout=180
    )
    return done.returncode == 0


def _answers(port: int) -> bool:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/ready", timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} is not ready")
        time.sleep(0.2)


async def ask(query: str, variables: dict[str, Any], token: str = "") -> Any:
    """The data of one operation through the router."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    _, answer = await once(HOST, PORTS["router"], post("/graphql", body, headers))
    found = json.loads(answer)
    if "errors" in found:
        sys.exit(f"the operation fails: {found['errors']}")
    return found["data"]


class Watcher:
    """One WebSocket with some subscriptions on it, and when each got the new name."""

    def __init__(self, socket: websockets.ClientConnection, count: int) -> None:
        self.socket = socket
        self.count = count
        self.snapshots = 0
        self.arrived: list[float] = []
        self.doubled = 0

    async def subscribe(self, hotel: str) -> None:
        """Open the subscriptions and take their snapshots."""
        await self.socket.send(json.dumps({"type": "connection_init"}))
        json.loads(await self.socket.recv())
        for number in range(self.count):
            payload = {"query": WATCH, "variables": {"id": hotel}}
            await self.socket.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
        while self.snapshots < self.count:
            message = json.loads(await self.socket.recv())
            if message["type"] == "ping":
                await self.socket.send('{"type":"pong"}')
            elif message["type"] == "next" and "errors" not in message["payload"]:
                self.snapshots += 1
            else:
                sys.exit(f"a subscription fails: {message}")

    async def receive(self, name: str) -> None:
        """Wait until each subscription has the new name."""
        seen: set[str] = set()
        while len(seen) < self.count:
            message = json.loads(await self.socket.recv())
            if message["type"] == "ping":
                await self.socket.send('{"type":"pong"}')
                continue
            if message["payload"]["data"]["hotelUpdated"]["name"] == name:
                self.doubled += message["id"] in seen
                seen.add(message["id"])
                self.arrived.append(time.perf_counter())


async def floor(sockets: int, per_socket: int) -> float:
    """Seconds until as many frames of the same size have come over as many sockets, from a server that does no more."""
    frame = '{"type":"next","id":"1","payload":{"data":{"hotelUpdated":{"name":"' + "x" * 60 + '"}}}}'
    start = asyncio.Event()

    async def serve(connection: websockets.ServerConnection) -> None:
        await start.wait()
        for _ in range(per_socket):
            await connection.send(frame)
        await connection.wait_closed()

    async def read(connection: websockets.ClientConnection) -> None:
        for _ in range(per_socket):
            json.loads(await connection.recv())

    async with websockets.serve(serve, HOST, FLOOR_PORT), AsyncExitStack() as stack:
        url = f"ws://{HOST}:{FLOOR_PORT}"
        connections = [await stack.enter_async_context(websockets.connect(url, proxy=None)) for _ in range(sockets)]
        began = time.perf_counter()
        start.set()
        await asyncio.gather(*(read(connection) for connection in connections))
        return time.perf_counter() - began


async def main(parts: dict[str, psutil.Process], sockets: int, per_socket: int) -> None:
    """Measure, print, and one JSON object at the end."""
    total = sockets * per_socket
    account = {"email": MANAGER.email, "password": MANAGER.password}
    token = (await ask(SIGN_IN, account))["signIn"]["accessToken"]
    mine = await ask("{ me { managedHotels(first: 1) { edges { node { id } } } } }", {}, token)
    hotel = mine["me"]["managedHotels"]["edges"][0]["node"]["id"]
    floor_seconds = await floor(sockets, per_socket)
    before = {name: process.memory_info().rss for name, process in parts.items()}
    async with AsyncExitStack() as stack:
        url = f"ws://{HOST}:{PORTS['router']}/graphql"
        watchers = []
        began = time.perf_counter()
        for _ in range(sockets):
            connect = websockets.connect(url, subprotocols=[PROTOCOL], proxy=None, open_timeout=60)
            watcher = Watcher(await stack.enter_async_context(connect), per_socket)
            await watcher.subscribe(hotel)
            watchers.append(watcher)
        opened = time.perf_counter() - began
        after = {name: process.memory_info().rss for name, process in parts.items()}
        waiting = [asyncio.create_task(watcher.receive(f"Pousada {total}")) for watcher in watchers]
        sent = time.perf_counter()
        await ask(RENAME, {"id": hotel, "name": f"Pousada {total}"}, token)
        try:
            async with asyncio.timeout(120):
                await asyncio.gather(*waiting)
        except TimeoutError:
            print("not everybody got the event within 120 s")
    arrived = sorted(moment - sent for watcher in watchers for moment in watcher.arrived)
    got = len(arrived)
    print(f"{total:,} subscriptions on {sockets} WebSockets, opened in {opened:.1f} s")
    print(f"received by {got:,}; lost {total - got}; twice {sum(watcher.doubled for watcher in watchers)}")
    print(f"first after {arrived[0]:.3f} s, median {statistics.median(arrived):.3f} s, last {arrived[-1]:.3f} s")
    print(f"floor (bare websockets server): last after {floor_seconds:.3f} s")
    weights = {name: (after[name] - before[name]) / total / 1024 for name in ("router", "hotels")}
    for name, weight in weights.items():
        print(f"{name}: {weight:.1f} KiB a subscription ({before[name] >> 20} -> {after[name] >> 20} MiB)")
    print(
        json.dumps(
            {
                "lost": total - got,
                "last_of_floor": round(arrived[-1] / floor_seconds, 1),
                **{f"{name}_kib": round(weight, 1) for name, weight in weights.items()},
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, default=500)
    parser.add_argument("--per-socket", type=int, default=10)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(prefix="reservei-bench-") as name, separate_processes(Path(name)) as processes:
        uvloop.run(main(processes, arguments.sockets, arguments.per_socket))
