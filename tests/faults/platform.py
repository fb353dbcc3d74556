"""The platform with each part in a process of its own and every one of them, servers included, ours to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from reservei.domains import DOMAINS
from shared.local.clickhouse import EmbeddedClickHouse
from shared.local.files import stored_secret
from shared.local.postgres import EmbeddedPostgres
from shared.local.server import EmbeddedServer
from shared.local.valkey import EmbeddedValkey
from tests.conftest import READY_WITHIN, SEED, Processes, Supergraph, free_ports, system_environment
from tests.faults.rabbitmq import OwnRabbitMQ

PACE = {
    # A dead worker's sagas, a lost reply and an unfinished payment are looked at again after these; the defaults are
    # several times as long, which changes how long the tests take and nothing else.
    "RESERVEI_BOOKINGS_LEASE_SECONDS": "6",
    "RESERVEI_BOOKINGS_REPLY_SECONDS": "3",
    "RESERVEI_BOOKINGS_MAX_BACKOFF_SECONDS": "4",
    # With waits as short as these, a machine that is busy for a minute must not make a person look.
    "RESERVEI_BOOKINGS_STUCK_ATTEMPTS": "1000",
    "RESERVEI_PAYMENTS_PROVIDER_TIMEOUT_SECONDS": "3",
    "RESERVEI_PAYMENTS_CHECK_SECONDS": "3",
    "RESERVEI_PAYMENTS_SANDBOX_LATE_SECONDS": "0.5",
}


class Victim(StrEnum):
    """What is killed."""

    BOOKINGS = "bookings"
    HOTELS = "hotels"
    WORKER = "worker"
    ROUTER = "router"
    VALKEY = "valkey"
    """Cache and live updates, and the message broker unless RabbitMQ is."""
    POSTGRES = "postgres"
    RABBITMQ = "rabbitmq"


@dataclass(frozen=True)
class FaultyPlatform:
    """A running platform, and how to break it."""

    supergraph: Supergraph
    processes: Processes
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    rabbitmq: OwnRabbitMQ | None = None
    """``None`` where Valkey is the broker."""

    def database_url(self, domain: str) -> str:
        """Of a domain's database, for a bare driver."""
        server, _, _ = self.postgres.url.rpartition("/")
        return f"{server}/{self.supergraph.environment['RESERVEI_DATABASE_PREFIX']}_{domain}"

    def kill(self, victim: Victim) -> None:
        """End it by SIGKILL, as a machine out of memory would."""
        if victim in self.processes.running:
            self.processes.stop(victim, signal.SIGKILL)
        elif victim is Victim.RABBITMQ:
            assert self.rabbitmq is not None
            self.rabbitmq.kill()
        else:
            server = self._server(victim)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            while server.running:  # until the kernel is done with it
                time.sleep(0.005)

    def restart(self, victim: Victim) -> None:
        """Start it again, as a supervisor would, and wait until it can work."""
        if victim is Victim.WORKER:
            self.start_worker()
        elif victim in DOMAINS:
            self.start_subgraph(victim)
            self.wait_subgraph(victim)
        elif victim is Victim.ROUTER:
            self.start_router()
        elif victim is Victim.RABBITMQ:
            assert self.rabbitmq is not None
            self.rabbitmq.start()
        else:
            self._server(victim).start()

    def start_worker(self) -> None:
        """The one process behind the requests: relays, consumers, sagas of all domains."""
        self.processes.start("worker", "worker")

    def start_subgraph(self, domain: str) -> None:
        """A domain's GraphQL server."""
        self.processes.start(domain, "serve", domain)

    def start_router(self) -> None:
        """The router; returns when it and all behind it are ready."""
        self.processes.start("router", "router")
        self.processes.wait_ready("router", f"{self.supergraph.url}/ready")

    @contextmanager
    def doubled(self) -> Iterator[None]:
        """Run two processes of bookings, of hotels and of the worker while the block lasts."""
        twins = ["bookings", "hotels"]
        for domain in twins:
            self.processes.stop(domain)
        for domain in twins:
            for number in (1, 2):
                self.processes.start(f"{domain}-{number}", "serve", domain, "--shared")
        self.processes.start("worker-2", "worker")
        try:
            for domain in twins:
                port = self.supergraph.environment[f"RESERVEI_{domain.upper()}_PORT"]
                for number in (1, 2):
                    self._wait_listening(f"{domain}-{number}", int(port))
                self.processes.wait_ready(f"{domain}-1", f"http://127.0.0.1:{port}/ready")
            self.processes.wait_log("worker-2", "relaying outboxes")
            yield
        finally:
            for name in ("worker-2", *(f"{domain}-{number}" for domain in twins for number in (1, 2))):
                self.processes.stop(name)
            for domain in twins:
                self.start_subgraph(domain)
            for domain in twins:
                self.wait_subgraph(domain)

    def wait_subgraph(self, domain: str) -> None:
        """Wait until a domain's GraphQL server answers."""
        port = self.supergraph.environment[f"RESERVEI_{domain.upper()}_PORT"]
        self.processes.wait_ready(domain, f"http://127.0.0.1:{port}/ready")

    def _wait_listening(self, name: str, port: int) -> None:
        """Wait until this very process has the port, which it may share."""
        process = psutil.Process(self.processes.running[name].pid)
        deadline = time.monotonic() + READY_WITHIN
        while not any(
            one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in process.net_connections("tcp")
        ):
            assert time.monotonic() < deadline, f"{name} does not listen:\n{self.processes.log(name)}"
            time.sleep(0.05)

    def dead_processes(self) -> list[str]:
        """Processes that ended without being told to, with the end of what they wrote."""
        return [
            f"{name} ended with {process.returncode}: …{self.processes.log(name)[-3000:]}"
            for name, process in self.processes.running.items()
            if process.poll() is not None
        ]

    def database_log(self) -> str:
        """What PostgreSQL has written."""
        log = self.supergraph.data_dir / "logs" / "postgres.log"
        return log.read_text(encoding="utf-8", errors="replace")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``reservei <arguments>`` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "reservei", *arguments],
            env=self.processes.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def _server(self, victim: Victim) -> EmbeddedServer:
        return self.valkey if victim is Victim.VALKEY else self.postgres


