"""What every embedded server has in common: one owner at a time, a remembered port, a log, start and stop."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import psutil

from shared.local.errors import LocalRuntimeError
from shared.local.files import FileLock, private_directory, write_atomically
from shared.local.ports import remembered_port, required_port
from shared.local.process import ServerLog, stop

_START_SECONDS = 60.0
"""How long a start may take: after a crash a server reads its log back, which grows with the data."""


_STOP_SECONDS = 30.0
"""How long a server may take to end: PostgreSQL writes everything that has changed to disk."""


class EmbeddedServer(ABC):
    """A server on 127.0.0.1 with its data in ``<data_dir>/<folder>``; sync or async context manager.

    The process that starts it owns it, by a lock that the kernel gives back however that process ends; the server
    ends with its owner. Other processes may attach to it.

    ``durable=False`` is for tests: a loss of power loses data, ``kill -9`` does not.
    ``port`` insists on a port; otherwise a free one is chosen once and remembered.
    Every method raises ``LocalRuntimeError`` for what a person can mend.
    """

    name: ClassVar[str]
    """What people call it."""
    folder: ClassVar[str]
    """Its folder, and the stem of its lock, port and log files."""
    pid_file: ClassVar[str]
    """The file in its folder into which it writes its process id, as the first line."""
    stop_signals: ClassVar[tuple[signal.Signals, ...]] = (signal.SIGTERM,)
    """Sent in turn to end it; SIGKILL is the last resort."""
    passing_failures: ClassVar[tuple[str, ...]] = ("Address already in use",)
    """What it writes when the next attempt may succeed, such as when a rival was faster on the chosen port."""

    def __init__(self, data_dir: Path, *, durable: bool = True, port: int | None = None) -> None:
        self._data_dir = data_dir.absolute()
        self._home = self._data_dir / self.folder
        self._durable = durable
        self._wanted_port = port
        self._port: int | None = None
        self._lock = FileLock(self._data_dir / f"{self.folder}.lock")
        self._log = ServerLog(self._data_dir / "logs" / f"{self.folder}.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server with its password. Only after ``start``."""
        if self._port is None:
            raise RuntimeError(f"{type(self).__name__} has not been started")
        return self._url(self._port)

    @property
    def port(self) -> int | None:
        """The port it listens on, ``None`` before the first ``start``."""
        return self._port

    @property
    def pid(self) -> int | None:
        """Process id of the server, ``None`` when another process owns it or it was not started."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether this object owns the server and it is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self, *, attach: bool = False) -> None:
        """Start and wait until it answers. No effect when it runs already.

        With ``attach``, a server that another process owns is used where there is one; calling again takes it over
        once that process has ended.
        """
        if self.running:
            return
        private_directory(self._data_dir)
        deadline = time.monotonic() + _START_SECONDS
        while not self._lock.acquire():
            if not attach:
                raise LocalRuntimeError(
                    f"The {self.name} in {self._home} is run by {self._lock.holder()}.",
                    "Stop that process, or name another place with RESERVEI_DATA_DIR.",
                )
            self._port = self._attachable_port()
            if self._port is not None:
                return
            if time.monotonic() > deadline:
                raise LocalRuntimeError(
                    f"The {self.name} that {self._lock.holder()} runs does not answer.",
                    f"Stop that process and start again; its log is {self._log.path}.",
                )
            time.sleep(0.05)
        try:
            self._end_leftover()
            self._prepare()
            self._launch(deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it in order, all data on disk. Leaves a server alone that another process owns."""
        if self._process is not None:
            stop(self._process, *self.stop_signals, patience=_STOP_SECONDS)
            self._process = None
        self._lock.release()

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

    def _end_leftover(self) -> None:
        """End a server on our data that outlives whoever started it, and forget a process id used by another.

        We hold the lock, so no living owner needs that server; two on the same files would destroy them. A pid file
        whose process is gone is left to the server, which may look further for children of the dead one.
        """
        pid_file = self._home / self.pid_file
        try:
            pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
            process = psutil.Process(pid)
            ours = Path(process.cwd()) == self._home.resolve()
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return
        except psutil.AccessDenied:
            ours = False  # another user's process: not a server on our data
        if not ours:
            pid_file.unlink()
            return
        process.send_signal(self.stop_signals[0])
        try:
            process.wait(timeout=_STOP_SECONDS)
        except psutil.TimeoutExpired as error:
            raise LocalRuntimeError(
                f"A {self.name} left over from an earlier run (pid {pid}) does not end.", f"End it: kill {pid}"
            ) from error

    def _launch(self, deadline: float) -> None:
        port_file = self._data_dir / f"{self.folder}.port"
        while True:
            if self._wanted_port is None:
                self._port = remembered_port(port_file)
            else:
                self._port = required_port(self.name, self._wanted_port)
                write_atomically(port_file, f"{self._port}\n")
            self._process = self._spawn(self._port)
            if self._wait_ready(self._process, deadline):
                return
            written = self._log.this_run()
            if time.monotonic() > deadline or not any(text in written for text in self.passing_failures):
                raise LocalRuntimeError(
                    f"{self.name} did not start: {self._log.reason()}", f"Read {self._log.path} for the whole story."
                )
            time.sleep(0.05)

    def _wait_ready(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        while process.poll() is None:
            if self._answers(process.pid):
                return True
            if time.monotonic() > deadline:
                stop(process, *self.stop_signals)
                return False
            time.sleep(0.01)
        return False

    @abstractmethod
    def _url(self, port: int) -> str:
        """The address on ``port``."""

    @abstractmethod
    def _prepare(self) -> None:
        """Check programs and data, and make the data directory the first time. Called with the lock held."""

    @abstractmethod
    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        """Start the process."""

    @abstractmethod
    def _answers(self, pid: int) -> bool:
        """Whether the process ``pid`` is ready for clients."""

    @abstractmethod
    def _attachable_port(self) -> int | None:
        """The port of the server that another process owns, ``None`` while it is not ready."""
