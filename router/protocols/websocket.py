"""The server side of `graphql-transport-ws`: many operations on one socket, and a client that may do anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from router.config import LimitsConfig, SubscriptionsConfig
from router.policies.authentication import ANONYMOUS, Authenticator, Identity
from router.policies.browsers import OriginPolicy
from router.policies.errors import ErrorCode, ErrorPolicy, RequestRefused
from router.policies.headers import HeaderPolicy, decode_headers, request_id_of
from router.protocols.outbox import Outbox, SlowClient
from router.protocols.parameters import parse_parameters
from router.protocols.runner import ClientCall, OperationRunner, token_expired
from shared.graphql.messages import GraphQLRequest, GraphQLResponse

_log = structlog.get_logger(__name__)

SUBPROTOCOL = "graphql-transport-ws"
_FLUSH_SECONDS = 2.0
"""How long a client may take to read the last messages before its socket is closed on it."""


class _Close(Exception):
    """End the socket with this code; the reason is for whoever debugs the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        # A close frame has room for 123 bytes of reason.
        self.reason = reason.encode()[:123].decode(errors="ignore")


class _Gone(Exception):
    """The client closed the socket."""


class WebSocketProtocol:
    """The ASGI endpoint for GraphQL over WebSocket.

    Args:
        runner: runs operations.
        authenticator: judges the token in `connection_init`, or in the handshake's `Authorization` header.
        headers: what subgraphs get to see.
        origins: which pages may connect.
        errors: masks what nobody expected.
        limits: the size of a message.
        subscriptions: how many operations, and what to do with a client that reads too slowly.
        init_timeout: seconds until `connection_init` must have come.
    """

    def __init__(
        self,
        *,
        runner: OperationRunner,
        authenticator: Authenticator,
        headers: HeaderPolicy,
        origins: OriginPolicy,
        errors: ErrorPolicy,
        limits: LimitsConfig,
        subscriptions: SubscriptionsConfig,
        init_timeout: float,
    ) -> None:
        self.runner = runner
        self.authenticator = authenticator
        self.headers = headers
        self.origins = origins
        self.errors = errors
        self.limits = limits
        self.subscriptions = subscriptions
        self.init_timeout = init_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until either side closes it."""
        await receive()  # websocket.connect
        headers = decode_headers(scope["headers"])
        if not self.origins.allows(headers):
            await send({"type": "websocket.close", "code": 1008})  # before the handshake, so the client sees a 403
            return
        if SUBPROTOCOL not in scope["subprotocols"]:
            # Accepted first, because a refused handshake tells a browser nothing at all.
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": 4406, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        await _Connection(self, headers, scope.get("client"), receive, send).serve()


class _Connection:
    """One socket."""

    def __init__(
        self,
        protocol: WebSocketProtocol,
        headers: Mapping[str, str],
        client: tuple[str, int] | None,
        receive: Receive,
        send: Send,
    ) -> None:
        self._protocol = protocol
        self._handshake_headers = headers
        self._client = client
        self._receive = receive
        self._send = send
        self._outbox = Outbox(
            protocol.subscriptions.max_queued_messages,
            drop_oldest=protocol.subscriptions.slow_client == "drop_oldest",
        )
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._initialised = False
        self._acknowledged = False
        self._headers: Mapping[str, str] = headers
        self._identity: Identity = ANONYMOUS
        self._tasks: asyncio.TaskGroup

    async def serve(self) -> None:
        """Read, run and write until someone ends it."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._outbox.write_to(self._send))
                await self._read()
        except BaseExceptionGroup as group:
            close = self._verdict(_leaves(group))
            if close is not None:
                await self._close(close)

    def _verdict(self, causes: list[BaseException]) -> _Close | None:
        """How to close for what happened; ``None`` when there is nobody left to tell."""
        # uvicorn raises an OSError for a send to a socket that is closed.
        if any(isinstance(cause, _Gone | OSError) for cause in causes):
            return None
        if any(isinstance(cause, SlowClient) for cause in causes):
            return _Close(1013, "Too slow: messages pile up")
        for cause in causes:
            if isinstance(cause, _Close):
                return cause
        self._protocol.errors.internal(causes[0], self._request_id())
        return _Close(1011, "Internal error")

    async def _close(self, close: _Close) -> None:
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await self._outbox.flush(self._send)
                await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})
        except (TimeoutError, OSError) as error:
            _log.debug("socket_not_closed_cleanly", code=close.code, error=repr(error))

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._protocol.init_timeout) as init_timer:
                while True:
                    message = await self._next_message()
                    if message.get("type") == "connection_init":
                        if self._initialised:
                            raise _Close(4429, "Too many initialisation requests")
                        self._initialised = True
                        init_timer.reschedule(None)
                        await self._initialise(message)
                    else:
                        self._handle(message)
        except TimeoutError:
            raise _Close(4408, "Connection initialisation timeout") from None

    async def _next_message(self) -> dict[str, Any]:
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            raise _Gone
        text = event.get("text")
        if text is None:
            raise _Close(4400, "Messages must be text")
        if len(text) > self._protocol.limits.max_body_bytes:
            raise _Close(1009, "Message too large")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise _Close(4400, "Message is not JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise _Close(4400, "Message must be an object with a type")
        return message

    def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ping":
                self._outbox.put(_echo("pong", message))
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                operation = self._operations.pop(_operation_id(message), None)
                if operation is not None:
                    operation.cancel()
            case kind:
                raise _Close(4400, f"Unknown message type {kind!r}")

    async def _initialise(self, message: dict[str, Any]) -> None:
        payload = message.get("payload")
        if payload is None:
            payload = {}
        if not isinstance(payload, dict):
            raise _Close(4400, "The payload of connection_init must be an object")
        given = self._protocol.headers.from_payload(payload)
        self._headers = {**self._handshake_headers, **given}
        try:
            self._identity = await self._protocol.authenticator.identify(self._headers.get("authorization"))
        except RequestRefused as refused:
            error = refused.errors[0]
            # 4403 lets a client come back with another token; 1013 with the same one, when keys can be fetched again.
            code = 4403 if refused.status == 401 else 1013
            raise _Close(code, f"{error['extensions']['code']}: {error['message']}") from None
        if self._identity.expires_at is not None:
            self._tasks.create_task(self._expire(self._identity.expires_at))
        self._acknowledged = True
        self._outbox.put({"type": "connection_ack"})

    async def _expire(self, expires_at: float) -> None:
        """End everything when the token ends: a socket outlives its token, and what it streams must not."""
        await asyncio.sleep(max(0.0, expires_at - time.time()))
        for operation_id in list(self._operations):
            self._operations.pop(operation_id).cancel()
            self._outbox.put(_message("error", operation_id, token_expired()["errors"]))
        raise _Close(4403, "UNAUTHENTICATED: The access token has expired")

    def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._acknowledged:
            raise _Close(4401, "Unauthorized")
        operation_id = _operation_id(message)
        payload = message.get("payload")
        if not isinstance(payload, dict) or not isinstance(payload.get("query"), str):
            raise _Close(4400, "The payload of subscribe must be an object with a query")
        if operation_id in self._operations:
            raise _Close(4409, f"Subscriber for {operation_id} already exists")
        try:
            request = parse_parameters(payload)
            if len(self._operations) >= self._protocol.subscriptions.max_operations_per_socket:
                raise RequestRefused("Too many operations on this connection.", code=ErrorCode.RATE_LIMITED)
        except RequestRefused as refused:
            self._outbox.put(_message("error", operation_id, refused.errors))
            return
        self._operations[operation_id] = self._tasks.create_task(self._operate(operation_id, request))

    async def _operate(self, operation_id: str, request: GraphQLRequest) -> None:
        try:
            last = await self._run(operation_id, request)
        except RequestRefused as refused:
            last = _message("error", operation_id, refused.errors)
        except SlowClient:
            raise
        except Exception as error:  # noqa: BLE001 - one broken operation must not take the socket's others with it
            masked = self._protocol.errors.internal(error, self._request_id())
            last = _message("error", operation_id, masked["errors"])
        # Before the message goes out, for with it the client may use the id again.
        self._operations.pop(operation_id, None)
        self._outbox.put(last)

    async def _run(self, operation_id: str, request: GraphQLRequest) -> dict[str, Any]:
        """Send the operation's results; the message to end it with is returned."""
        request_id = self._request_id()
        call = ClientCall(
            request_id=request_id,
            headers=self._protocol.headers.propagated(self._headers, request_id, client=self._client),
            identity=self._identity,
        )
        runner = self._protocol.runner
        prepared = runner.prepare(request, call)
        if prepared.kind != "subscription":
            response = await runner.execute(prepared, request, call)
            return await self._forward(operation_id, response) or _message("complete", operation_id)
        async with aclosing(runner.stream(request, call)) as responses:
            async for response in responses:
                end = await self._forward(operation_id, response)
                if end is not None:
                    return end
        return _message("complete", operation_id)

    async def _forward(self, operation_id: str, response: GraphQLResponse) -> dict[str, Any] | None:
        """Queue a result as `next`, or return the `error` that ends an operation which yields no data any more."""
        if "data" not in response:
            return _message("error", operation_id, response.get("errors", []))
        self._outbox.put(_message("next", operation_id, response))
        # A source with many events at hand never waits, so let the writer have its turn or it looks slow.
        if self._outbox.crowded:
            await asyncio.sleep(0)
        return None

    def _request_id(self) -> str:
        return request_id_of(self._headers)


def _operation_id(message: Mapping[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _Close(4400, f"Message of type {message['type']} needs an id")
    return operation_id


def _message(kind: str, operation_id: str, payload: Any = None) -> dict[str, Any]:
    message = {"id": operation_id, "type": kind}
    if payload is not None:
        message["payload"] = payload
    return message


def _echo(kind: str, message: Mapping[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    return {"type": kind} if payload is None else {"type": kind, "payload": payload}


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
