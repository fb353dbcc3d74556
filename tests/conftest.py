"""Whole-system fixtures: the product as a person starts it, in processes of its own, talked to over its router."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from reservei.domains import DOMAINS
from shared.local.ports import free_port

SERVERS = ("DATABASE", "REDIS", "BROKER")
READY_WITHIN = 150.0
SEED = ["--hotels", "40", "--users", "60", "--days", "120", "--seed", "7"]


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listens on, and that the kernel gives to nobody's outgoing connection meanwhile."""
    ports: set[int] = set()
    while len(ports) < count:
        ports.add(free_port())
    return list(ports)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test to need it starts the whole product, which takes its time on a busy machine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))


@dataclass
class Supergraph:
    """A running supergraph and what is needed to talk to it."""

    url: str
    environment: dict[str, str]
    data_dir: Path
    log: Path
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def post(self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None) -> httpx.Response:
        """One operation over HTTP; the raw response."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.client.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)

    def data(self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None) -> Any:
        """The data of one operation; fails the test when there is an error."""
        body = self.post(query, variables, token=token).json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def sign_in(self, email: str, password: str) -> str:
        """An access token."""
        data = self.data(
            "mutation($email: Email!, $password: String!) {"
            " signIn(input: {email: $email, password: $password}) {"
            " __typename ... on SignInSuccess { accessToken } ... on Problem { message } } }",
            {"email": email, "password": password},
        )
        assert data["signIn"]["__typename"] == "SignInSuccess", data
        return str(data["signIn"]["accessToken"])


class Processes:
    """Child processes of a test, each in a session of its own, ended by their pid."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start ``python -m reservei <command>`` with its output in a file."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "reservei", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running[name] = process
        return process

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Send ``number`` and wait for the end."""
        process = self.running.pop(name)
        process.send_signal(number)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise

    def log(self, name: str) -> str:
        """What the process has written."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait_log(self, name: str, text: str) -> None:
        """Wait until the process has written ``text``."""
        deadline = time.monotonic() + READY_WITHIN
        while text not in self.log(name):
            assert self.running[name].poll() is None, f"{name} ended:\n{self.log(name)}"
            assert time.monotonic() < deadline, f"{name} did not write {text!r}:\n{self.log(name)}"
            time.sleep(0.05)

    def wait_ready(self, name: str, url: str) -> None:
        """Wait until ``url`` answers 200; fails with the process's output when it ends or takes too long."""
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            assert self.running[name].poll() is None, f"{name} ended:\n{self.log(name)}"
            with (
                contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
                urllib.request.urlopen(url, timeout=2) as response,
            ):
                if response.status == 200:
                    return
            time.sleep(0.05)
        pytest.fail(f"{name} was not ready at {url} within {READY_WITHIN:.0f} s:\n{self.log(name)}")


def system_environment(data_dir: Path, *, is_embedded: bool = False) -> tuple[dict[str, str], int]:
    """The environment of a platform of its own, and its router's port.

    It runs on the servers of ``make test-servers`` where they are given, unless it ``is_embedded``: they take a hundred
    connections from everything together, which is enough for one platform.
    """
    given = {} if is_embedded else {role: os.environ.get(f"RESERVEI_TEST_{role}_URL") for role in SERVERS}
    router, *others = free_ports(1 + len(DOMAINS))
    ports = dict(zip(DOMAINS, others, strict=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RESERVEI_")}
    environment |= {
        "RESERVEI_DATA_DIR": str(data_dir),
        "RESERVEI_PORT": str(router),
        **{f"RESERVEI_{domain.upper()}_PORT": str(port) for domain, port in ports.items()},
        "RESERVEI_JWKS_URL": f"http://127.0.0.1:{ports['users']}/.well-known/jwks.json",
        "RESERVEI_DATABASE_PREFIX": f"system_{uuid4().hex[:10]}",
        # Of those connections, the worker takes twice as many for each domain as the server.
        "RESERVEI_DATABASE_POOL_SIZE": "2" if given.get("DATABASE") else "4",
        "COLUMNS": "200",
    }
    environment |= {f"RESERVEI_{role}_URL": url for role, url in given.items() if url}
    if redis_url := given.get("REDIS"):
        environment["RESERVEI_REDIS_URL"] = f"{redis_url.rstrip('/')}/14"
    return environment, router


@pytest.fixture(scope="session")
def supergraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supergraph]:
    """``reservei up`` with a small demo market, once for all tests that talk to the router."""
    folder = tmp_path_factory.mktemp("system")
    environment, port = system_environment(folder / "data")
    processes = Processes(environment, folder)
    processes.start("up", "up", "--no-seed")
    try:
        processes.wait_ready("up", f"http://127.0.0.1:{port}/ready")
        seeded = subprocess.run(
            [sys.executable, "-m", "reservei", "seed", *SEED],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
        running = Supergraph(f"http://127.0.0.1:{port}", environment, folder / "data", folder / "up.log")
        with running.client:
            yield running
    finally:
        processes.stop("up")
