"""Start and stop a server process whose life is tied to ours."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO

_CHILD = Path(__file__).with_name("_child.py")


@dataclass(frozen=True, slots=True)
class RunAs:
    """The user and group of a child process."""

    uid: int
    gid: int


def tied_command(
    command: Sequence[str], *, death_signal: signal.Signals = signal.SIGTERM, run_as: RunAs | None = None
) -> list[str]:
    """``command`` wrapped so that it gets ``death_signal`` when the *thread* that starts it ends (Linux).

    The wrapper ``exec``s, so the process id is the command's own. On other systems it only changes the user.
    """
    user = run_as or RunAs(-1, -1)
    wrapper = [sys.executable, "-I", "-S", str(_CHILD)]
    return [*wrapper, str(int(death_signal)), str(os.getpid()), str(user.uid), str(user.gid), *command]


@lru_cache(maxsize=1)
def _spawner() -> ThreadPoolExecutor:
    # The kernel sends the parent-death signal when the starting *thread* ends. Servers may be started from any
    # worker thread, so one thread that lives as long as the process starts them all.
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="reservei-spawner")


def spawn(
    command: Sequence[str],
    *,
    log: IO[bytes],
    death_signal: signal.Signals = signal.SIGTERM,
    run_as: RunAs | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    stdin: bytes = b"",
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, output to ``log``, ended by ``death_signal`` when we die.

    A session of its own keeps Ctrl-C from reaching it directly: whoever supervises it stops it in order.
    """

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  the command is our own
            tied_command(command, death_signal=death_signal, run_as=run_as),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=env,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    process = _spawner().submit(start).result()
    assert process.stdin is not None
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended already; whoever waits for it to become ready sees that and reads its log
    return process


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, patience: float = 10.0) -> int:
    """End ``process`` by each of ``signals`` in turn, ``patience`` seconds each, finally by SIGKILL.

    Returns its exit code as ``Popen`` gives it.
    """
    for chosen in signals:
        if process.poll() is not None:
            break
        process.send_signal(chosen)
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
    return process.wait()


class ServerLog:
    """The log file of one server, appended to over restarts and started anew when it has grown large."""

    _KEEP_BYTES = 8 * 1024 * 1024

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def open(self) -> IO[bytes]:
        """Open for the server to write to; remembers where this run begins."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and self.path.stat().st_size > self._KEEP_BYTES:
            self.path.replace(self.path.with_suffix(".log.1"))
        file = self.path.open("ab")
        self._start = file.tell()
        return file

    def this_run(self) -> str:
        """What the server wrote since ``open`` (at most the last 64 KiB)."""
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(self._start, file.tell() - 65536))
            return file.read().decode("utf-8", "replace")

    def reason(self) -> str:
        """The line that says best why the server ended: the last one with FATAL, PANIC or ERROR, or the last one."""
        lines = [line.strip() for line in self.this_run().splitlines() if line.strip()]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR", "rror:", "# "))]
        return (telling or lines or ["it wrote nothing"])[-1]
