"""A real PostgreSQL under a data directory, started from a folder of its programs."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from shared.local.errors import LocalRuntimeError
from shared.local.files import not_writable, stored_secret
from shared.local.postgres_binaries import BIN_VARIABLE, PostgresBinaries, find_binaries, reachable_by_others
from shared.local.process import RunAs, spawn
from shared.local.server import EmbeddedServer

_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",  # seven domains, each with a pool in the server and in the worker
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %d ",
    "wal_level": "minimal",  # no replica ever follows this server; loading demo data writes half as much
    "max_wal_senders": "0",
    "jit": "off",  # compiling costs more than our short statements take
}
_THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class _Access:
    """How the server's user names the data directory: its path, or as root a door that is already open."""

    path: str
    descriptors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Status:
    pid: int
    port: int
    ready: bool


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL on 127.0.0.1 with its data in ``<data_dir>/postgres``.

    The data directory is made on the first start: UTF-8, sorted by code point and with Unicode upper and lower case
    (``C.UTF-8``), so that it behaves the same on every machine; a password is generated into ``<data_dir>/secrets``.
    The server runs as the current user; started by root, as the owner of the data or as ``nobody``.
    A start takes 0.1 s, 1 s the first time. See ``EmbeddedServer`` for the rest.
    """

    name = "PostgreSQL"
    folder = "postgres"
    pid_file = "postmaster.pid"
    # SIGINT is PostgreSQL's "fast" shutdown (SIGTERM would wait for clients), SIGQUIT its "immediate" one.
    stop_signals = (signal.SIGINT, signal.SIGQUIT)
    # The latter: children of a killed server are still ending.
    passing_failures = ("Address already in use", "shared memory block")

    def __init__(self, data_dir: Path, *, durable: bool = True, port: int | None = None) -> None:
        super().__init__(data_dir, durable=durable, port=port)
        self._programs: PostgresBinaries | None = None
        self._run_as: RunAs | None = None

    def _url(self, port: int) -> str:
        password = stored_secret(self._data_dir, "postgres_password")
        return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

    def _prepare(self) -> None:
        binaries = find_binaries()
        self._check_version(binaries)
        self._run_as = self._user()
        self._programs = binaries if self._run_as is None else reachable_by_others(binaries)
        if not (self._home / "PG_VERSION").exists():
            self._initialise(self._programs)
        elif not (secret := self._data_dir / "secrets" / "postgres_password").exists():
            raise LocalRuntimeError(
                f"The password of the PostgreSQL in {self._home} is gone: there is no {secret}.",
                f"Restore that file; to start afresh, delete {self._data_dir}.",
            )

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        assert self._programs is not None
        settings = _SETTINGS | ({} if self._durable else _THROWAWAY_SETTINGS) | {"port": str(port)}
        with self._access(self._home) as data, self._log.open() as log:
            command = [self._programs.program("postgres"), "-D", data.path]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            return spawn(
                command,
                log=log,
                death_signal=signal.SIGINT,
                run_as=self._run_as,
                env=_ENVIRONMENT,
                pass_fds=data.descriptors,
            )

    def _answers(self, pid: int) -> bool:
        status = self._status()
        return status is not None and status.pid == pid and status.ready

    def _attachable_port(self) -> int | None:
        status = self._status()
        return status.port if status is not None and status.ready and psutil.pid_exists(status.pid) else None

    def _status(self) -> _Status | None:
        """What the server says of itself in its pid file, which is what ``pg_ctl`` goes by."""
        try:
            lines = (self._home / self.pid_file).read_text(encoding="utf-8").splitlines()
            return _Status(pid=int(lines[0]), port=int(lines[3]), ready=lines[7].strip() == "ready")
        except (FileNotFoundError, IndexError, ValueError):  # not there, or half written
            return None

    def _check_version(self, binaries: PostgresBinaries) -> None:
        try:
            written_by = (self._home / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return
        except OSError as error:
            raise not_writable(self._home, error) from error
        if written_by != str(binaries.major):
            raise LocalRuntimeError(
                f"The data in {self._home} is of PostgreSQL {written_by}, this program is {binaries.version}.",
                f"To keep the data, let {BIN_VARIABLE} name the programs of PostgreSQL {written_by}; "
                f"to start afresh, delete {self._data_dir}.",
            )

    def _user(self) -> RunAs | None:
        """Whom to run the server as: ``None`` for ourselves."""
        if os.geteuid() != 0:
            try:
                pwd.getpwuid(os.geteuid())
            except KeyError as error:
                raise LocalRuntimeError(
                    f"PostgreSQL runs only as a user with a name, and /etc/passwd has none for id {os.geteuid()}.",
                    "Run as a user that has one, or set RESERVEI_DATABASE_URL.",
                ) from error
            return None
        if self._home.exists() and (owner := self._home.stat()).st_uid != 0:
            return RunAs(owner.st_uid, owner.st_gid)
        if not Path("/proc/self/fd").is_dir():
            raise LocalRuntimeError("PostgreSQL cannot run as root on this system.", "Run as a normal user.")
        try:
            nobody = pwd.getpwnam("nobody")
            return RunAs(nobody.pw_uid, nobody.pw_gid)
        except KeyError:
            return RunAs(65534, 65534)

    @contextmanager
    def _access(self, path: Path) -> Iterator[_Access]:
        """How the server's user can name ``path``.

        ``nobody`` may not be allowed to pass the parents of the data directory (a checkout in /root, a private
        temporary folder). We do not change their modes: the child inherits the opened file and names it by
        /proc/self/fd, which the kernel resolves without walking the path.
        """
        if self._run_as is None:
            yield _Access(str(path), ())
            return
        descriptor = os.open(path, os.O_RDONLY)
        try:
            yield _Access(f"/proc/self/fd/{descriptor}", (descriptor,))
        finally:
            os.close(descriptor)

    def _initialise(self, binaries: PostgresBinaries) -> None:
        """Make the data directory beside its place and move it there, so that a half-made one is never taken."""
        fresh = self._data_dir / "postgres.new"
        run_as = self._run_as
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            fresh.mkdir(mode=0o700)
            if run_as is not None:
                os.chown(fresh, run_as.uid, run_as.gid)
        except OSError as error:
            raise not_writable(fresh, error) from error
        with tempfile.NamedTemporaryFile("w", dir=self._data_dir, prefix=".password.") as password:
            password.write(stored_secret(self._data_dir, "postgres_password"))
            password.flush()
            if run_as is not None:
                os.fchown(password.fileno(), run_as.uid, run_as.gid)
            with (
                self._access(fresh) as data,
                self._access(Path(password.name)) as password_file,
            ):
                self._initdb(
                    binaries,
                    [f"--pgdata={data.path}", f"--pwfile={password_file.path}"],
                    data.descriptors + password_file.descriptors,
                )
        fresh.rename(self._home)

    def _initdb(self, binaries: PostgresBinaries, arguments: list[str], descriptors: tuple[int, ...]) -> None:
        # The built-in provider knows Unicode's upper and lower case without the system's locales, which containers
        # lack; before version 17 the C library's C.UTF-8 is the nearest.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if binaries.major < 17:
            locale = ["--locale=C.UTF-8"]
        command = [binaries.program("initdb"), "--username=postgres", "--encoding=UTF8", *locale]
        command += ["--auth=scram-sha-256", "--no-instructions", *arguments]
        if not self._durable:
            command.append("--no-sync")
        run_as = self._run_as
        user = {} if run_as is None else {"user": run_as.uid, "group": run_as.gid, "extra_groups": []}
        done = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
            command,
            check=False,
            capture_output=True,
            text=True,
            env=_ENVIRONMENT,
            pass_fds=descriptors,
            timeout=120,
            start_new_session=True,  # Ctrl-C is for us, who then stop in order
            **user,
        )
        if done.returncode != 0:
            telling = [line for line in done.stderr.splitlines() if "error:" in line or "FATAL" in line]
            reason = (telling or done.stderr.splitlines() or ["no reason given"])[0]
            raise LocalRuntimeError(
                f"PostgreSQL cannot create its data directory {self._home}: {reason.strip()}.",
                "Check disk space and permissions there, or name another place with RESERVEI_DATA_DIR.",
            )
