"""The same parts as processes of their own: users, hotels, worker and router, over HTTP."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from reservei.demo_accounts import DEMO_ACCOUNTS
from reservei.domains import DOMAINS
from tests.conftest import SEED, Processes, Supergraph, system_environment

pytestmark = [pytest.mark.system]

REVIEWS = (
    "{ hotels(sort: RATING, first: 5) { edges { node { name reviews(first: 2) {"
    " edges { node { rating author { displayName } } } } } } } }"
)


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Processes, Supergraph]]:
    folder = tmp_path_factory.mktemp("processes")
    environment, port = system_environment(folder / "data", is_embedded=True)
    running = Processes(environment, folder)
    try:
        # The worker comes first and so owns the embedded servers: the test takes the others away.
        running.start("worker", "worker")
        running.wait_log("worker", "relaying outboxes")
        seeded = subprocess.run(
            [sys.executable, "-m", "reservei", "seed", *SEED],
            env=environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert seeded.returncode == 0, seeded.stdout + seeded.stderr
        for domain in DOMAINS:
            running.start(domain, "serve", domain)
        for domain in DOMAINS:
            running.wait_ready(domain, f"http://127.0.0.1:{environment[f'RESERVEI_{domain.upper()}_PORT']}/ready")
        running.start("router", "router")
        running.wait_ready("router", f"http://127.0.0.1:{port}/ready")
        supergraph = Supergraph(f"http://127.0.0.1:{port}", environment, folder / "data", folder / "router.log")
        with supergraph.client:
            yield running, supergraph
    finally:
        for name in ("router", *DOMAINS, "worker"):
            if name in running.running:
                running.stop(name)


def test_a_lost_subgraph_costs_its_fields_and_one_clear_error_and_comes_back_by_itself(
    processes: tuple[Processes, Supergraph],
) -> None:
    running, supergraph = processes
    whole = supergraph.data(REVIEWS)
    reviews = [r["node"] for h in whole["hotels"]["edges"] for r in h["node"]["reviews"]["edges"]]
    assert any(review["author"] for review in reviews)

    running.stop("users", signal.SIGKILL)
    body = supergraph.post(REVIEWS).json()
    hotels = body["data"]["hotels"]["edges"]
    assert [h["node"]["name"] for h in hotels] == [h["node"]["name"] for h in whole["hotels"]["edges"]]
    assert all(r["node"]["author"] is None for h in hotels for r in h["node"]["reviews"]["edges"])
    assert len(body["errors"]) == 1
    assert body["errors"][0]["extensions"] == {"code": "UNAVAILABLE", "service": "users"}
    assert "127.0.0.1" not in str(body)
    assert supergraph.client.get("/health").status_code == 200
    assert supergraph.client.get("/ready").status_code == 503

    running.start("users", "serve", "users")
    running.wait_ready("users", f"http://127.0.0.1:{supergraph.environment['RESERVEI_USERS_PORT']}/ready")
    deadline = time.monotonic() + 60
    while (again := supergraph.post(REVIEWS).json()).get("errors") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert again == {"data": whole}


def test_a_signed_in_mutation_crosses_the_processes(processes: tuple[Processes, Supergraph]) -> None:
    _, supergraph = processes
    traveler = DEMO_ACCOUNTS[0]
    token = supergraph.sign_in(traveler.email, traveler.password)
    assert supergraph.data("{ me { email } }", token=token)["me"]["email"] == traveler.email


def test_a_subgraph_refuses_what_the_router_did_not_sign(processes: tuple[Processes, Supergraph]) -> None:
    _, supergraph = processes
    url = f"http://127.0.0.1:{supergraph.environment['RESERVEI_HOTELS_PORT']}/graphql"
    answer = supergraph.client.post(url, json={"query": "{ hotels { totalCount } }"})
    assert answer.status_code == 401
    assert "data" not in answer.json()


def test_the_call_command_signs(processes: tuple[Processes, Supergraph]) -> None:
    _, supergraph = processes

    def call(query: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "reservei", "call", "hotels", query],
            env=supergraph.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    called = call("{ amenities { code } }")
    assert called.returncode == 0, called.stderr
    assert '"code": "' in called.stdout
    refused = call("{ nothing }")
    assert refused.returncode == 1, refused.stderr
    assert "GRAPHQL_VALIDATION_FAILED" in refused.stdout
