"""How tests are spread over xdist's workers: one by one, but the whole-system tests together, because each worker that
has one of them starts a supergraph.

This is what ``xdist_group`` marks are for; xdist 3.8 writes them to a place that pytest 9.2 no longer reads.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SYSTEM_TESTS = "tests/"
PROCESSES_OF_THEIR_OWN = "tests/test_separate_processes.py"


class OneSupergraph(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """Tests of one scope run on one worker; the largest scope is started first."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(PROCESSES_OF_THEIR_OWN):
            return PROCESSES_OF_THEIR_OWN
        return SYSTEM_TESTS if nodeid.startswith(SYSTEM_TESTS) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneSupergraph:
    """Use our scheduler whatever ``--dist`` says."""
    return OneSupergraph(config, log)
