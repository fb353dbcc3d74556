"""ClickHouse's HTTP interface in front of the engine of chDB: ``clickhouse_server.py HOME PORT``, secret on stdin.

A program of its own, because the engine lets one process at a time open a folder, takes 250 MB and runs queries on
many threads: every process of the platform talks to this one, with the client that it would use for a real server.

It speaks what clickhouse-connect uses: ``/ping``, and ``/`` with the statement in the body, the URL or a form, bound
parameters, settings, a database, the password, errors by their number, and blocks of rows to insert. It imports
nothing of the project, listens on the loopback only, and believes whoever has the secret, as a database server does.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import re
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import chdb
from aiohttp import web

USER: Final = "reservei"
READERS: Final = 4
MEMORY_BYTES: Final = 1 << 30
"""Of the whole engine; queries beyond it fail with MEMORY_LIMIT_EXCEEDED instead of taking the machine down."""
QUERY_SECONDS: Final = 120
LARGEST_BODY: Final = 256 << 20

_OPTIONS: Final = {
    "max_server_memory_usage": MEMORY_BYTES,
    "background_pool_size": 2,
    "background_schedule_pool_size": 4,
    "mark_cache_size": 64 << 20,
}
_DEFAULTS: Final = {
    "max_threads": "2",
    "max_memory_usage": str(MEMORY_BYTES * 3 // 4),
    "max_bytes_before_external_group_by": str(MEMORY_BYTES // 4),
    "max_bytes_before_external_sort": str(MEMORY_BYTES // 4),
    "max_execution_time": str(QUERY_SECONDS),
}
# What the HTTP interface itself reads; the engine would not know them.
_TRANSPORT: Final = frozenset(
    {
        "buffer_size",
        "cancel_http_readonly_queries_on_client_close",
        "client_protocol_version",
        "compress",
        "database",
        "decompress",
        "enable_http_compression",
        "http_headers_progress_interval_ms",
        "query",
        "query_id",
        "quota_key",
        "role",
        "send_progress_in_http_headers",
        "session_check",
        "session_id",
        "session_timeout",
        "wait_end_of_query",
    }
)
_READS: Final = re.compile(rb"\s*\(*\s*(SELECT|WITH|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN)\b", re.IGNORECASE)
_FORMAT: Final = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_INSERT: Final = re.compile(rb"\s*(INSERT\s+INTO\s[^\n]*?)\s+FORMAT\s+(\w+)[ \t]*\n", re.IGNORECASE)
_COMMENTS: Final = re.compile(rb"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
_CODE: Final = re.compile(r"Code: (\d+)")
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One request, as the engine is to run it."""

    sql: bytes
    database: str
    parameters: Mapping[str, str]
    settings: Mapping[str, str]

    @property
    def reads(self) -> bool:
        """Whether it only reads, so that it need not wait for the writer."""
        return _READS.match(_COMMENTS.sub(b"", self.sql)) is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the engine gave."""

    body: bytes
    summary: dict[str, str]


class Refused(Exception):
    """The request makes no sense to this server."""


class Handle:
    """A connection to the engine, which remembers the database and the settings that it was told. For one thread."""

    def __init__(self, home: Path) -> None:
        self._connection: Any = chdb.connect(f"{home}?{urlencode(_OPTIONS)}")
        self._database = "default"
        self._settings: dict[str, str] = {}
        for name, value in _DEFAULTS.items():
            self._set(name, value)

    def run(self, statement: Statement) -> Answer:
        """Run one statement. Raises whatever the engine raises."""
        self._use(statement.database)
        self._adopt(statement.settings)
        result = self._query(statement)
        summary = {
            "read_rows": str(result.rows_read()),
            "read_bytes": str(result.bytes_read()),
            "elapsed_ns": str(int(result.elapsed() * 1e9)),
        }
        return Answer(result.bytes() or b"", summary)

    def close(self) -> None:
        self._connection.close()

    def _query(self, statement: Statement) -> Any:
        parameters = dict(statement.parameters)
        insert = _INSERT.match(statement.sql)
        if insert is None:
            return self._connection.query(statement.sql, "TabSeparated", params=parameters)
        # The engine would read rows that follow the statement as text of a query, and end them where it likes.
        with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix="insert-", suffix=".rows") as file:
            file.write(memoryview(statement.sql)[insert.end() :])
            file.flush()
            sql = b"%s FROM INFILE '%s' FORMAT %s" % (insert[1], os.fsencode(_escaped(file.name)), insert[2])
            return self._connection.query(sql, "TabSeparated", params=parameters)

    def _use(self, database: str) -> None:
        if database != self._database:
            if not _WORD.fullmatch(database):
                raise Refused(f"{database!r} is not the name of a database")
            self._connection.query(f"USE `{database}`")
            self._database = database

    def _adopt(self, settings: Mapping[str, str]) -> None:
        for name in self._settings.keys() - settings.keys():
            default = _DEFAULTS.get(name)
            if default is None:
                self._connection.query(f"SET {name} = DEFAULT")
            else:
                self._set(name, default)
            del self._settings[name]
        for name, value in settings.items():
            if self._settings.get(name) != value:
                if not _WORD.fullmatch(name):
                    raise Refused(f"{name!r} is not the name of a setting")
                self._set(name, value)
                self._settings[name] = value

    def _set(self, name: str, value: str) -> None:
        self._connection.query(f"SET {name} = '{_escaped(value)}'")


def _escaped(text: str) -> str:
    """For between single quotes."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


