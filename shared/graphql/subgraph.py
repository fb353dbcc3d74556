"""A domain's subgraph: its schema, its resources, and how an operation reaches both, with HTTP or without."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar
from uuid import uuid4

from fastapi import FastAPI
from graphql import GraphQLError
from prometheus_client import CollectorRegistry, Histogram
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from starlette.routing import BaseRoute
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from shared.auth import InvalidToken, JwksSource, KeySetUnavailable, Principal, TokenVerifier, bearer_token
from shared.auth.jwks import HttpJwks
from shared.config import PlatformSettings, subgraph_url
from shared.db import Database, domain_database_url
from shared.graphql.context import (
    CLIENT_ADDRESS_HEADER,
    REQUEST_ID_HEADER,
    Caller,
    SubgraphContext,
    preferred_locale,
)
from shared.graphql.errors import BadUserInput, Unauthenticated, Unavailable, public_error
from shared.graphql.messages import GraphQLRequest, GraphQLResponse, OperationExecutor
from shared.graphql.remote import RemoteExecutor
from shared.graphql.schema import FederatedSchema

ResourcesT = TypeVar("ResourcesT")
Check = Callable[[], Any]
"""An async function that raises when a dependency does not answer."""


@dataclass(frozen=True, slots=True)
class SubgraphRuntime:
    """What the platform hands a subgraph when it starts."""

    name: str
    settings: PlatformSettings
    neighbours: Mapping[str, OperationExecutor] = field(default_factory=dict)
    """The subgraphs that run in this process, by name."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Closed when the subgraph stops."""

    def executor(self, domain: str) -> OperationExecutor:
        """The way to ask another domain: in process when it runs here, otherwise over signed HTTP.

        Raises:
            RuntimeError: it runs elsewhere, and there is no service secret to sign with.
        """
        if domain in self.neighbours:
            return self.neighbours[domain]
        if self.settings.service_secret is None:
            raise RuntimeError("RESERVEI_SERVICE_SECRET is not set, so no other subgraph can be asked.")
        remote = RemoteExecutor(domain, subgraph_url(domain), self.settings.service_secret.get_secret_value())
        self.stack.push_async_callback(remote.aclose)
        return remote

    def database(self) -> Database:
        """The pool of this domain's own database. The subgraph closes it."""
        return Database(
            domain_database_url(self.settings, self.name),
            application_name=f"reservei-{self.name}",
            pool_size=self.settings.database_pool_size,
            max_overflow=self.settings.database_pool_size,
        )

    @property
    def redis_url(self) -> str:
        """Where the cache is. Raises ``RuntimeError`` when no server is configured."""
        if self.settings.redis_url is None:
            raise RuntimeError(
                "RESERVEI_REDIS_URL is not set. Start with `reservei up` or `reservei serve`, or set it."
            )
        return self.settings.redis_url

    def redis(self) -> Redis:
        """A client of the cache. The subgraph closes it."""
        return Redis.from_url(
            self.redis_url,
            decode_responses=True,
            health_check_interval=30,
            # A pooled connection may be to a server that has restarted since: the next one is to the new server.
            retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        )


