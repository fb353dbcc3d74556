"""Ask another domain's subgraph over HTTP, as one service of ours to another."""

from __future__ import annotations

import time

import aiohttp
import orjson

from shared.auth import service_signature
from shared.graphql.messages import GraphQLRequest, GraphQLResponse

_PASSED_HEADERS = ("authorization", "accept-language", "traceparent", "tracestate", "x-request-id")


class SubgraphUnreachable(ConnectionError):
    """The other subgraph gave no GraphQL answer."""


class RemoteExecutor:
    """An ``OperationExecutor`` over signed HTTP. Open it with ``async with``."""

    def __init__(self, name: str, url: str, secret: str, *, timeout: float = 5.0) -> None:
        """Prepare without connecting.

        Args:
            name: The other domain, for messages.
            url: Its GraphQL endpoint.
            secret: ``RESERVEI_SERVICE_SECRET``, with which it checks that we are one of its own.
            timeout: Seconds for a whole answer.
        """
        self._name = name
        self._url = url
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        """The other subgraph's answer. Raises :class:`SubgraphUnreachable`."""
        body = orjson.dumps(
            {
                "query": request.query,
                "variables": dict(request.variables),
                "operationName": request.operation_name,
            }
        )
        headers = {name: request.headers[name] for name in _PASSED_HEADERS if name in request.headers}
        headers["content-type"] = "application/json"
        headers[service_signature.HEADER] = service_signature.sign(self._secret, body, time.time())
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.post(self._url, data=body, headers=headers) as response:
                answer = orjson.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            raise SubgraphUnreachable(f"the {self._name} subgraph does not answer") from error
        if not isinstance(answer, dict):
            raise SubgraphUnreachable(f"the {self._name} subgraph answers something else than GraphQL")
        return answer

    async def aclose(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None
