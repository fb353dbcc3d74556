"""A subgraph over HTTP and WebSocket, on a real server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
import strawberry
import uvicorn
import websockets
from strawberry.types import Info

from shared.auth import service_signature
from shared.config import PlatformSettings
from shared.graphql import Caller, Subgraph, SubgraphContext, SubgraphRuntime, create_schema, create_subgraph
from shared.graphql.http import create_app
from shared.graphql.messages import GraphQLRequest
from shared.graphql.remote import RemoteExecutor, SubgraphUnreachable
from shared.testing import TestIssuer, make_principal
from shared.testing.plugin import PATIENCE_SECONDS


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: Info) -> str | None:
        principal = info.context.principal
        return None if principal is None else str(principal.user_id)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, info: Info, to: int) -> AsyncIterator[str]:
        for number in range(to):
            principal = info.context.principal
            yield f"{number} {principal.user_id if principal else 'nobody'}"
        if to > 2:
            raise ValueError("password=hunter2")


@asynccontextmanager
async def _resources(_: SubgraphRuntime) -> AsyncIterator[dict[str, bool]]:
    yield {"cache answers": True}


def _context(_: dict[str, bool], caller: Caller) -> SubgraphContext:
    return SubgraphContext(caller)


def _checks(resources: dict[str, bool]) -> dict[str, Any]:
    async def cache() -> None:
        if not resources["cache answers"]:
            raise ConnectionError("10.0.0.1 refused")

    return {"cache": cache}


class Server:
    """A running subgraph's address, and calls signed as the router signs them."""

    def __init__(self, subgraph: Subgraph[dict[str, bool]], port: int, secret: str) -> None:
        self.subgraph = subgraph
        self.address = f"127.0.0.1:{port}"
        self.secret = secret
        self.client = httpx.AsyncClient(base_url=f"http://{self.address}")

    async def post(self, body: bytes, *, token: str | None = None, **headers: str) -> httpx.Response:
        headers = {service_signature.HEADER: service_signature.sign(self.secret, body, time.time()), **headers}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return await self.client.post("/graphql", content=body, headers=headers)

    def socket(self, secret: str | None = None) -> Any:
        signature = service_signature.sign(secret or self.secret, b"/graphql", time.time())
        return websockets.connect(
            f"ws://{self.address}/graphql",
            subprotocols=[websockets.Subprotocol("graphql-transport-ws")],
            additional_headers={service_signature.HEADER: signature},
            proxy=None,
        )


@pytest.fixture
async def server(platform: PlatformSettings, issuer: TestIssuer) -> AsyncIterator[Server]:
    subgraph = create_subgraph(
        name="counting",
        schema=create_schema(Query, subscription=Subscription),
        resources=_resources,
        context=_context,
        checks=_checks,
        keys=lambda _: issuer,
    )
    uvicorn_server = uvicorn.Server(
        uvicorn.Config(create_app(subgraph, platform), port=0, log_config=None, ws="websockets-sansio")
    )
    task = asyncio.create_task(uvicorn_server.serve())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not uvicorn_server.started:  # noqa: ASYNC110  # uvicorn tells by this flag only
            await asyncio.sleep(0.01)
    assert platform.service_secret is not None
    running = Server(
        subgraph,
        uvicorn_server.servers[0].sockets[0].getsockname()[1],
        platform.service_secret.get_secret_value(),
    )
    yield running
    await running.client.aclose()
    uvicorn_server.should_exit = True
    await task


def _operation(query: str) -> bytes:
    return orjson.dumps({"query": query})


async def test_a_signed_call_is_answered_as_its_token_says(server: Server, issuer: TestIssuer) -> None:
    someone = make_principal()
    assert (await server.post(_operation("{ me }"))).json() == {"data": {"me": None}}
    answer = await server.post(_operation("{ me }"), token=issuer.token(someone))
    assert answer.json() == {"data": {"me": str(someone.user_id)}}
    refused = (await server.post(_operation("{ me }"), token="forged")).json()
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_call_that_no_service_signed_is_refused(server: Server) -> None:
    body = _operation("{ me }")
    now = time.time()
    signatures = {
        "none": "",
        "garbage": "t=1,v1=zz",
        "of another body": service_signature.sign(server.secret, b"{}", now),
        "of another secret": service_signature.sign("x" * 32, body, now),
        "an hour old": service_signature.sign(server.secret, body, now - 3600),
        "from the future": service_signature.sign(server.secret, body, now + 3600),
    }
    for what, signature in signatures.items():
        answer = await server.post(body, **{service_signature.HEADER: signature})
        assert answer.status_code == 401, what
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", what
        assert "data" not in answer.json(), what


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 2_000_000, 413),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'[{"query": "{ me }"}]', 400),
        (b'{"query": 7}', 400),
        (b'{"query": "{ me }", "variables": []}', 400),
        (b'{"query": "{ me }", "operationName": {}}', 400),
    ],
)
async def test_a_bad_body_gets_a_clear_answer(server: Server, body: bytes, status: int) -> None:
    answer = await server.post(body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await server.post(_operation("{ me }"))).status_code == 200


