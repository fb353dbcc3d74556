"""Reports as pictures over HTTP."""

from __future__ import annotations

from datetime import date

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from shared.auth import Principal, Role
from shared.testing.identity import TestIssuer, make_principal
from shared.testing.plugin import SubgraphClients
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.tests.world import Inn, Stay

MANAGER, TRAVELER = make_principal(Role.HOTEL_MANAGER), make_principal(Role.TRAVELER)
MARCH = "start=2026-03-01&end=2026-03-31"


@pytest_asyncio.fixture(loop_scope="session")
async def browser(analytics_store: AnalyticsStore, subgraph_client: SubgraphClients) -> httpx.AsyncClient:
    inn = Inn("Pousada", manager_id=MANAGER.user_id)
    await write_events(analytics_store, [*inn.all_told(), *Stay(inn, date(2026, 3, 5), 2, 500_00).sold()])
    subgraph = (await subgraph_client("analytics")).subgraph
    app = Starlette(routes=list(subgraph.make_routes(subgraph.resources)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://reservei.test")


def bearer(issuer: TestIssuer, principal: Principal) -> dict[str, str]:
    return {"authorization": f"Bearer {issuer.token(principal)}", "accept-language": "pt-BR"}


async def test_a_report_is_a_picture(browser: httpx.AsyncClient, issuer: TestIssuer) -> None:
    signed_in = bearer(issuer, MANAGER)
    svg = await browser.get(f"/reports/revenue.svg?{MARCH}", headers=signed_in)
    assert (svg.status_code, svg.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert "R$" in svg.text
    assert "sandbox" in svg.headers["content-security-policy"]
    png = await browser.get(f"/reports/occupancy.png?{MARCH}&interval=WEEK&theme=dark&width=360", headers=signed_in)
    assert png.content.startswith(b"\x89PNG")
    html = await browser.get(f"/reports/cancellation-rate.html?{MARCH}", headers=signed_in)
    assert "<script" in html.text
    assert 'src="http' not in html.text, "it shows without a network"


async def test_only_who_may_see_the_report_gets_the_picture(browser: httpx.AsyncClient, issuer: TestIssuer) -> None:
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer nonsense"}, 401),
        ({"authorization": "Basic YTpi"}, 401),
        (bearer(issuer, TRAVELER), 403),
    ):
        answer = await browser.get(f"/reports/revenue.svg?{MARCH}", headers=headers)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    other = f"hotelId={TRAVELER.user_id}"
    assert (await browser.get(f"/reports/revenue.svg?{other}", headers=bearer(issuer, MANAGER))).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports/nothing.svg", 404),
        ("/reports/revenue.exe", 404),
        ("/reports/revenue.svg?start=2026-03-31&end=2026-03-01", 400),
        ("/reports/revenue.svg?start=yesterday", 400),
        ("/reports/revenue.svg?start=1000-01-01&end=2090-01-01", 400),
        ("/reports/revenue.svg?interval=HOUR", 400),
        ("/reports/occupancy.svg?groupBy=GUEST_COUNTRY", 400),
        ("/reports/revenue.svg?groupBy=%27%3B--", 400),
        ("/reports/revenue.svg?hotelId=1%20OR%201", 400),
        ("/reports/revenue.svg?currency=XAU", 400),
        ("/reports/revenue.svg?width=1000000", 400),
        ("/reports/revenue.svg?width=many", 400),
        ("/reports/revenue.svg?theme=pink", 400),
    ],
)
async def test_wrong_questions_are_told_what_to_do(
    browser: httpx.AsyncClient, issuer: TestIssuer, path: str, status: int
) -> None:
    answer = await browser.get(path, headers=bearer(issuer, MANAGER))
    assert answer.status_code == status
    assert answer.json()["error"]


async def test_a_renderer_that_died_is_started_again(
    browser: httpx.AsyncClient, issuer: TestIssuer, subgraph_client: SubgraphClients
) -> None:
    path, headers = f"/reports/revenue.svg?{MARCH}", bearer(issuer, MANAGER)
    assert (await browser.get(path, headers=headers)).status_code == 200
    renderer = (await subgraph_client("analytics")).subgraph.resources.renderer
    renderer._process.kill()
    await renderer._process.wait()
    assert (await browser.get(path, headers=headers)).status_code == 200


async def test_the_dashboard_is_there_for_everybody_and_brings_what_it_needs(browser: httpx.AsyncClient) -> None:
    page = await browser.get("/dashboard")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("app.js", "words.js", "style.css"):
        assert f"/dashboard/{name}" in page.text or name == "words.js"
        assert (await browser.get(f"/dashboard/{name}")).status_code == 200
    assert (await browser.get("/dashboard/../settings.py")).status_code == 404
