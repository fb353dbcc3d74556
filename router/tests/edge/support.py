"""Real servers on free loopback ports, and what tests say to them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect

from router.config import RouterConfig, parse_config
from router.tests.edge.subgraphs import COUNTERS

DEADLINE_SECONDS = 60.0


def config(text: str = "") -> RouterConfig:
    """The configuration that ``text`` spells, with everything else at its default."""
    return parse_config(text, environment={})


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0, **options: Any) -> AsyncIterator[str]:
    """Serve ``app`` in this loop; gives `http://127.0.0.1:<port>`."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, **options)
    )
    # Not serve(): it takes over the signal handlers of the test run.
    task = asyncio.create_task(server._serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until ``condition`` holds; fail with ``what`` when it does not in time."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - any condition can be asked for, not only one with an event
            await asyncio.sleep(0.01)
    assert condition(), what


async def no_subscriptions() -> int:
    """Wait until the subscriptions of earlier tests have ended; how many are open then, which is none."""
    await eventually(lambda: COUNTERS.open_subscriptions == 0, "the subscription of an earlier test goes on")
    return 0


@asynccontextmanager
async def open_socket(url: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """A raw WebSocket to the router, speaking `graphql-transport-ws` unless told otherwise."""
    options.setdefault("subprotocols", ["graphql-transport-ws"])
    async with connect(f"{url.replace('http', 'ws', 1)}/graphql", **options) as client:
        yield client


@asynccontextmanager
async def open_session(url: str, payload: Any = None, **options: Any) -> AsyncIterator[ClientConnection]:
    """A WebSocket whose `connection_init` was acknowledged."""
    async with open_socket(url, **options) as client:
        await say(client, {"type": "connection_init", **({} if payload is None else {"payload": payload})})
        assert await hear(client) == {"type": "connection_ack"}
        yield client


async def say(client: ClientConnection, message: Any) -> None:
    """Send ``message`` as JSON."""
    await client.send(orjson.dumps(message).decode())


async def hear(client: ClientConnection) -> Any:
    """The next message."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        return orjson.loads(await client.recv())


async def subscribe(client: ClientConnection, query: str, operation_id: str = "1", **payload: Any) -> None:
    """Start an operation."""
    await say(client, {"id": operation_id, "type": "subscribe", "payload": {"query": query, **payload}})


async def close_code(client: ClientConnection) -> int | None:
    """Read until the router closes the socket; its code."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        await client.wait_closed()
    return client.close_code


def errors(response: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and message of each error."""
    return [(error["extensions"]["code"], error["message"]) for error in response.get("errors", [])]


def only_code(response: dict[str, Any]) -> str:
    """The code of the one error that ``response`` has."""
    ((code, _),) = errors(response)
    return code