async def test_readiness_names_what_does_not_answer_and_recovers(server: Server) -> None:
    assert (await server.client.get("/health")).json() == {"status": "ok", "service": "counting"}
    assert (await server.client.get("/ready")).status_code == 200
    server.subgraph.resources["cache answers"] = False
    answer = await server.client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"cache": "unavailable"}
    assert "10.0.0.1" not in answer.text
    assert (await server.client.get("/health")).status_code == 200
    server.subgraph.resources["cache answers"] = True
    assert (await server.client.get("/ready")).status_code == 200


async def test_metrics_count_operations(server: Server) -> None:
    await server.post(_operation("{ me }"))
    await server.post(_operation("{ nothing }"))
    text = (await server.client.get("/metrics")).text
    assert 'graphql_operation_duration_seconds_count{outcome="ok",subgraph="counting"} 1.0' in text
    assert 'graphql_operation_duration_seconds_count{outcome="error",subgraph="counting"} 1.0' in text


async def _talk(socket: Any, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Send ``messages`` and collect what comes until an operation is complete."""
    for message in messages:
        await socket.send(orjson.dumps(message).decode())
    received: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not received or received[-1]["type"] not in {"complete", "error"}:
            received.append(orjson.loads(await socket.recv()))
    return received


async def test_a_subscription_streams_to_the_caller_in_the_token(server: Server, issuer: TestIssuer) -> None:
    someone = make_principal()
    async with server.socket() as socket:
        received = await _talk(
            socket,
            {"type": "connection_init", "payload": {"Authorization": f"Bearer {issuer.token(someone)}"}},
            {"type": "subscribe", "id": "1", "payload": {"query": "subscription { count(to: 2) }"}},
        )
    assert [message["type"] for message in received] == ["connection_ack", "next", "next", "complete"]
    assert [m["payload"]["data"]["count"] for m in received[1:3]] == [
        f"0 {someone.user_id}",
        f"1 {someone.user_id}",
    ]


async def test_a_subscription_that_breaks_tells_nothing_of_our_insides(server: Server) -> None:
    async with server.socket() as socket:
        received = await _talk(
            socket,
            {"type": "connection_init"},
            {"type": "subscribe", "id": "1", "payload": {"query": "subscription { count(to: 3) }"}},
        )
    assert "hunter2" not in str(received)
    assert "INTERNAL" in str(received)


@pytest.mark.parametrize("secret", ["x" * 32])
async def test_a_socket_that_no_service_signed_is_refused(server: Server, secret: str) -> None:
    async with server.socket(secret) as socket:
        await socket.send('{"type": "connection_init"}')
        with pytest.raises(websockets.ConnectionClosed) as closed:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_a_socket_with_a_forged_token_is_refused(server: Server) -> None:
    async with server.socket() as socket:
        await socket.send('{"type": "connection_init", "payload": {"authorization": "Bearer forged"}}')
        with pytest.raises(websockets.ConnectionClosed) as closed:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_one_subgraph_asks_another_with_the_callers_token(server: Server, issuer: TestIssuer) -> None:
    someone = make_principal()
    remote = RemoteExecutor("counting", f"http://{server.address}/graphql", server.secret)
    headers = {"authorization": f"Bearer {issuer.token(someone)}"}
    try:
        answer = await remote.execute(GraphQLRequest("{ me }", headers=headers))
        assert answer == {"data": {"me": str(someone.user_id)}}
    finally:
        await remote.aclose()


async def test_a_subgraph_that_is_away_is_unreachable_and_not_a_traceback_for_the_caller() -> None:
    remote = RemoteExecutor("counting", "http://127.0.0.1:9/graphql", "x" * 32)
    try:
        with pytest.raises(SubgraphUnreachable, match="counting"):
            await remote.execute(GraphQLRequest("{ me }"))
    finally:
        await remote.aclose()
