"""A real ClickHouse engine under a data directory, behind the HTTP interface that a ClickHouse server has."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from shared.local.errors import LocalRuntimeError
from shared.local.files import private_directory, stored_secret
from shared.local.ports import read_port
from shared.local.process import spawn
from shared.local.server import EmbeddedServer

_PROGRAM = Path(__file__).with_name("clickhouse_server.py")


class EmbeddedClickHouse(EmbeddedServer):
    """ClickHouse (the engine of chDB) on 127.0.0.1 with its data in ``<data_dir>/clickhouse``.

    It is bounded in memory and threads, see ``clickhouse_server``. Its database ``reservei`` is made by the migrations.
    What was acknowledged survives ``kill -9``; a loss of power may cost the last seconds, which the broker's consumer
    or the rebuild brings back. See ``EmbeddedServer`` for the rest.
    """

    name = "ClickHouse"
    folder = "clickhouse"
    pid_file = "clickhouse.pid"
    passing_failures = ("address already in use",)

    def _url(self, port: int) -> str:
        return f"http://reservei:{stored_secret(self._data_dir, 'clickhouse_password')}@127.0.0.1:{port}/reservei"

    def _prepare(self) -> None:
        if find_spec("chdb") is None:
            raise LocalRuntimeError(
                "The package chdb-core is not installed for this platform.",
                "Set RESERVEI_CLICKHOUSE_URL to the address of a ClickHouse 24.8+ server.",
            )
        private_directory(self._home)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        secret = stored_secret(self._data_dir, "clickhouse_password")
        # The engine takes the zone of dates that name none from its process.
        environment = {**os.environ, "TZ": "UTC"}
        command = [sys.executable, "-P", str(_PROGRAM), str(self._home), str(port)]
        with self._log.open() as log:
            return spawn(command, log=log, env=environment, stdin=secret.encode())

    def _answers(self, pid: int) -> bool:
        return self._port is not None and _server_pid(self._port) == pid

    def _attachable_port(self) -> int | None:
        port = read_port(self._data_dir / "clickhouse.port")
        return port if port is not None and _server_pid(port) is not None else None


def _server_pid(port: int) -> int | None:
    """The process id of the server on ``port``, ``None`` when ours does not answer there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/ping")
        answer = connection.getresponse()
        return int(answer.headers.get("X-Reservei-Pid", ""))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