class Engine:
    """One thread that writes, so that writes never wait for each other in the engine, and a few that read."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._mine = threading.local()
        self._handles: list[Handle] = []
        self._first = Handle(home)  # keeps the engine open
        self._writer = ThreadPoolExecutor(1, "writer")
        self._readers = ThreadPoolExecutor(READERS, "reader")

    async def run(self, statement: Statement) -> Answer:
        """Run ``statement`` on a thread of its kind."""
        threads = self._readers if statement.reads else self._writer
        return await asyncio.get_running_loop().run_in_executor(threads, self._run, statement)

    def close(self) -> None:
        """Finish what is being written, and put everything on disk."""
        self._writer.shutdown(cancel_futures=True)
        self._readers.shutdown(cancel_futures=True)
        for handle in [*self._handles, self._first]:
            handle.close()

    def _run(self, statement: Statement) -> Answer:
        handle: Handle | None = getattr(self._mine, "handle", None)
        if handle is None:
            handle = self._mine.handle = Handle(self._home)
            self._handles.append(handle)
        return handle.run(statement)


class Interface:
    """ClickHouse's HTTP interface."""

    def __init__(self, engine: Engine, secret: str) -> None:
        self._engine = engine
        self._secret = secret

    def application(self) -> web.Application:
        """To be served."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_get("/ping", self._ping)
        application.router.add_route("*", "/", self._query)
        return application

    async def _ping(self, _request: web.Request) -> web.Response:
        # The process id tells our server from a rival on the port.
        return web.Response(text="Ok.\n", headers={"X-Reservei-Pid": str(os.getpid())})

    async def _query(self, request: web.Request) -> web.Response:
        if not self._lets_in(request):
            return _failure(403, 516, "Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)")
        try:
            statement = await _statement(request)
            answer = await self._engine.run(statement)
        except (Refused, ValueError) as error:
            return _failure(400, 36, f"Code: 36. DB::Exception: {error} (BAD_ARGUMENTS)")
        except (RuntimeError, chdb.ChdbError) as error:
            text = str(error)
            code = _CODE.search(text)
            return _failure(500, int(code[1]) if code else 1001, text[text.find("Code: ") :] if code else text)
        headers = {"X-ClickHouse-Summary": json.dumps(answer.summary)}
        if answer.body or statement.reads:
            chosen = _FORMAT.search(statement.sql)
            headers["X-ClickHouse-Format"] = chosen[1].decode() if chosen else "TabSeparated"
        return web.Response(body=answer.body, headers=headers)

    def _lets_in(self, request: web.Request) -> bool:
        user, key = request.headers.get("X-ClickHouse-User", ""), request.headers.get("X-ClickHouse-Key", "")
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                user, _, key = base64.b64decode(credentials, validate=True).decode().partition(":")
            except ValueError:
                return False
        return user == USER and hmac.compare_digest(key.encode(), self._secret.encode())


async def _statement(request: web.Request) -> Statement:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("this server takes no compressed requests")
    fields = dict(request.query)
    body = b""
    if request.content_type == "multipart/form-data":
        form = await request.post()
        fields |= {name: value for name, value in form.items() if isinstance(value, str)}
    else:
        body = await request.read()
    query = fields.get("query", "").encode()
    return Statement(
        sql=query + b"\n" + body if query and body else query or body,
        database=fields.get("database", "default"),
        parameters={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
        settings={
            name: value for name, value in fields.items() if name not in _TRANSPORT and not name.startswith("param_")
        },
    )


def _failure(status: int, code: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers={"X-ClickHouse-Exception-Code": str(code)})


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    home, port = Path(sys.argv[1]), int(sys.argv[2])
    secret = sys.stdin.read().strip()
    os.chdir(home)
    Path("clickhouse.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    for abandoned in home.glob("insert-*.rows"):
        abandoned.unlink()
    engine = Engine(home / "data")
    try:
        web.run_app(
            Interface(engine, secret).application(),
            host="127.0.0.1",
            port=port,
            print=None,
            access_log=None,
            shutdown_timeout=5,
        )
    finally:
        engine.close()
        Path("clickhouse.pid").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
