"""Subgraphs over HTTP and WebSocket: what the router does when they are slow, broken or gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from starlette.types import Receive, Scope, Send

from router.app import create_router_app
from router.execution import SubgraphRequest, TransportError
from router.tests.edge.subgraphs import COUNTERS, HOTELS, NAMES, REVIEWS, subgraph_app, supergraph
from router.tests.edge.support import config, errors, eventually, hear, no_subscriptions, open_session, serve, subscribe
from router.transports import HttpTransport, InProcessTransport, service_signer
from shared.auth import service_signature
from shared.graphql.messages import GraphQLRequest, GraphQLResponse
from shared.local.ports import free_port

SECRET = "s" * 32


def query(text: str = "{ __typename }", **headers: str) -> SubgraphRequest:
    return SubgraphRequest(query=text, variables={}, operation_name=None, kind="query", headers=headers)


def mutation() -> SubgraphRequest:
    return SubgraphRequest(query="mutation { increment }", variables={}, operation_name=None, kind="mutation")


def subscription(text: str) -> SubgraphRequest:
    return SubgraphRequest(query=text, variables={}, operation_name=None, kind="subscription")


@pytest.fixture
async def hotels() -> AsyncIterator[str]:
    async with serve(subgraph_app(HOTELS)) as url:
        yield f"{url}/graphql"


async def drops_connections(times: int) -> tuple[asyncio.Server, str, list[bytes]]:
    """A server that hangs up on the first ``times`` requests and answers the others."""
    requests: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if len(requests) > times:
            body = b'{"data": {"__typename": "Query"}}'
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql", requests


async def test_a_query_goes_over_http_with_its_headers(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels)
    response = await transport.execute(query('{ header(name: "x-request-id") }', **{"x-request-id": "7"}))
    assert response["data"] == {"header": "7"}
    await transport.aclose()


async def test_errors_of_the_subgraph_come_through(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels)
    response = await transport.execute(query("{ nope }"))
    assert "nope" in response["errors"][0]["message"]
    await transport.aclose()


async def test_a_lost_connection_is_retried_once_for_queries_and_never_for_mutations() -> None:
    server, url, requests = await drops_connections(1)
    transport = HttpTransport("hotels", url)
    async with server:
        assert await transport.execute(query()) == {"data": {"__typename": "Query"}}
    assert len(requests) == 2
    await transport.aclose()
    server, url, requests = await drops_connections(1)
    transport = HttpTransport("hotels", url)
    async with server:
        with pytest.raises(TransportError) as failed:
            await transport.execute(mutation())
    assert len(requests) == 1
    assert (failed.value.subgraph, failed.value.code) == ("hotels", "UNAVAILABLE")
    assert str(failed.value) == "The hotels service is not answering."
    await transport.aclose()


async def test_two_lost_connections_are_an_error() -> None:
    server, url, requests = await drops_connections(2)
    transport = HttpTransport("hotels", url)
    async with server:
        with pytest.raises(TransportError):
            await transport.execute(query())
    assert len(requests) == 2
    await transport.aclose()


async def test_a_slow_subgraph_is_given_up(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels, timeout=0.2)
    with pytest.raises(TransportError) as failed:
        await transport.execute(query("{ slow(seconds: 600) }"))
    assert str(failed.value) == "The hotels service did not answer in time."
    await transport.aclose()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b""),
        (502, b"Bad Gateway from proxy-7.internal"),
        (200, b"[]"),
        (200, b"{}"),
        (500, b'{"detail": "postgresql://secret"}'),
        (302, b""),
    ],
)
async def test_what_is_not_graphql_is_an_error_that_quotes_nothing(status: int, body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"location": "/elsewhere"} if status == 302 else None)

    async with aiohttp_server(answer) as url:
        transport = HttpTransport("hotels", url)
        with pytest.raises(TransportError) as failed:
            await transport.execute(query())
        await transport.aclose()
    assert str(failed.value) == "The hotels service gave an answer that is not GraphQL."


async def test_calls_are_signed_over_their_body() -> None:
    seen: list[None] = []

    async def answer(request: web.Request) -> web.Response:
        service_signature.verify(
            SECRET, request.headers.get(service_signature.HEADER), await request.read(), time.time()
        )
        seen.append(None)
        return web.json_response({"data": {}})

    async with aiohttp_server(answer) as url:
        transport = HttpTransport("hotels", url, service_signer(SECRET))
        await transport.execute(query())
        await transport.aclose()
    assert len(seen) == 1


async def test_connections_are_kept_and_used_again() -> None:
    peers: set[Any] = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.json_response({"data": {}})

    async with aiohttp_server(answer) as url:
        transport = HttpTransport("hotels", url)
        for _ in range(5):
            await transport.execute(query())
        await transport.aclose()
    assert len(peers) == 1


async def test_a_subscription_goes_over_websocket_and_completes(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels)
    events = [event async for event in transport.subscribe(subscription("subscription { count(to: 3) }"))]
    assert events == [{"data": {"count": number}} for number in (1, 2, 3)]
    await transport.aclose()


async def test_a_refused_subscription_is_a_response_of_errors(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels)
    events = [event async for event in transport.subscribe(subscription("subscription { nope }"))]
    assert len(events) == 1
    assert "nope" in events[0]["errors"][0]["message"]
    await transport.aclose()


async def test_closing_the_iterator_ends_the_subscription_at_the_subgraph(hotels: str) -> None:
    before = await no_subscriptions()
    transport = HttpTransport("hotels", hotels)
    events = transport.subscribe(subscription("subscription { forever }"))
    assert await anext(events) == {"data": {"forever": 0}}
    assert COUNTERS.open_subscriptions == before + 1
    await events.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: COUNTERS.open_subscriptions == before, "the subgraph went on")
    await transport.aclose()


async def test_open_subscriptions_leave_the_connections_to_queries(hotels: str) -> None:
    transport = HttpTransport("hotels", hotels, max_connections=1)
    streams = [transport.subscribe(subscription("subscription { forever }")) for _ in range(5)]
    for stream in streams:
        assert await anext(stream) == {"data": {"forever": 0}}
    assert await transport.execute(query()) == {"data": {"__typename": "Query"}}
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]
    await transport.aclose()


WsHandler = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


def websocket_subgraph(script: WsHandler, protocols: tuple[str, ...] = ("graphql-transport-ws",)) -> Any:
    async def handle(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=protocols)
        await socket.prepare(request)
        await script(socket, request)
        return socket

    return handle


async def collect(url: str, **options: Any) -> list[GraphQLResponse]:
    transport = HttpTransport("hotels", url, **options)
    try:
        return [event async for event in transport.subscribe(subscription("subscription { x }"))]
    finally:
        await transport.aclose()


async def test_the_socket_introduces_itself_with_headers_signs_its_path_and_answers_pings() -> None:
    heard: list[Any] = []

    async def script(socket: web.WebSocketResponse, request: web.Request) -> None:
        service_signature.verify(SECRET, request.headers[service_signature.HEADER], b"/graphql", time.time())
        heard.append(await socket.receive_json())
        await socket.send_json({"type": "ping"})
        heard.append(await socket.receive_json())
        await socket.send_json({"type": "connection_ack", "payload": {}})
        heard.append(await socket.receive_json())
        await socket.send_json({"type": "ping", "payload": {}})
        heard.append(await socket.receive_json())
        await socket.send_json({"id": "1", "type": "next", "payload": {"data": {"x": 1}}})
        await socket.send_json({"id": "1", "type": "complete"})
        await socket.receive()

    async with aiohttp_server(websocket_subgraph(script)) as url:
        transport = HttpTransport("hotels", url, service_signer(SECRET))
        request = SubgraphRequest("subscription { x }", {"a": 1}, "S", "subscription", {"authorization": "Bearer t"})
        assert [event async for event in transport.subscribe(request)] == [{"data": {"x": 1}}]
        await transport.aclose()
    assert heard == [
        {"type": "connection_init", "payload": {"authorization": "Bearer t"}},
        {"type": "pong"},
        {
            "id": "1",
            "type": "subscribe",
            "payload": {"query": "subscription { x }", "variables": {"a": 1}, "operationName": "S"},
        },
        {"type": "pong"},
    ]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("not json", "not JSON"),
        ("[]", "not an object"),
        ('{"type": "data", "id": "1"}', "out of turn"),
        ('{"type": "next", "id": "1", "payload": 1}', "out of turn"),
        (None, "ended the subscription"),
    ],
)
async def test_a_socket_that_misbehaves_ends_as_an_error(message: str | None, words: str) -> None:
    async def script(socket: web.WebSocketResponse, request: web.Request) -> None:
        await socket.receive()
        await socket.send_json({"type": "connection_ack"})
        await socket.receive()
        if message is None:
            await socket.close(code=1011)
        else:
            await socket.send_str(message)
            await socket.receive()

    async with aiohttp_server(websocket_subgraph(script)) as url:
        with pytest.raises(TransportError, match=words):
            await collect(url)


async def test_a_subgraph_without_the_subprotocol_is_an_error() -> None:
    async def script(socket: web.WebSocketResponse, request: web.Request) -> None:
        await socket.receive()

    async with aiohttp_server(websocket_subgraph(script, protocols=())) as url:
        with pytest.raises(TransportError, match="does not offer subscriptions"):
            await collect(url)


async def test_a_subgraph_that_never_acknowledges_is_given_up() -> None:
    async def script(socket: web.WebSocketResponse, request: web.Request) -> None:
        async for _ in socket:
            pass

    async with aiohttp_server(websocket_subgraph(script)) as url:
        with pytest.raises(TransportError, match="did not answer in time"):
            await collect(url, timeout=0.2)


async def test_a_subscription_to_a_subgraph_that_is_down_is_an_error() -> None:
    with pytest.raises(TransportError, match="The hotels service is not answering"):
        await collect("http://127.0.0.1:1/graphql")


class BrokenExecutor:
    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        raise RuntimeError("postgresql://secret@db")

    async def subscribe(self, request: GraphQLRequest) -> AsyncIterator[GraphQLResponse]:
        yield {"data": {"x": 1}}
        raise RuntimeError("redis://secret@cache")


async def test_an_exception_of_an_executor_in_process_is_internal_and_quotes_nothing() -> None:
    transport = InProcessTransport(BrokenExecutor(), "hotels")
    with pytest.raises(TransportError) as failed:
        await transport.execute(query())
    assert (str(failed.value), failed.value.code) == ("The hotels service failed.", "INTERNAL")
    events = transport.subscribe(subscription("subscription { x }"))
    assert await anext(events) == {"data": {"x": 1}}
    with pytest.raises(TransportError, match="The hotels service failed"):
        await anext(events)


async def test_a_subgraph_that_is_down_costs_its_fields_and_comes_back_by_itself(
    http: aiohttp.ClientSession, hotels: str
) -> None:
    asked = {"query": '{ hotel(id: "1") { name rating } }'}
    # Not one that the kernel could give to somebody's connection while the subgraph is down.
    port = free_port()
    async with serve(subgraph_app(REVIEWS), port=port) as reviews:
        app = create_router_app(
            supergraph(hotels=hotels, reviews=f"{reviews}/graphql"), config=config("jwt: {enabled: false}")
        )
        router_server = serve(app)
        router = await router_server.__aenter__()
        async with http.post(f"{router}/graphql", json=asked) as response:
            whole = {"data": {"hotel": {"name": NAMES["1"], "rating": 1.5}}}
            assert await response.json() == whole
    try:
        for _ in range(3):
            async with http.post(f"{router}/graphql", json=asked) as response:
                assert response.status == 200
                body = await response.json()
            assert body["data"] == {"hotel": {"name": NAMES["1"], "rating": None}}
            assert errors(body) == [("UNAVAILABLE", "The reviews service is not answering.")]
            assert body["errors"][0]["extensions"]["service"] == "reviews"
            assert "127.0.0.1" not in orjson.dumps(body).decode()
        async with http.get(f"{router}/ready") as ready:
            assert ready.status == 503
            assert (await ready.json())["subgraphs"] == {"hotels": "ok", "reviews": "unavailable"}
        async with serve(subgraph_app(REVIEWS), port=port):
            async with http.post(f"{router}/graphql", json=asked) as response:
                assert await response.json() == whole
            async with http.get(f"{router}/ready") as ready:
                assert ready.status == 200
    finally:
        await router_server.__aexit__(None, None, None)


async def test_subscriptions_reach_subgraphs_over_websocket(hotels: str) -> None:
    async with serve(subgraph_app(REVIEWS)) as reviews:
        app = create_router_app(
            supergraph(hotels=hotels, reviews=f"{reviews}/graphql"), config=config("jwt: {enabled: false}")
        )
        async with serve(app) as router, open_session(router) as client:
            await subscribe(client, "subscription { hotelChanged { name rating } }")
            for hotel_id, name in NAMES.items():
                changed = {"name": name, "rating": float(hotel_id) + 0.5}
                assert (await hear(client))["payload"] == {"data": {"hotelChanged": changed}}
            assert (await hear(client))["type"] == "complete"


async def test_a_subgraph_that_dies_ends_its_subscriptions_with_one_clear_error() -> None:
    await no_subscriptions()
    hotels_server = serve(subgraph_app(HOTELS))
    hotels = await hotels_server.__aenter__()
    app = create_router_app(supergraph(hotels=f"{hotels}/graphql"), config=config("jwt: {enabled: false}"))
    async with serve(app) as router, open_session(router) as client:
        await subscribe(client, "subscription { silence }")
        await eventually(lambda: COUNTERS.open_subscriptions > 0, "it should be open")
        await hotels_server.__aexit__(None, None, None)
        message = await hear(client)
        listed = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
        assert [(error["extensions"]["code"], error["message"]) for error in listed] == [
            ("UNAVAILABLE", "The hotels service ended the subscription.")
        ]
        await subscribe(client, "{ __typename }", "2")  # the socket lives on
        while (message := await hear(client))["id"] != "2":
            pass
        assert message["payload"] == {"data": {"__typename": "Query"}}


def aiohttp_server(handler: Any) -> Any:
    """An aiohttp server whose `/graphql` is ``handler``; gives its address."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def running() -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/graphql", handler)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
        finally:
            await runner.cleanup()

    return running()


async def test_nothing_is_sent_to_a_subgraph_for_a_refused_operation(http: aiohttp.ClientSession) -> None:
    calls: list[str] = []

    async def spy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            calls.append(scope["path"])
        await subgraph_app(HOTELS)(scope, receive, send)

    async with serve(spy, lifespan="off") as hotels:
        app = create_router_app(supergraph(hotels=f"{hotels}/graphql"), config=config("jwt: {enabled: false}"))
        async with serve(app) as router:
            for bad in ("{ nope }", "{", "{ hotels " + "{ id " * 50 + "}" * 51):
                async with http.post(f"{router}/graphql", json={"query": bad}) as response:
                    assert errors(await response.json())
    assert calls == []
