"""Files of the data directory: private folders, generated secrets, atomic writes and locks between processes."""

from __future__ import annotations

import fcntl
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.local.errors import LocalRuntimeError


def private_directory(path: Path) -> Path:
    """Create ``path`` (and its parents) for this user only, and return it absolute.

    Raises ``LocalRuntimeError`` where the disk does not let us.
    """
    path = path.absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise not_writable(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise not_writable(path, PermissionError("permission denied"))
    return path


def not_writable(path: Path, error: OSError) -> LocalRuntimeError:
    """The error for a place on disk that cannot be written."""
    reason = (error.strerror or str(error)).lower()
    return LocalRuntimeError(
        f"Cannot write to {path}: {reason}.",
        "Make it writable for this user, or name another place with RESERVEI_DATA_DIR.",
    )


def write_atomically(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace ``path`` by a file with ``text``; a reader sees the old file or the new one, never a half."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                os.fchmod(file.fileno(), mode)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise not_writable(path, error) from error


def stored_secret(data_dir: Path, name: str) -> str:
    """The secret ``<data_dir>/secrets/<name>`` (mode 0600), generated with 256 bits the first time."""
    path = private_directory(data_dir / "secrets") / name
    try:
        existing = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        existing = ""
    except OSError as error:
        raise LocalRuntimeError(
            f"Cannot read the secret {path}: {(error.strerror or str(error)).lower()}.",
            "Run as the user that created it, or name another place with RESERVEI_DATA_DIR.",
        ) from error
    if existing:
        return existing
    # Processes that start together must agree on one: under the lock whoever comes second reads what the first wrote.
    with _exclusive(path.with_name(f".{name}.lock")):
        try:
            written = path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            written = ""
        if not written:
            written = secrets.token_urlsafe(32)
            write_atomically(path, written + "\n")
    return written


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Wait for the lock on ``path``; the kernel gives it back however its holder ends."""
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise not_writable(path, error) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class FileLock:
    """An exclusive lock between processes, released by the kernel when its process ends, however it ends.

    It is never inherited by child processes, so a server that outlives us does not hold it. The file says who holds
    the lock, for people.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self) -> bool:
        """Take the lock without waiting; ``False`` when another process (or object) has it."""
        if self._descriptor is not None:
            return True
        private_directory(self.path.parent)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise not_writable(self.path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {' '.join(sys.argv)[:200]}\n".encode(errors="replace"), 0)
        return True

    def holder(self) -> str:
        """Who holds the lock, as ``pid 123 (reservei up)``."""
        try:
            pid, _, command = self.path.read_text(encoding="utf-8", errors="replace").strip().partition(" ")
        except OSError:
            return "another process"
        return f"pid {pid} ({command})" if pid else "another process"

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        if not self.acquire():
            raise LocalRuntimeError(f"{self.path} is held by {self.holder()}.", "Stop that process first.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
