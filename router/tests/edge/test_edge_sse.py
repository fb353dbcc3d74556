"""Server-sent events, distinct-connections mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest

from router.tests.edge.conftest import LastMoments, RouterServer
from router.tests.edge.subgraphs import COUNTERS
from router.tests.edge.support import DEADLINE_SECONDS, eventually, no_subscriptions, only_code
from shared.testing.identity import TestIssuer, make_principal

EVENT_STREAM = {"accept": "text/event-stream"}


@asynccontextmanager
async def stream(
    http: aiohttp.ClientSession, router: str, query: str, *, method: str = "POST", headers: dict[str, str] | None = None
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """Open an event stream; gives its events as name and data, and its comments as `:`."""
    body = {"json": {"query": query}} if method == "POST" else {"params": {"query": query}}
    async with http.request(
        method, f"{router}/graphql", headers={**EVENT_STREAM, **(headers or {})}, **body
    ) as response:
        assert response.status == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield events(response)


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    name, data = "", ""
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for raw in response.content:
            line = raw.decode().rstrip("\n")
            if line.startswith(":"):
                yield ":", None
            elif line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data = line[5:].strip()
            elif name:
                yield name, orjson.loads(data) if data else None
                name, data = "", ""


async def without_comments(opened: AsyncIterator[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [event async for event in opened if event[0] != ":"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_streams_and_completes(http: aiohttp.ClientSession, router: str, method: str) -> None:
    async with stream(http, router, "subscription { count(to: 2) }", method=method) as opened:
        assert await without_comments(opened) == [
            ("next", {"data": {"count": 1}}),
            ("next", {"data": {"count": 2}}),
            ("complete", None),
        ]


async def test_a_query_is_one_event(http: aiohttp.ClientSession, router: str) -> None:
    async with stream(http, router, '{ echo(text: "a\\nb") }') as opened:
        assert await without_comments(opened) == [("next", {"data": {"echo": "a\nb"}}), ("complete", None)]


async def test_a_refused_document_is_an_event_with_its_errors(http: aiohttp.ClientSession, router: str) -> None:
    async with stream(http, router, "subscription { nope }") as opened:
        (first, last) = await without_comments(opened)
    assert first[0] == "next"
    assert only_code(first[1]) == "GRAPHQL_VALIDATION_FAILED"
    assert last == ("complete", None)


async def test_a_mutation_by_get_does_nothing(http: aiohttp.ClientSession, router: str) -> None:
    before = COUNTERS.mutations
    async with stream(http, router, "mutation { increment }", method="GET") as opened:
        ((name, response), _) = await without_comments(opened)
    assert (name, only_code(response)) == ("next", "BAD_USER_INPUT")
    assert COUNTERS.mutations == before


async def test_a_quiet_stream_is_kept_open_with_comments(
    http: aiohttp.ClientSession, router_server: RouterServer
) -> None:
    async with (
        router_server("subscriptions: {heartbeat_seconds: 0.05}") as router,
        stream(http, router, "subscription { silence }") as opened,
    ):
        assert [await anext(opened) for _ in range(4)] == [(":", None)] * 4


async def test_a_client_that_goes_away_ends_its_subscription(http: aiohttp.ClientSession, router: str) -> None:
    before = await no_subscriptions()
    async with stream(http, router, "subscription { silence }") as opened:
        await anext(opened)
        await eventually(lambda: COUNTERS.open_subscriptions == before + 1, "it should be open")
    await eventually(lambda: COUNTERS.open_subscriptions == before, "the source went on")


async def test_a_stream_ends_clearly_when_its_token_expires(
    http: aiohttp.ClientSession, router_server: RouterServer, issuer: TestIssuer
) -> None:
    headers = {"authorization": f"Bearer {issuer.token(make_principal())}"}
    before = await no_subscriptions()
    async with (
        router_server(tokens=LastMoments(issuer.verifier(), seconds=0.2)) as router,
        stream(http, router, "subscription { silence }", headers=headers) as opened,
    ):
        (first, last) = await without_comments(opened)
    assert only_code(first[1]) == "UNAUTHENTICATED"
    assert last == ("complete", None)
    await eventually(lambda: COUNTERS.open_subscriptions == before, "the source went on")


async def test_a_bad_token_is_401_before_the_stream_opens(http: aiohttp.ClientSession, router: str) -> None:
    headers = {**EVENT_STREAM, "authorization": "Bearer x"}
    async with http.post(f"{router}/graphql", json={"query": "{ __typename }"}, headers=headers) as response:
        assert response.status == 401
        assert only_code(await response.json()) == "UNAUTHENTICATED"