class Subgraph(Generic[ResourcesT]):
    """One domain, ready to answer: in process through :meth:`execute`, or over HTTP through :attr:`app`.

    It does not know which of the two it is in. Make one with :func:`create_subgraph`.
    """

    def __init__(
        self,
        *,
        name: str,
        schema: FederatedSchema,
        resources: Callable[[SubgraphRuntime], AbstractAsyncContextManager[ResourcesT]],
        context: Callable[[ResourcesT, Caller], SubgraphContext],
        checks: Callable[[ResourcesT], Mapping[str, Check]],
        routes: Callable[[ResourcesT], Sequence[BaseRoute]],
        keys: Callable[[ResourcesT], JwksSource] | None,
    ) -> None:
        self.name = name
        self.schema = schema
        self.registry = CollectorRegistry()
        self._open_resources = resources
        self._make_context = context
        self._make_checks = checks
        self.make_routes = routes
        self._own_keys = keys
        self._resources: ResourcesT | None = None
        self._tokens: TokenVerifier | None = None
        self._users = 0
        self._operations = Histogram(
            "graphql_operation_duration_seconds",
            "Time to answer a GraphQL operation.",
            ["subgraph", "outcome"],
            registry=self.registry,
        )

    @cached_property
    def app(self) -> FastAPI:
        """The ASGI application: ``/graphql``, ``/health``, ``/ready``, ``/metrics``, and the domain's own routes."""
        from shared.graphql.http import create_app

        return create_app(self)

    @asynccontextmanager
    async def running(
        self,
        settings: PlatformSettings,
        tokens: TokenVerifier | None = None,
        neighbours: Mapping[str, OperationExecutor] | None = None,
    ) -> AsyncIterator[ResourcesT]:
        """Open the domain's resources for as long as the block lasts. May be entered again while it is open.

        Args:
            settings: Where the servers are.
            tokens: Verifies access tokens; by default with keys fetched from the users subgraph.
            neighbours: The other subgraphs of this process, by name; those elsewhere are asked over HTTP.
        """
        if self._resources is not None:
            self._users += 1
            try:
                yield self._resources
            finally:
                self._users -= 1
            return
        async with AsyncExitStack() as stack:
            runtime = SubgraphRuntime(name=self.name, settings=settings, neighbours=neighbours or {}, stack=stack)
            self._resources = await stack.enter_async_context(self._open_resources(runtime))
            if tokens is None:
                source = _published_keys(settings) if self._own_keys is None else self._own_keys(self._resources)
                tokens = TokenVerifier(source, issuer=settings.token_issuer, audience=settings.token_audience)
            self._tokens = tokens
            try:
                yield self._resources
            finally:
                self._resources = None

    @property
    def resources(self) -> ResourcesT:
        """The open resources. Raises ``RuntimeError`` when the subgraph is not running."""
        if self._resources is None:
            raise RuntimeError(f"the {self.name} subgraph is not running")
        return self._resources

    @property
    def tokens(self) -> TokenVerifier:
        """Verifies the access tokens of callers. Raises ``RuntimeError`` when the subgraph is not running."""
        if self._tokens is None:
            raise RuntimeError(f"the {self.name} subgraph is not running")
        return self._tokens

    def checks(self) -> Mapping[str, Check]:
        """What must answer before this subgraph is ready, by name."""
        return self._make_checks(self.resources)

    async def execute(self, request: GraphQLRequest) -> GraphQLResponse:
        """Answer a query or mutation; every failure is in the response. See ``GraphQLExecutor``."""
        started = time.perf_counter()
        request_id = request.headers.get(REQUEST_ID_HEADER) or uuid4().hex
        try:
            caller = await self.caller(request.headers, request_id)
        except GraphQLError as error:
            return _refusal(error, request_id)
        try:
            result = await self.schema.execute(
                request.query,
                variable_values=dict(request.variables),
                context_value=self.context(caller),
                operation_name=request.operation_name,
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError, MissingQueryError) as error:
            return _refusal(BadUserInput(f"There is no operation here to run: {error}."), request_id)
        outcome = "error" if result.errors else "ok"
        self._operations.labels(self.name, outcome).observe(time.perf_counter() - started)
        return _response(result, request_id)

    async def subscribe(self, request: GraphQLRequest) -> AsyncIterator[GraphQLResponse]:
        """Stream a subscription's responses. See ``GraphQLExecutor``."""
        request_id = request.headers.get(REQUEST_ID_HEADER) or uuid4().hex
        try:
            caller = await self.caller(request.headers, request_id)
        except GraphQLError as error:
            yield _refusal(error, request_id)
            return
        source = await self.schema.subscribe(
            request.query,
            variable_values=dict(request.variables),
            context_value=self.context(caller),
            operation_name=request.operation_name,
        )
        if isinstance(source, ExecutionResult):
            yield _response(source, request_id)
            return
        async with aclosing(source):
            async for result in source:
                yield _response(result, request_id)

    def context(self, caller: Caller) -> SubgraphContext:
        """The domain's context for one operation of ``caller``."""
        return self._make_context(self.resources, caller)

    async def caller(self, headers: Mapping[str, str], request_id: str) -> Caller:
        """Who calls, from the headers that the router passes on.

        Raises:
            Unauthenticated: there is a token and it is not valid. No token at all is an anonymous caller.
            Unavailable: there is a token, and no keys to check it with.
        """
        return Caller(
            principal=await self._principal(headers.get("authorization")),
            headers=headers,
            address=headers.get(CLIENT_ADDRESS_HEADER),
            request_id=request_id,
            locale=preferred_locale(headers.get("accept-language")),
        )

    async def _principal(self, authorization: str | None) -> Principal | None:
        if authorization is None:
            return None
        try:
            token = bearer_token(authorization)
            return None if token is None else await self.tokens.verify(token)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from None
        except KeySetUnavailable:
            raise Unavailable("Sign-in cannot be checked right now. Try again in a moment.") from None


def _response(result: ExecutionResult, request_id: str) -> GraphQLResponse:
    response: GraphQLResponse = {"data": result.data}
    if result.errors:
        # Strawberry shows syntax errors to no extension, so `PublicErrors` has not seen those.
        response["errors"] = [
            (error if "code" in (error.extensions or {}) else public_error(error, request_id)).formatted
            for error in result.errors
        ]
    if result.extensions:
        response["extensions"] = result.extensions
    return response


def _refusal(error: GraphQLError, request_id: str) -> GraphQLResponse:
    return {"data": None, "errors": [public_error(error, request_id).formatted]}


def _published_keys(settings: PlatformSettings) -> JwksSource:
    """The keys that the users subgraph publishes."""
    return HttpJwks(settings.jwks_url or subgraph_url("users").removesuffix("/graphql") + "/.well-known/jwks.json")


def create_subgraph(
    *,
    name: str,
    schema: FederatedSchema,
    resources: Callable[[SubgraphRuntime], AbstractAsyncContextManager[ResourcesT]],
    context: Callable[[ResourcesT, Caller], SubgraphContext],
    checks: Callable[[ResourcesT], Mapping[str, Check]],
    routes: Callable[[ResourcesT], Sequence[BaseRoute]] = lambda _resources: (),
    keys: Callable[[ResourcesT], JwksSource] | None = None,
) -> Subgraph[ResourcesT]:
    """Give a domain its subgraph.

    Args:
        name: The domain, as in ``supergraph.yaml``.
        schema: From :func:`shared.graphql.create_schema`.
        resources: An async context manager function that opens what the domain lives on (pools, clients, services).
        context: Makes the context of one operation.
        checks: The dependencies that ``/ready`` asks, by name; each raises when it does not answer.
        routes: HTTP routes of the domain's own, such as a key set or a webhook.
        keys: The public keys of the domain that issues access tokens; the others fetch them from it.
    """
    return Subgraph(
        name=name, schema=schema, resources=resources, context=context, checks=checks, routes=routes, keys=keys
    )
