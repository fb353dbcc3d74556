"""The port through which the executor reaches a subgraph, wherever that subgraph runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from shared.graphql.messages import GraphQLResponse


@dataclass(frozen=True, slots=True)
class SubgraphRequest:
    """One operation for one subgraph, as the plan prescribes it.

    ``variables`` holds only what ``query`` uses. ``headers`` are those of the request context, with lower-case names.
    """

    query: str
    variables: Mapping[str, Any]
    operation_name: str | None
    kind: Literal["query", "mutation", "subscription"]
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport(Protocol):
    """A way to reach one subgraph."""

    async def execute(self, request: SubgraphRequest) -> GraphQLResponse:
        """Answer a query or mutation.

        The response belongs to the caller, who may change it in place.

        Raises:
            TransportError: the subgraph could not be reached or did not speak GraphQL.
        """
        ...

    def subscribe(self, request: SubgraphRequest) -> AsyncIterator[GraphQLResponse]:
        """Stream the responses of a subscription; closing the iterator ends it at the subgraph.

        Raises:
            TransportError: the subgraph could not be reached, or the stream broke.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections; no request may follow."""
        ...


class TransportError(Exception):
    """A subgraph gave no GraphQL answer. The message may be shown to the client: no addresses, no stack traces."""

    def __init__(self, subgraph: str, message: str, code: str = "UNAVAILABLE") -> None:
        super().__init__(message)
        self.subgraph = subgraph
        self.message = message
        self.code = code
