"""Call a subgraph over HTTP with kept-alive connections; its subscriptions go over WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import structlog
from yarl import URL

from router.execution.transport import SubgraphRequest, TransportError
from router.transports.signing import Signer, unsigned
from router.transports.websocket import WebSocketSubscriber
from shared.graphql.messages import GraphQLResponse

_log = structlog.get_logger(__name__)

_ACCEPT = "application/graphql-response+json, application/json;q=0.9"
_CONNECT_ERRORS = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)
"""No connection, or a kept-alive one that the subgraph closed just as we used it."""

_KEEP_ALIVE_SECONDS = 4.0
"""Less than the five after which uvicorn closes an idle connection: a mutation that meets a closing one is lost."""


class HttpTransport:
    """The transport to the subgraph ``name`` at ``url``.

    It keeps no memory of failures: the next call tries again, so a subgraph that comes back is used at once.

    Args:
        name: the subgraph's name in the supergraph; the only thing about it that callers get to read.
        url: its GraphQL endpoint, http or https.
        signer: makes the headers that prove who calls.
        timeout: seconds that one call may take at most.
        max_connections: size of the pool for queries and mutations. Subscriptions have sockets of their own, as many
            as there are subscribers: they stay open, and would take every connection of a shared pool.
    """

    def __init__(
        self,
        name: str,
        url: str,
        signer: Signer = unsigned,
        *,
        timeout: float = 10.0,
        max_connections: int = 256,
    ) -> None:
        self._name = name
        self._url = URL(url)
        self._signer = signer
        self._timeout = timeout
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._sockets: aiohttp.ClientSession | None = None
        self._subscriber = WebSocketSubscriber(name, self._url, signer, timeout=timeout)

    async def execute(self, request: SubgraphRequest) -> GraphQLResponse:
        """The subgraph's answer.

        A query is tried a second time when the connection fails; a mutation never, for it may have been done.

        Raises:
            TransportError: the subgraph cannot be reached, is too slow, or does not speak GraphQL.
        """
        body = _encode(request)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout
        attempts = 2 if request.kind == "query" else 1
        while True:
            attempts -= 1
            try:
                return await self._post(request, body, deadline - loop.time())
            except _CONNECT_ERRORS as error:
                if attempts and deadline > loop.time():
                    continue
                raise self._unavailable("is not answering", error) from error
            except TimeoutError as error:
                raise self._unavailable("did not answer in time", error) from error
            except (aiohttp.ClientError, OSError) as error:
                raise self._unavailable("is not answering", error) from error

    def subscribe(self, request: SubgraphRequest) -> AsyncIterator[GraphQLResponse]:
        """The subgraph's events over WebSocket, until it completes or the caller closes the iterator.

        Raises:
            TransportError: while iterating, when the subgraph cannot be reached, refuses, or goes away.
        """
        if self._sockets is None or self._sockets.closed:
            self._sockets = _session(limit=0)
        return self._subscriber.subscribe(self._sockets, request)

    async def aclose(self) -> None:
        """Close all connections. The transport may be used again afterwards."""
        sessions, self._session, self._sockets = (self._session, self._sockets), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    async def _post(self, request: SubgraphRequest, body: bytes, seconds: float) -> GraphQLResponse:
        headers = {
            **request.headers,
            **self._signer(body),
            "content-type": "application/json",
            "accept": _ACCEPT,
        }
        async with self._open_session().post(
            self._url,
            data=body,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=max(seconds, 0.001)),
            allow_redirects=False,
        ) as response:
            raw = await response.read()
        answer = _decode(raw)
        if answer is None:
            _log.error("subgraph_spoke_no_graphql", subgraph=self._name, status=response.status)
            raise TransportError(self._name, f"The {self._name} service gave an answer that is not GraphQL.")
        return answer

    def _open_session(self) -> aiohttp.ClientSession:
        # On first use: aiohttp binds a session to the running loop, and we are built before there is one.
        if self._session is None or self._session.closed:
            self._session = _session(limit=self._max_connections)
        return self._session

    def _unavailable(self, what: str, error: Exception) -> TransportError:
        # The error's text holds the address, so it goes to the log and not to the caller.
        _log.warning("subgraph_unavailable", subgraph=self._name, reason=what, error=repr(error))
        return TransportError(self._name, f"The {self._name} service {what}.")


def _session(*, limit: int) -> aiohttp.ClientSession:
    """A client with at most ``limit`` connections, 0 for any number."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=_KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("user-agent",),
    )


def _encode(request: SubgraphRequest) -> bytes:
    message: dict[str, Any] = {"query": request.query}
    if request.variables:
        message["variables"] = request.variables
    if request.operation_name is not None:
        message["operationName"] = request.operation_name
    return orjson.dumps(message)


def _decode(raw: bytes) -> GraphQLResponse | None:
    """The response map in ``raw``, whatever the status code: GraphQL errors come with 200 and with 400."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if isinstance(answer, dict) and ("data" in answer or isinstance(answer.get("errors"), list)):
        return answer
    return None
