"""Two small Strawberry subgraphs that misbehave on request, and the supergraph they compose to."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import strawberry
from strawberry.asgi import GraphQL
from strawberry.types import ExecutionResult, Info

from shared.graphql.messages import GraphQLRequest, GraphQLResponse

NAMES = {"1": "Copacabana Palace", "2": "Pousada do Ouro 🏨", "3": "فندق"}


class Counters:
    """What the subgraphs saw; tests wait on these."""

    def __init__(self) -> None:
        self.mutations = 0
        self.open_subscriptions = 0
        self.started_subscriptions = 0
        """Never falls, so that one which ends at once is seen too."""
        self.flooded = 0
        """Events that floods have brought."""


COUNTERS = Counters()


@strawberry.federation.type(keys=["id"])
class Hotel:
    id: strawberry.ID
    name: str

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Hotel":  # noqa: A002
        return Hotel(id=id, name=NAMES[id])


@strawberry.type
class Query:
    @strawberry.field
    def hotel(self, id: strawberry.ID) -> Hotel | None:  # noqa: A002
        return Hotel(id=id, name=NAMES[id]) if id in NAMES else None

    @strawberry.field
    def hotels(self) -> list[Hotel]:
        return [Hotel(id=strawberry.ID(id), name=name) for id, name in NAMES.items()]  # noqa: A001

    @strawberry.field
    def echo(self, text: str, number: int | None = None) -> str:
        return text if number is None else f"{text} {number}"

    @strawberry.field
    def header(self, info: Info, name: str) -> str | None:
        context = info.context
        headers = context["headers"] if "headers" in context else context["request"].headers
        return headers.get(name)

    @strawberry.field
    def boom(self) -> str | None:
        raise RuntimeError("postgresql://app:secret@db-7.internal/hotels refused")

    @strawberry.field
    async def slow(self, seconds: float) -> str | None:
        await asyncio.sleep(seconds)
        return "done"


@strawberry.type
class Mutation:
    @strawberry.mutation
    def increment(self) -> int:
        COUNTERS.mutations += 1
        return COUNTERS.mutations


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def count(self, to: int) -> AsyncGenerator[int, None]:
        for number in range(1, to + 1):
            yield number

    @strawberry.subscription
    async def forever(self) -> AsyncGenerator[int, None]:
        COUNTERS.open_subscriptions += 1
        COUNTERS.started_subscriptions += 1
        try:
            number = 0
            while True:
                yield number
                number += 1
                await asyncio.sleep(0.01)
        finally:
            COUNTERS.open_subscriptions -= 1

    @strawberry.subscription
    async def silence(self) -> AsyncGenerator[int, None]:
        COUNTERS.open_subscriptions += 1
        COUNTERS.started_subscriptions += 1
        try:
            await asyncio.Event().wait()
            yield 0
        finally:
            COUNTERS.open_subscriptions -= 1

    @strawberry.subscription
    async def flood(self) -> AsyncGenerator[str, None]:
        COUNTERS.open_subscriptions += 1
        COUNTERS.started_subscriptions += 1
        try:
            for number in itertools.count(1):
                yield f"{number} " + "x" * 100_000
                COUNTERS.flooded += 1
                await asyncio.sleep(0)
        finally:
            COUNTERS.open_subscriptions -= 1

    @strawberry.subscription
    async def broken(self) -> AsyncGenerator[int, None]:
        yield 1
        raise RuntimeError("redis://cache-3.internal went away")

    @strawberry.subscription
    async def hotel_changed(self) -> AsyncGenerator[Hotel, None]:
        for id, name in NAMES.items():  # noqa: A001
            yield Hotel(id=strawberry.ID(id), name=name)


@strawberry.federation.type(keys=["id"], name="Hotel")
class RatedHotel:
    id: strawberry.ID
    rating: float | None

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "RatedHotel":  # noqa: A002
        return RatedHotel(id=id, rating=float(id) + 0.5)


@strawberry.type(name="Query")
class ReviewsQuery:
    @strawberry.field
    def review_count(self) -> int | None:
        return 7


HOTELS = strawberry.federation.Schema(query=Query, mutation=Mutation, subscription=Subscription)
REVIEWS = strawberry.federation.Schema(query=ReviewsQuery, types=[RatedHotel])


class SchemaExecutor:
    """A Strawberry schema as a ``GraphQLExecutor``."""

    def __init__(self, schema: strawberry.federation.Schema) -> None:
        self._schema = schema

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        result = await self._schema.execute(
            request.query,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            context_value={"headers": request.headers},
        )
        return _response(result)

    async def subscribe(self, request: GraphQLRequest) -> AsyncIterator[GraphQLResponse]:
        source = await self._schema.subscribe(
            request.query,
            variable_values=dict(request.variables),
            operation_name=request.operation_name,
            context_value={"headers": request.headers},
        )
        if isinstance(source, ExecutionResult):
            yield _response(source)
            return
        try:
            async for result in source:
                yield _response(result)
        finally:
            await source.aclose()


def subgraph_app(schema: strawberry.federation.Schema) -> GraphQL[Any, Any]:
    """A Strawberry schema over HTTP and `graphql-transport-ws`."""
    return GraphQL(schema, graphql_ide=None)


def _response(result: ExecutionResult) -> GraphQLResponse:
    response: GraphQLResponse = {"data": result.data}
    if result.errors:
        response["errors"] = [error.formatted for error in result.errors]
    return response


SUPERGRAPH = """
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION)
{
  query: Query
  mutation: Mutation
  subscription: Subscription
}

directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA

scalar join__FieldSet
scalar link__Import

enum join__Graph {
  HOTELS @join__graph(name: "hotels", url: "%(hotels)s")
  REVIEWS @join__graph(name: "reviews", url: "%(reviews)s")
}

enum link__Purpose {
  SECURITY
  EXECUTION
}

type Query @join__type(graph: HOTELS) @join__type(graph: REVIEWS) {
  hotel(id: ID!): Hotel @join__field(graph: HOTELS)
  hotels: [Hotel!]! @join__field(graph: HOTELS)
  echo(text: String!, number: Int): String! @join__field(graph: HOTELS)
  header(name: String!): String @join__field(graph: HOTELS)
  boom: String @join__field(graph: HOTELS)
  slow(seconds: Float!): String @join__field(graph: HOTELS)
  reviewCount: Int @join__field(graph: REVIEWS)
}

type Mutation @join__type(graph: HOTELS) {
  increment: Int! @join__field(graph: HOTELS)
}

type Subscription @join__type(graph: HOTELS) {
  count(to: Int!): Int! @join__field(graph: HOTELS)
  forever: Int! @join__field(graph: HOTELS)
  silence: Int! @join__field(graph: HOTELS)
  flood: String! @join__field(graph: HOTELS)
  broken: Int! @join__field(graph: HOTELS)
  hotelChanged: Hotel! @join__field(graph: HOTELS)
}

type Hotel @join__type(graph: HOTELS, key: "id") @join__type(graph: REVIEWS, key: "id") {
  id: ID!
  name: String! @join__field(graph: HOTELS)
  rating: Float @join__field(graph: REVIEWS)
}
"""  # noqa: E501


def supergraph(hotels: str = "http://127.0.0.1:1/graphql", reviews: str = "http://127.0.0.1:1/graphql") -> str:
    """The supergraph with its subgraphs at these addresses."""
    return SUPERGRAPH % {"hotels": hotels, "reviews": reviews}