@contextmanager
def running_platform(folder: Path, *, on_rabbitmq: bool = False) -> Iterator[FaultyPlatform]:
    """Start everything with the demo market, and end it.

    The servers are always embedded ones, also where tests are given addresses of others: those are not ours to kill.
    """
    data_dir = folder / "data"
    environment, port = system_environment(data_dir, is_embedded=True)
    # Not durable against a loss of power, which nothing here brings about: `kill -9` loses nothing either way.
    with ExitStack() as servers:
        postgres = servers.enter_context(EmbeddedPostgres(data_dir, durable=False))
        valkey = servers.enter_context(EmbeddedValkey(data_dir, durable=False))
        clickhouse = servers.enter_context(EmbeddedClickHouse(data_dir, durable=False))
        rabbitmq = None
        if on_rabbitmq:
            amqp, distribution, mapper = free_ports(3)
            rabbitmq = servers.enter_context(OwnRabbitMQ(folder / "rabbitmq", (amqp, distribution, mapper)))
        environment |= {
            "RESERVEI_DATABASE_URL": postgres.url,
            "RESERVEI_REDIS_URL": valkey.url,
            "RESERVEI_BROKER_URL": valkey.url if rabbitmq is None else rabbitmq.url,
            "RESERVEI_CLICKHOUSE_URL": clickhouse.url,
            **PACE,
        }
        for name in ("service_secret", "secret_key"):
            stored_secret(data_dir, name)  # processes that start together would each make their own
        processes = Processes(environment, folder)
        supergraph = Supergraph(f"http://127.0.0.1:{port}", environment, data_dir, folder / "router.log")
        platform = FaultyPlatform(supergraph, processes, postgres, valkey, rabbitmq)
        try:
            seeded = platform.command("seed", *SEED)
            assert seeded.returncode == 0, seeded.stdout + seeded.stderr
            platform.start_worker()
            for domain in DOMAINS:
                platform.start_subgraph(domain)
            for domain in DOMAINS:
                platform.wait_subgraph(domain)
            platform.start_router()
            with supergraph.client:
                yield platform
        finally:
            # The router first: the others wait for its connections to end.
            for name in sorted(processes.running, key=lambda name: name != "router"):
                if processes.running[name].poll() is None:
                    processes.stop(name)
