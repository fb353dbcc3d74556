"""The client side of `graphql-transport-ws`: one socket per subscription to a subgraph."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import structlog
from aiohttp import WSMsgType
from yarl import URL

from router.execution.transport import SubgraphRequest, TransportError
from router.transports.signing import Signer
from shared.graphql.messages import GraphQLResponse

_log = structlog.get_logger(__name__)

SUBPROTOCOL = "graphql-transport-ws"
_OPERATION_ID = "1"
_HEARTBEAT_SECONDS = 15.0
"""A subgraph that vanished without closing its socket is noticed after one and a half of these."""
_CLOSE_SECONDS = 2.0

_Socket = aiohttp.ClientWebSocketResponse[bool]


class WebSocketSubscriber:
    """Subscribes to the subgraph ``name``, whose HTTP endpoint is ``url``.

    Args:
        signer: signs the path of the handshake, which has no body.
        timeout: seconds that connecting and introducing ourselves may take.
    """

    def __init__(self, name: str, url: URL, signer: Signer, *, timeout: float) -> None:
        self._name = name
        self._url = url.with_scheme("wss" if url.scheme == "https" else "ws")
        self._signer = signer
        self._timeout = timeout

    async def subscribe(
        self, session: aiohttp.ClientSession, request: SubgraphRequest
    ) -> AsyncIterator[GraphQLResponse]:
        """Yield the responses of ``request``. Raises :class:`TransportError` when they stop before their end."""
        async with self._connected(session, request) as socket:
            await self._send(socket, _subscribe_message(request))
            while True:
                message = await self._receive(socket)
                kind = message.get("type")
                if kind == "next" and isinstance(message.get("payload"), dict):
                    yield message["payload"]
                elif kind == "error":
                    # The protocol's `error` says the operation was refused: a response of errors, and the last one.
                    payload = message.get("payload")
                    yield {"errors": payload if isinstance(payload, list) else [payload]}
                    return
                elif kind == "complete":
                    return
                elif kind != "pong":
                    raise self._lost("spoke out of turn", f"message of type {kind!r}")

    @asynccontextmanager
    async def _connected(self, session: aiohttp.ClientSession, request: SubgraphRequest) -> AsyncIterator[_Socket]:
        try:
            async with asyncio.timeout(self._timeout):
                socket = await session.ws_connect(
                    self._url,
                    protocols=(SUBPROTOCOL,),
                    headers={**request.headers, **self._signer(self._url.raw_path.encode())},
                    heartbeat=_HEARTBEAT_SECONDS,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                    max_msg_size=16 * 1024 * 1024,
                    decode_text=False,
                )
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost("is not answering", repr(error)) from error
        try:
            await self._introduce(socket, request)
            yield socket
        except (GeneratorExit, asyncio.CancelledError):
            # Our client has gone; tell the subgraph, which would otherwise work on until it sees the socket close.
            await self._complete(socket)
            raise
        finally:
            await socket.close()

    async def _introduce(self, socket: _Socket, request: SubgraphRequest) -> None:
        if socket.protocol != SUBPROTOCOL:
            raise self._lost("does not offer subscriptions", "subprotocol refused")
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(socket, {"type": "connection_init", "payload": dict(request.headers)})
                acknowledged = await self._receive(socket)
        except TimeoutError as error:
            raise self._lost("did not answer in time", "no connection_ack") from error
        if acknowledged.get("type") != "connection_ack":
            raise self._lost("does not offer subscriptions", f"{acknowledged.get('type')!r} for connection_ack")

    async def _receive(self, socket: _Socket) -> dict[str, Any]:
        """The next message that is not a ping, which is answered here."""
        while True:
            frame = await socket.receive()
            if frame.type is not WSMsgType.TEXT:
                raise self._lost("ended the subscription", f"closed with {socket.close_code}")
            try:
                message = orjson.loads(frame.data)
            except orjson.JSONDecodeError as error:
                raise self._lost("sent a message that is not JSON", repr(error)) from error
            if not isinstance(message, dict):
                raise self._lost("sent a message that is not an object", type(message).__name__)
            if message.get("type") != "ping":
                return message
            await self._send(socket, {"type": "pong"})

    async def _send(self, socket: _Socket, message: dict[str, Any]) -> None:
        try:
            await socket.send_str(orjson.dumps(message).decode())
        except (aiohttp.ClientError, ConnectionError) as error:
            raise self._lost("ended the subscription", repr(error)) from error

    async def _complete(self, socket: _Socket) -> None:
        if not socket.closed:
            try:
                await self._send(socket, {"id": _OPERATION_ID, "type": "complete"})
            except TransportError:
                _log.debug("subgraph_gone_before_complete", subgraph=self._name)

    def _lost(self, what: str, detail: str) -> TransportError:
        _log.warning("subgraph_subscription_failed", subgraph=self._name, reason=what, detail=detail)
        return TransportError(self._name, f"The {self._name} service {what}.")


def _subscribe_message(request: SubgraphRequest) -> dict[str, Any]:
    payload: dict[str, Any] = {"query": request.query, "variables": dict(request.variables)}
    if request.operation_name is not None:
        payload["operationName"] = request.operation_name
    return {"id": _OPERATION_ID, "type": "subscribe", "payload": payload}
