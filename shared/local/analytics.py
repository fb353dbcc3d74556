"""The place of the embedded ClickHouse engine (chDB), which lives in the process that uses it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Self

from shared.local.errors import LocalRuntimeError
from shared.local.files import FileLock, private_directory

_CHECK = Path(__file__).with_name("_chdb_check.py")
_DATABASE = "reservei"


class EmbeddedAnalytics:
    """The folder ``<data_dir>/clickhouse`` and the right to open it, which one process has at a time.

    There is no server to start: ``prepare`` sees to it that the folder opens, and the process that serves analytics
    holds ``with EmbeddedAnalytics(data_dir):`` for as long as it uses ``url`` with clickhouse-connect.
    """

    def __init__(self, data_dir: Path) -> None:
        self._home = data_dir.absolute() / "clickhouse"
        self._lock = FileLock(data_dir.absolute() / "clickhouse.lock")

    @property
    def url(self) -> str:
        """``chdb:///absolute/path``, as clickhouse-connect reads it."""
        return f"chdb://{self._home}"

    def prepare(self) -> str:
        """Open the store in a short-lived process (0.2 s, 0.8 s the first time), making it if need be.

        Returns the version of the engine, or ``in use`` when another process has the store open, which proves as much.
        """
        private_directory(self._home)
        if not self._lock.acquire():
            return "in use"
        try:
            done = subprocess.run(  # noqa: S603  our own script
                [sys.executable, str(_CHECK), str(self._home), _DATABASE],
                check=False,
                capture_output=True,
                text=True,
                timeout=60,
                start_new_session=True,  # Ctrl-C is for us, who then stop in order
            )
        except subprocess.TimeoutExpired as error:
            raise _unusable(self._home, "it takes more than 60 seconds to open") from error
        finally:
            self._lock.release()
        if done.returncode != 0:
            raise _unusable(self._home, (done.stderr.strip().splitlines() or ["no reason given"])[-1])
        return done.stdout.strip()

    def __enter__(self) -> Self:
        private_directory(self._home)
        if not self._lock.acquire():
            raise LocalRuntimeError(
                f"The analytics store {self._home} is open in {self._lock.holder()}.",
                "Stop that process, or set RESERVEI_CLICKHOUSE_URL to a server.",
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


def _unusable(home: Path, reason: str) -> LocalRuntimeError:
    return LocalRuntimeError(
        f"The analytics store {home} does not open: {reason}.",
        "Move that folder away (analytics are rebuilt from events), or set RESERVEI_CLICKHOUSE_URL.",
    )
