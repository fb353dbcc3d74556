"""Fault tests take minutes and both cores, so they run by ``make test-faults`` and are skipped everywhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.platform import FaultyPlatform, running_platform
from tests.faults.rabbitmq import is_installed

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what lies in this folder unless it was asked for."""
    if os.environ.get("RESERVEI_FAULTS") == "1":
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="run by `make test-faults`"))


@pytest.fixture(scope="session")
def platform_under_fault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyPlatform]:
    """Every part in a process of its own, on servers that the tests own and may kill."""
    with running_platform(tmp_path_factory.mktemp("faults")) as platform:
        yield platform


@pytest.fixture(scope="module")
def platform_on_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyPlatform]:
    """The same with RabbitMQ between the domains, also ours to kill."""
    if not is_installed():
        pytest.skip("RabbitMQ is not installed here")
    with running_platform(tmp_path_factory.mktemp("rabbit"), on_rabbitmq=True) as platform:
        yield platform
