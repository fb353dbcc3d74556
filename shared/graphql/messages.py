"""The one shape in which a GraphQL operation travels between our parts, with or without HTTP between them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

GraphQLResponse: TypeAlias = dict[str, Any]
"""A GraphQL response map: ``data``, ``errors`` and ``extensions``, each present only when it has something to say."""


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """One operation as a client sent it.

    ``headers`` hold lower-case names; they carry the caller's token, trace context and language.
    """

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None
    extensions: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class OperationExecutor(Protocol):
    """Whatever answers queries and mutations, wherever it is."""

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        """Answer a query or mutation. Never raises for a bad operation: the errors are in the response."""
        ...


class GraphQLExecutor(OperationExecutor, Protocol):
    """Whatever answers all GraphQL operations in this process: a subgraph, or the router itself."""

    def subscribe(self, request: GraphQLRequest) -> AsyncIterator[GraphQLResponse]:
        """Stream the responses of a subscription until its source ends or the caller closes the iterator."""
        ...
