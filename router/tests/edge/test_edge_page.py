"""The GraphiQL page and the endpoints for operators."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from router.app import create_router_app
from router.policies.headers import CLIENT_ADDRESS_HEADER
from router.protocols.metrics import RouterMetrics
from router.tests.edge.conftest import RouterServer
from router.tests.edge.subgraphs import supergraph
from router.tests.edge.support import config, hear, only_code, open_session, serve, subscribe


class DemoAccount(NamedTuple):
    """More than the page is to know."""

    label: str
    email: str
    password: str
    roles: str


DEMO_ACCOUNTS = [DemoAccount("traveler", "ana@example.com", "praia", "TRAVELER")]
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"}


async def test_a_browser_gets_the_page_and_every_asset_from_us(http: aiohttp.ClientSession, router: str) -> None:
    async with http.get(f"{router}/graphql", headers=BROWSER) as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/html")
        policy = response.headers["content-security-policy"]
        page = await response.text()
    assert "http:" not in policy
    assert "https:" not in policy
    assert "unsafe-eval" not in policy
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets
    for asset in assets:
        assert asset.startswith("/graphiql/")
        async with http.get(f"{router}{asset}") as response:
            assert response.status == 200, asset
            assert response.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_a_page_can_be_switched_off(http: aiohttp.ClientSession, router_server: RouterServer) -> None:
    async with router_server("graphiql: false") as router:
        async with http.get(f"{router}/graphql", headers=BROWSER) as response:
            assert response.status == 400
        async with http.get(f"{router}/graphiql/index.html") as response:
            assert response.status == 404


async def test_assets_stay_inside_their_folder(http: aiohttp.ClientSession, router: str) -> None:
    import yarl

    for path in ("/graphiql/../app.py", "/graphiql/%2e%2e/config.json", "/graphiql/..%2f..%2fapp.py", "/graphiql/none"):
        async with http.get(yarl.URL(f"{router}{path}", encoded=True)) as response:
            assert response.status == 404, path


async def test_the_page_learns_demo_accounts_and_operations(http: aiohttp.ClientSession, tmp_path: Path) -> None:
    (tmp_path / "02-b.graphql").write_text('query B($n: Int) { echo(text: "a", number: $n) }')
    (tmp_path / "02-b.variables.json").write_text('{"n": 1}')
    (tmp_path / "01-a.graphql").write_text("{ hotels { id } }")
    app = create_router_app(
        supergraph(), config=config("jwt: {enabled: false}"), demo_accounts=DEMO_ACCOUNTS, operations=tmp_path
    )
    async with serve(app) as router:
        async with http.get(f"{router}/graphiql/config.json") as response:
            assert await response.json() == {
                "endpoint": "/graphql",
                "demoAccounts": [{"label": "traveler", "email": "ana@example.com", "password": "praia"}],
            }
        async with http.get(f"{router}/graphiql/operations.json") as response:
            operations = (await response.json())["operations"]
    assert [(each["file"], each.get("variables")) for each in operations] == [
        ("01-a.graphql", None),
        ("02-b.graphql", {"n": 1}),
    ]


async def test_production_offers_no_demo_accounts(http: aiohttp.ClientSession) -> None:
    settings = config("{mode: production, jwt: {enabled: false}}")
    app = create_router_app(supergraph(), config=settings, demo_accounts=DEMO_ACCOUNTS)
    async with serve(app) as router, http.get(f"{router}/graphiql/config.json") as response:
        assert (await response.json())["demoAccounts"] == []


async def test_the_root_leads_to_graphql(http: aiohttp.ClientSession, router: str) -> None:
    async with http.get(f"{router}/", allow_redirects=False) as response:
        assert response.status == 307
        assert response.headers["location"] == "/graphql"


async def test_health_and_readiness(http: aiohttp.ClientSession, router: str) -> None:
    async with http.get(f"{router}/health") as response:
        assert (response.status, await response.json()) == (200, {"status": "ok"})
    async with http.get(f"{router}/ready") as response:
        assert (response.status, await response.json()) == (
            200,
            {"status": "ready", "subgraphs": {"hotels": "ok", "reviews": "ok"}},
        )
    app = create_router_app(supergraph(), config=config("jwt: {enabled: false}"))
    async with serve(app) as lonely, http.get(f"{lonely}/ready") as response:
        assert response.status == 503
        assert (await response.json())["status"] == "unavailable"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/none", 404), ("POST", "/none", 404), ("POST", "/health", 405)]
)
async def test_other_addresses_are_graphql_errors_too(
    http: aiohttp.ClientSession, router: str, method: str, path: str, status: int
) -> None:
    async with http.request(method, f"{router}{path}") as response:
        assert response.status == status
        assert only_code(await response.json())


async def test_metrics_count_requests_operations_and_fetches(
    http: aiohttp.ClientSession, router_server: RouterServer
) -> None:
    async with router_server() as router:
        async with http.post(f"{router}/graphql", json={"query": "query Named { hotels { id } }"}) as response:
            assert response.status == 200
        async with http.post(f"{router}/graphql", data=b"{") as response:
            assert response.status == 415
        async with http.get(f"{router}/none/{'x' * 10}"):
            pass
        async with open_session(router) as client:
            await subscribe(client, "subscription { forever }")
            await hear(client)
            async with http.get(f"{router}/metrics") as response:
                assert response.headers["content-type"].startswith("text/plain")
                metrics = await response.text()
    assert 'http_request_duration_seconds_count{method="POST",route="/graphql",status_code="200"} 1.0' in metrics
    assert 'http_request_duration_seconds_count{method="POST",route="/graphql",status_code="415"} 1.0' in metrics
    assert 'http_request_duration_seconds_count{method="GET",route="unknown",status_code="404"} 1.0' in metrics
    assert 'graphql_operation_duration_seconds_count{operation="Named"} 1.0' in metrics
    assert 'subgraph_fetch_duration_seconds_count{subgraph="hotels"} 1.0' in metrics
    assert "graphql_subscriptions_active 1.0" in metrics


def test_operation_names_cannot_grow_the_metrics_without_bound() -> None:
    metrics = RouterMetrics()
    for number in range(1000):
        metrics.observe_operation(f"Op{number}", 0.1)
    text = metrics.exposition().decode()
    assert text.count("graphql_operation_duration_seconds_count") <= 201
    assert 'graphql_operation_duration_seconds_count{operation="other"} 800.0' in text


def test_the_header_that_names_the_client_is_the_one_subgraphs_read() -> None:
    from shared.graphql.context import CLIENT_ADDRESS_HEADER as READ_BY_SUBGRAPHS

    assert CLIENT_ADDRESS_HEADER == READ_BY_SUBGRAPHS
