"""Data directories for servers: one is initialised a session, the others are copies, which is four times as fast."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shared.local.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose PostgreSQL was started once and stopped."""
    folder = tmp_path_factory.mktemp("initialised")
    with EmbeddedPostgres(folder, durable=False):
        pass
    (folder / "postgres.port").unlink()
    return folder


@pytest.fixture
def data_dir(initialised: Path, tmp_path: Path) -> Path:
    """A data directory of the test's own, with a PostgreSQL that has been initialised."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", str(initialised), str(copy)], check=True)
    return copy
