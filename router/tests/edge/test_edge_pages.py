"""Pages of a subgraph on the router's origin."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from yarl import URL

from router.app import create_router_app
from router.protocols import pages
from router.supergraph import SupergraphError
from router.tests.edge.subgraphs import supergraph
from router.tests.edge.support import config, serve


class Site:
    """A subgraph with pages, which notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.size = 5
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "HEAD", "POST"])])

    async def answer(self, request: Request) -> Response:
        self.asked.append(request)
        headers = {"etag": '"1"', "set-cookie": "spy=1", "x-powered-by": "us", "cache-control": "private"}
        return PlainTextResponse("x" * self.size, 200, headers)


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> Site:
    return Site()


@pytest_asyncio.fixture(loop_scope="session")
async def router(site: Site) -> AsyncIterator[str]:
    async with serve(site.app) as home:
        text = f"pages: {{/shop: hotels}}\nsubgraphs: {{hotels: {{url: '{home}/graphql'}}}}"
        app = create_router_app(supergraph(), config=config(text))
        async with serve(app) as url:
            yield url
        await app.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_page_comes_from_its_subgraph(router: str, site: Site, browser: aiohttp.ClientSession) -> None:
    headers = {"authorization": "Bearer abc", "cookie": "secret=1", "x-other": "1", "accept-language": "pt"}
    async with browser.get(f"{router}/shop/list?a=1&b=%20", headers=headers) as answer:
        assert (answer.status, await answer.text()) == (200, "xxxxx")
        assert answer.headers["etag"] == '"1"'
        assert "set-cookie" not in answer.headers
        assert "x-powered-by" not in answer.headers
    [asked] = site.asked
    assert (asked.url.path, asked.url.query) == ("/shop/list", "a=1&b=%20")
    assert asked.headers["authorization"] == "Bearer abc"
    assert asked.headers["accept-language"] == "pt"
    assert not {"cookie", "x-other"} & set(asked.headers)


async def test_head_tells_how_long_the_page_is(router: str, browser: aiohttp.ClientSession) -> None:
    async with browser.head(f"{router}/shop") as answer:
        assert (answer.status, answer.headers["content-length"]) == (200, "5")


@pytest.mark.parametrize(
    "path",
    [
        "/shop/../metrics",
        "/shop/%2e%2e/graphql",
        "/shop/..%2fmetrics",
        "/shop/%2e/x",
        "/shop/..%5cmetrics",
        "/shopping",
    ],
)
async def test_no_way_leads_elsewhere(router: str, site: Site, browser: aiohttp.ClientSession, path: str) -> None:
    async with browser.get(URL(router + path, encoded=True)) as answer:
        assert answer.status == 404
    assert site.asked == []


async def test_pages_are_read_only(router: str, site: Site, browser: aiohttp.ClientSession) -> None:
    async with browser.post(f"{router}/shop") as answer:
        assert answer.status in {404, 405}
    assert site.asked == []


async def test_a_page_too_large_is_refused(
    router: str, site: Site, browser: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LARGEST", 1000)
    site.size = 1001
    async with browser.get(f"{router}/shop") as answer:
        assert (answer.status, (await answer.json())["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")


async def test_a_subgraph_that_is_away_is_said_so(browser: aiohttp.ClientSession) -> None:
    text = "pages: {/shop: hotels}\nsubgraphs: {hotels: {url: 'http://127.0.0.1:9/graphql'}}"
    app = create_router_app(supergraph(), config=config(text))
    async with serve(app) as url, browser.get(f"{url}/shop") as answer:
        assert answer.status == 503
    await app.aclose()


def test_pages_of_no_subgraph_are_a_mistake_that_is_told() -> None:
    with pytest.raises(SupergraphError, match="nobody"):
        create_router_app(supergraph(), config=config("pages: {/shop: nobody}"))
