"""Talk to a subgraph in process, as the router does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from shared.auth import Principal
from shared.graphql import GraphQLRequest, GraphQLResponse, Subgraph
from shared.graphql.context import CLIENT_ADDRESS_HEADER
from shared.testing.identity import TestIssuer


class SubgraphClient:
    """Runs operations against a running subgraph, anonymously or as somebody."""

    def __init__(self, subgraph: Subgraph[Any], issuer: TestIssuer) -> None:
        self.subgraph = subgraph
        self._issuer = issuer

    async def execute(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        as_: Principal | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GraphQLResponse:
        """The whole response, errors included."""
        return await self.subgraph.execute(self._request(query, variables, as_, headers))

    async def data(
        self, query: str, variables: Mapping[str, Any] | None = None, *, as_: Principal | None = None
    ) -> Any:
        """The response's data; fails the test when there is an error."""
        response = await self.execute(query, variables, as_=as_)
        assert "errors" not in response, response["errors"]
        return response["data"]

    def subscribe(
        self, query: str, variables: Mapping[str, Any] | None = None, *, as_: Principal | None = None
    ) -> AsyncIterator[GraphQLResponse]:
        """The responses of a subscription."""
        return self.subgraph.subscribe(self._request(query, variables, as_, None))

    async def entities(
        self, selection: str, representations: list[dict[str, Any]], *, as_: Principal | None = None
    ) -> GraphQLResponse:
        """Resolve entity references: ``selection`` is what goes inside ``_entities { ... }``."""
        query = f"query($r: [_Any!]!) {{ _entities(representations: $r) {{ __typename {selection} }} }}"
        return await self.execute(query, {"r": representations}, as_=as_)

    def _request(
        self,
        query: str,
        variables: Mapping[str, Any] | None,
        principal: Principal | None,
        headers: Mapping[str, str] | None,
    ) -> GraphQLRequest:
        sent = {CLIENT_ADDRESS_HEADER: "203.0.113.7", **(headers or {})}
        if principal is not None:
            sent["authorization"] = f"Bearer {self._issuer.token(principal)}"
        return GraphQLRequest(query, variables or {}, headers=sent)
