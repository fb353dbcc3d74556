"""The platform with each part in a process of its own and every one of them, servers included, ours to kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.local.files import stored_secret
from shared.local.postgres import EmbeddedPostgres
from shared.local.server import EmbeddedServer
from shared.local.valkey import EmbeddedValkey
from tests.conftest import SEED, Processes, Supergraph, system_environment

DOMAINS = ("users", "hotels", "bookings")
PACE = {
    # A dead worker's sagas, a lost reply and an unfinished payment are looked at again after these; the defaults are
    # several times as long, which changes how long the tests take and nothing else.
    "RESERVEI_BOOKINGS_LEASE_SECONDS": "4",
    "RESERVEI_BOOKINGS_REPLY_SECONDS": "3",
    "RESERVEI_BOOKINGS_MAX_BACKOFF_SECONDS": "4",
    "RESERVEI_PAYMENTS_PROVIDER_TIMEOUT_SECONDS": "2",
    "RESERVEI_PAYMENTS_CHECK_SECONDS": "3",
    "RESERVEI_PAYMENTS_SANDBOX_LATE_SECONDS": "0.5",
}


class Victim(StrEnum):
    """What is killed."""

    BOOKINGS = "bookings"
    HOTELS = "hotels"
    WORKER = "worker"
    VALKEY = "valkey"
    """Cache, live updates and message broker."""
    POSTGRES = "postgres"


@dataclass(frozen=True)
class FaultyPlatform:
    """A running platform, and how to break it."""

    supergraph: Supergraph
    processes: Processes
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    def database_url(self, domain: str) -> str:
        """Of a domain's database, for a bare driver."""
        server, _, _ = self.postgres.url.rpartition("/")
        return f"{server}/{self.supergraph.environment['RESERVEI_DATABASE_PREFIX']}_{domain}"

    def kill(self, victim: Victim) -> None:
        """End it by SIGKILL, as a machine out of memory would."""
        if victim in self.processes.running:
            self.processes.stop(victim, signal.SIGKILL)
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
        else:
            self._server(victim).start()

    def start_worker(self) -> None:
        """The one process behind the requests: relays, consumers, sagas of all domains."""
        self.processes.start("worker", "worker")

    def start_subgraph(self, domain: str) -> None:
        """A domain's GraphQL server."""
        self.processes.start(domain, "serve", domain)

    def wait_subgraph(self, domain: str) -> None:
        """Wait until a domain's GraphQL server answers."""
        port = self.supergraph.environment[f"RESERVEI_{domain.upper()}_PORT"]
        self.processes.wait_ready(domain, f"http://127.0.0.1:{port}/ready")

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
            timeout=60,
            check=False,
        )

    def _server(self, victim: Victim) -> EmbeddedServer:
        return self.valkey if victim is Victim.VALKEY else self.postgres


@contextmanager
def running_platform(folder: Path) -> Iterator[FaultyPlatform]:
    """Start everything with the demo market, and end it.

    The servers are always embedded ones, also where tests are given addresses of others: those are not ours to kill.
    """
    data_dir = folder / "data"
    environment, port = system_environment(data_dir)
    # Not durable against a loss of power, which nothing here brings about: `kill -9` loses nothing either way.
    with EmbeddedPostgres(data_dir, durable=False) as postgres, EmbeddedValkey(data_dir, durable=False) as valkey:
        environment |= {
            "RESERVEI_DATABASE_URL": postgres.url,
            "RESERVEI_REDIS_URL": valkey.url,
            "RESERVEI_BROKER_URL": valkey.url,
            "RESERVEI_CLICKHOUSE_URL": f"chdb://{data_dir}/clickhouse",
            **PACE,
        }
        for name in ("service_secret", "secret_key"):
            stored_secret(data_dir, name)  # processes that start together would each make their own
        processes = Processes(environment, folder)
        supergraph = Supergraph(f"http://127.0.0.1:{port}", environment, data_dir, folder / "router.log")
        platform = FaultyPlatform(supergraph, processes, postgres, valkey)
        try:
            seeded = platform.command("seed", *SEED)
            assert seeded.returncode == 0, seeded.stdout + seeded.stderr
            platform.start_worker()
            for domain in DOMAINS:
                platform.start_subgraph(domain)
            for domain in DOMAINS:
                platform.wait_subgraph(domain)
            processes.start("router", "router")
            processes.wait_ready("router", f"http://127.0.0.1:{port}/ready")
            with supergraph.client:
                yield platform
        finally:
            for name in list(processes.running):
                if processes.running[name].poll() is None:
                    processes.stop(name)
