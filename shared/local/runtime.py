"""Every server that the platform needs, each either given by an address or embedded under the data directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import SecretStr

from shared.config import PlatformSettings
from shared.local.addresses import display
from shared.local.clickhouse import EmbeddedClickHouse
from shared.local.errors import LocalRuntimeError
from shared.local.files import private_directory, stored_secret
from shared.local.postgres import EmbeddedPostgres
from shared.local.server import EmbeddedServer
from shared.local.valkey import EmbeddedValkey

SHORTEST_SECRET = 32
"""Characters; the length that HMAC-SHA256 and the encryption of keys at rest ask for."""

ProgressState = Literal["starting", "ready", "failed"]
OnProgress = Callable[[str, ProgressState, str], None]
"""Called with the name of a role, what happens to it, and a detail for people (may be empty)."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the servers are, passwords included."""

    database_url: str
    vector_database_url: str
    """The same, unless that has no pgvector."""
    redis_url: str
    broker_url: str
    clickhouse_url: str


class LocalRuntime:
    """The servers behind one set of settings; sync or async context manager.

    For each role the address in the settings is used, once it was found to answer with a version we can use;
    without an address the embedded server under ``settings.data_dir`` is started. Where another process has started
    it already, that one is used (``reservei serve users`` beside ``reservei serve hotels``).

    Every method raises ``LocalRuntimeError`` for what a person can mend.
    """

    def __init__(self, settings: PlatformSettings, *, on_progress: OnProgress | None = None) -> None:
        self._settings = settings
        self._data_dir = Path(settings.data_dir).absolute()
        self._on_progress = on_progress or (lambda _name, _state, _detail: None)
        self._servers: list[EmbeddedServer] = []
        self._endpoints: Endpoints | None = None
        self._secrets: dict[str, str] = {}

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers are. Only after ``start``."""
        if self._endpoints is None:
            raise RuntimeError("LocalRuntime has not been started")
        return self._endpoints

    def start(self) -> Endpoints:
        """Check or start every role, in the order of need; on failure nothing that was started is left running."""
        private_directory(self._data_dir)
        analytics: Future[EmbeddedClickHouse] | None = None
        try:
            self._secrets = {
                name: self._secret(name, given)
                for name, given in (
                    ("service_secret", self._settings.service_secret),
                    ("secret_key", self._settings.secret_key),
                )
            }
            analytics = self._begin_clickhouse()
            database_url = self._role("database", self._settings.database_url, EmbeddedPostgres(self._data_dir))
            vector_database_url = self._vectors(database_url)
            redis_url = self._role("cache", self._settings.redis_url, EmbeddedValkey(self._data_dir))
            self._endpoints = Endpoints(
                database_url, vector_database_url, redis_url, self._broker(redis_url), self._clickhouse(analytics)
            )
        except BaseException:
            if analytics is not None and analytics.exception() is None:  # waits: what is starting cannot be stopped
                analytics.result().stop()
            self.stop()
            raise
        return self._endpoints

    def stop(self) -> None:
        """End the embedded servers that this process owns, in reverse order; each with its data on disk."""
        while self._servers:
            self._servers.pop().stop()
        self._endpoints = None

    def revive(self) -> list[str]:
        """Start again every embedded server that has died, ours or of an owner that has ended, at its old address.

        To be called now and then. Returns the names of those that this process now owns anew; takes milliseconds
        when all are well.
        """
        revived: list[str] = []
        for server in self._servers:
            before = server.pid if server.running else None
            server.start(attach=True)
            if server.pid is not None and server.pid != before:
                revived.append(server.name)
        return revived

    def environment(self) -> dict[str, str]:
        """The ``RESERVEI_*`` variables that make a child process use these servers. Only after ``start``."""
        endpoints = self.endpoints
        return {
            "RESERVEI_DATA_DIR": str(self._data_dir),
            "RESERVEI_DATABASE_URL": endpoints.database_url,
            "RESERVEI_VECTOR_DATABASE_URL": endpoints.vector_database_url,
            "RESERVEI_REDIS_URL": endpoints.redis_url,
            "RESERVEI_BROKER_URL": endpoints.broker_url,
            "RESERVEI_CLICKHOUSE_URL": endpoints.clickhouse_url,
            **{f"RESERVEI_{name.upper()}": secret for name, secret in self._secrets.items()},
        }

    def settings(self) -> PlatformSettings:
        """The settings given, completed by the addresses and secrets of this runtime. Only after ``start``."""
        endpoints = self.endpoints
        return self._settings.model_copy(
            update={
                "data_dir": self._data_dir,
                "database_url": endpoints.database_url,
                "vector_database_url": endpoints.vector_database_url,
                "redis_url": endpoints.redis_url,
                "broker_url": endpoints.broker_url,
                "clickhouse_url": endpoints.clickhouse_url,
                **{name: SecretStr(secret) for name, secret in self._secrets.items()},
            }
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _secret(self, name: str, given: SecretStr | None) -> str:
        variable = f"RESERVEI_{name.upper()}"
        if given is not None:
            if len(given.get_secret_value()) < SHORTEST_SECRET:
                raise LocalRuntimeError(
                    f"{variable} is shorter than {SHORTEST_SECRET} characters.",
                    "Make one with: openssl rand -base64 48",
                )
            return given.get_secret_value()
        if self._settings.environment == "production":
            raise LocalRuntimeError(
                f"{variable} is not set, and production takes no generated secrets.",
                "Make one with `openssl rand -base64 48` and give the same to every process.",
            )
        return stored_secret(self._data_dir, name)

    def _role(self, name: str, given: str | None, embedded: EmbeddedServer) -> str:
        if given is not None:
            return self._given(name, given)
        with _Reporting(self._on_progress, name) as report:
            embedded.start(attach=True)
            self._servers.append(embedded)
            whose = "embedded" if embedded.running else "run by another process"
            report.detail = f"{embedded.name}, {whose}, 127.0.0.1:{embedded.port}"
            return embedded.url

    def _vectors(self, database_url: str) -> str:
        """The server for vectors: pgvector comes with the embedded PostgreSQL, and with many others."""
        from shared.local import external

        name = "vector database"
        if self._settings.vector_database_url is not None:
            return self._given(name, self._settings.vector_database_url)
        if self._settings.database_url is None or external.has_pgvector(database_url):
            return database_url
        if self._settings.environment == "production":
            raise LocalRuntimeError(
                f"PostgreSQL at {display(database_url)} has no pgvector, which the AI domain needs.",
                "Install the extension there, or set RESERVEI_VECTOR_DATABASE_URL to a server that has it.",
            )
        return self._role(name, None, EmbeddedPostgres(self._data_dir / "vectors"))

    def _broker(self, redis_url: str) -> str:
        if self._settings.broker_url is not None:
            return self._given("event bus", self._settings.broker_url)
        self._on_progress("event bus", "ready", "streams on the same Valkey")
        return redis_url

    def _begin_clickhouse(self) -> Future[EmbeddedClickHouse] | None:
        """Start the embedded store beside the others: nobody needs it before them, and it takes half a second."""
        if self._settings.clickhouse_url is not None:
            return None
        store = EmbeddedClickHouse(self._data_dir)

        def start() -> EmbeddedClickHouse:
            store.start(attach=True)
            return store

        pool = ThreadPoolExecutor(1, "clickhouse-start")
        try:
            return pool.submit(start)
        finally:
            pool.shutdown(wait=False)

    def _clickhouse(self, begun: Future[EmbeddedClickHouse] | None) -> str:
        name = "analytics store"
        if begun is None:
            assert self._settings.clickhouse_url is not None
            return self._given(name, self._settings.clickhouse_url)
        with _Reporting(self._on_progress, name) as report:
            store = begun.result()
            self._servers.append(store)
            whose = "embedded" if store.running else "run by another process"
            report.detail = f"{store.name}, {whose}, 127.0.0.1:{store.port}"
            return store.url

    def _given(self, name: str, url: str) -> str:
        from shared.local import external  # the clients of every server, which the embedded case does not need

        checks = {
            "database": external.check_postgres,
            "vector database": external.check_postgres,
            "cache": external.check_redis,
            "event bus": external.check_broker,
            "analytics store": external.check_clickhouse,
        }
        with _Reporting(self._on_progress, name) as report:
            report.detail = f"{checks[name](url)}, {display(url)}"
        return url


class _Reporting:
    """Tells ``on_progress`` that a role is starting, and then that it is ready or has failed."""

    def __init__(self, on_progress: OnProgress, name: str) -> None:
        self._on_progress = on_progress
        self._name = name
        self.detail = ""

    def __enter__(self) -> Self:
        self._on_progress(self._name, "starting", "")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None:
            self._on_progress(self._name, "ready", self.detail)
        else:
            self._on_progress(self._name, "failed", str(error))
