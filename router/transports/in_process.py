"""Call a subgraph that lives in this process: Python objects in and out, no JSON, no HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog

from router.execution.transport import SubgraphRequest, TransportError
from shared.graphql.messages import GraphQLExecutor, GraphQLRequest, GraphQLResponse

_log = structlog.get_logger(__name__)


class InProcessTransport:
    """The transport to ``executor``, the subgraph called ``name``.

    Such calls are trusted: they carry no signature, for they never leave the process.
    """

    def __init__(self, executor: GraphQLExecutor, name: str) -> None:
        self._executor = executor
        self._name = name

    async def execute(self, request: SubgraphRequest) -> GraphQLResponse:
        """The subgraph's answer. Raises :class:`TransportError` with code INTERNAL when the subgraph breaks."""
        try:
            return await self._executor.execute(_message(request))
        except Exception as error:
            raise self._broken(error) from error

    async def subscribe(self, request: SubgraphRequest) -> AsyncIterator[GraphQLResponse]:
        """The subgraph's events, until it has no more or the caller closes this iterator."""
        events = self._executor.subscribe(_message(request))
        try:
            async for event in events:
                yield event
        except Exception as error:
            raise self._broken(error) from error
        finally:
            # A `break` in our caller does not reach the source by itself, and an open source holds a Redis channel.
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()

    async def aclose(self) -> None:
        """Nothing to close: the executor belongs to whoever made it."""

    def _broken(self, error: Exception) -> TransportError:
        _log.error("subgraph_failed", subgraph=self._name, exc_info=error)
        return TransportError(self._name, f"The {self._name} service failed.", code="INTERNAL")


def _message(request: SubgraphRequest) -> GraphQLRequest:
    return GraphQLRequest(
        query=request.query,
        variables=request.variables,
        operation_name=request.operation_name,
        headers=request.headers,
    )
