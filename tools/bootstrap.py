"""Brings ``.venv`` to what the lock files say: ``bootstrap.py runtime|dev``. Standard library only.

Does nothing, in 50 ms, when ``.venv`` is current. ``dev`` contains ``runtime``, and an environment that has ``dev``
keeps it. Everything is installed by hash; by uv, or by pip where there is no uv for the platform.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "reservei-bootstrap.json"
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("runtime", "dev", "build")}
DOWNLOAD = {"runtime": "270 MB", "dev": "420 MB"}
SHOWN_LINES = 15


class BootstrapError(Exception):
    """A step that failed, with what to do about it."""


def main() -> int:
    """Set up and report; the exit code is for ``make``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", choices=["runtime", "dev"])
    wanted: str = parser.parse_args().packages
    with Path(__file__).open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # `make up` and `make test` at once: one installs, the other waits
        try:
            _bring_up_to_date(wanted)
        except BootstrapError as error:
            print(f"\n{error}", file=sys.stderr)
            return 1
    return 0


def _bring_up_to_date(wanted: str) -> None:
    state = _read_stamp() if _venv_works() else None
    if state is None or state.get("root", str(ROOT)) != str(ROOT):  # a moved folder: its scripts name the old one
        _create_venv()
        state = {"packages": wanted}
    packages = "dev" if "dev" in {wanted, state.get("packages")} else "runtime"
    target = {"packages": packages, "locked": _digest(packages), "root": str(ROOT)}
    if state == target:
        return
    STAMP.unlink(missing_ok=True)  # an interrupted installation is not current
    _install(packages)
    STAMP.write_text(json.dumps(target), encoding="utf-8")


def _venv_works() -> bool:
    """Whether ``.venv`` has a Python that runs: the one that it was made with may have gone."""
    if not PYTHON.exists():
        return False
    answer = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.prefix, sys.version_info >= (3, 11))"],
        check=False,
        capture_output=True,
        text=True,
    )
    return answer.returncode == 0 and answer.stdout.strip() == f"{VENV} True"


def _read_stamp() -> dict[str, str]:
    """What was installed last; of an environment that we did not make, only whether it is one for developing."""
    try:
        return {str(key): str(value) for key, value in json.loads(STAMP.read_text(encoding="utf-8")).items()}
    except (FileNotFoundError, ValueError):
        return {"packages": "dev" if (VENV / "bin" / "pytest").exists() else "runtime"}


def _digest(packages: str) -> str:
    digest = hashlib.sha256()
    for path in (LOCKS[packages], LOCKS["build"], ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _create_venv() -> None:
    version = ".".join(str(part) for part in sys.version_info[:3])
    _say(f"making .venv with Python {version} ({sys.executable})")
    shutil.rmtree(VENV, ignore_errors=True)
    if find_spec("ensurepip") and find_spec("venv"):
        _run([sys.executable, "-m", "venv", str(VENV)], "Making .venv failed.")
    elif uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(VENV)], "Making .venv failed.")
    elif find_spec("virtualenv"):
        _run([sys.executable, "-m", "virtualenv", "--quiet", str(VENV)], "Making .venv failed.")
    else:
        major, minor = sys.version_info[:2]
        raise BootstrapError(
            f"{sys.executable} (Python {version}) comes without venv, as Debian and Ubuntu package it.\n"
            f"Install it:         sudo apt install python{major}.{minor}-venv\n"
            f"or without root:    {sys.executable} -m pip install --user virtualenv   (or install uv)\n"
            "or name another:    make up PYTHON=/path/to/python3"
        )


def _install(packages: str) -> None:
    started = time.monotonic()
    locks = [str(LOCKS[packages]), str(LOCKS["build"])]
    count = sum("==" in line for line in LOCKS[packages].read_text(encoding="utf-8").splitlines())
    if uv := _uv():
        _say(f"installing {count} {packages} packages ({DOWNLOAD[packages]} to download the first time)")
        python = ["--python", str(PYTHON)]
        try:
            _run(
                [*uv, "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", *python, *locks],
                "uv could not install.",
            )
            _say("installing reservei itself")
            editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
            _run([*uv, "pip", "install", "--quiet", *python, *editable], "uv could not install.")
        except BootstrapError as error:
            _say(f"trying again with pip: {str(error).splitlines()[-1].strip()}")
        else:
            _say(f"installed in {time.monotonic() - started:.0f} s")
            return
    _say(f"installing {count} {packages} packages with pip, which takes a minute or two")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    mend = "The packages could not be installed. Is there a network, and a package index that pip can reach?"
    requirements = [argument for lock in locks for argument in ("--requirement", lock)]
    _run([*pip, "--require-hashes", *requirements], mend)
    _run([*pip, "--no-build-isolation", "--editable", str(ROOT)], mend)
    _say(f"installed in {time.monotonic() - started:.0f} s")


def _uv() -> list[str] | None:
    """The uv of the lock file, installed into ``.venv``; ``None`` where it cannot be had."""
    pinned = LOCKS["build"].read_text(encoding="utf-8")
    version = pinned.partition("\nuv==")[2].split(maxsplit=1)[0]
    uv = VENV / "bin" / "uv"
    if not (uv.exists() and _answers(uv, version)):
        _say(f"installing uv {version}, which installs the rest")
        only_uv = VENV / "uv.txt"
        only_uv.write_text("uv==" + pinned.partition("\nuv==")[2], encoding="utf-8")
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        try:
            _run([*pip, "--require-hashes", "--requirement", str(only_uv)], "uv could not be installed.")
        except BootstrapError as error:
            _say(f"going on with pip: {str(error).splitlines()[-1].strip()}")
            return None
    return [str(uv)]


def _answers(uv: Path, version: str) -> bool:
    answer = subprocess.run([str(uv), "--version"], check=False, capture_output=True, text=True)
    return answer.returncode == 0 and answer.stdout.split()[1:2] == [version]


def _run(command: Sequence[str], failure: str) -> None:
    # The system's certificates rather than uv's own: a company's proxy is known to the system only.
    environment = {"UV_SYSTEM_CERTS": "true", "UV_NO_PROGRESS": "true", **os.environ}
    environment.pop("PYTHONHOME", None)
    done = subprocess.run(
        command, check=False, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode != 0:
        last = done.stdout.rstrip().splitlines()[-SHOWN_LINES:]
        raise BootstrapError("\n".join([failure, *(f"  {line}" for line in last)]))


def _say(what: str) -> None:
    print(f"setup: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
