"""A subgraph over HTTP: the GraphQL endpoint for our own services, and the endpoints that operators use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
import structlog
from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from graphql import GraphQLError
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import HTTPConnection
from strawberry.exceptions import ConnectionRejectionError
from strawberry.fastapi import GraphQLRouter
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from shared.auth import service_signature
from shared.config import PlatformSettings, platform_settings
from shared.graphql.context import REQUEST_ID_HEADER, Caller, SubgraphContext
from shared.graphql.errors import BAD_USER_INPUT
from shared.graphql.messages import GraphQLRequest
from shared.graphql.subgraph import Check, Subgraph

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1_900_000
"""Room for as many entity references as one call may carry."""
READY_TIMEOUT_SECONDS = 3.0


def create_app(subgraph: Subgraph[Any], settings: PlatformSettings | None = None) -> FastAPI:
    """The ASGI application of ``subgraph``. It opens the subgraph's resources while it runs."""
    settings = settings or platform_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with subgraph.running(settings) as resources:
            for route in subgraph.make_routes(resources):
                app.router.routes.append(route)
            yield

    app = FastAPI(title=f"Reservei {subgraph.name}", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(_operations_router(subgraph))
    app.include_router(_graphql_router(subgraph, settings))
    app.include_router(_SubscriptionRouter(subgraph, settings))
    return app


def _operations_router(subgraph: Subgraph[Any]) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    async def health() -> Response:
        """Alive: the process answers."""
        return _json({"status": "ok", "service": subgraph.name})

    @router.get("/ready")
    async def ready() -> Response:
        """Ready: everything that the domain lives on answers."""
        results = dict(
            await asyncio.gather(*(_probe(subgraph.name, name, check) for name, check in subgraph.checks().items()))
        )
        is_ready = all(state == "ok" for state in results.values())
        body = {"status": "ready" if is_ready else "unavailable", "service": subgraph.name, "checks": results}
        return _json(body, status=200 if is_ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(subgraph.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _probe(service: str, name: str, check: Check) -> tuple[str, str]:
    try:
        async with asyncio.timeout(READY_TIMEOUT_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  # whatever it is, the dependency is not ready
        log.warning("dependency not ready", service=service, dependency=name, error=repr(error))
        return name, "unavailable"
    return name, "ok"


def _graphql_router(subgraph: Subgraph[Any], settings: PlatformSettings) -> APIRouter:
    router = APIRouter()

    @router.post("/graphql")
    async def graphql(request: Request) -> Response:
        """One GraphQL operation as JSON, from the router or another service of ours."""
        body = await _bounded_body(request)
        if body is None:
            return _refused(413, f"The request is larger than {MAX_BODY_BYTES:,} bytes.")
        if (refusal := _signature_problem(settings, request, body)) is not None:
            return refusal
        try:
            operation = _read_operation(body, dict(request.headers))
        except ValueError as error:
            return _refused(400, str(error))
        return _json(await subgraph.execute(operation))

    return router


async def _bounded_body(request: Request) -> bytes | None:
    """The body, or ``None`` as soon as it is known to be too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _read_operation(body: bytes, headers: dict[str, str]) -> GraphQLRequest:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ValueError("The body must be JSON.") from None
    if isinstance(payload, list):
        raise ValueError("Send one operation at a time: batches are not supported.")  # noqa: TRY004
    if not isinstance(payload, dict) or not isinstance(query := payload.get("query"), str):
        raise ValueError("The body must be an object with a `query`.")  # noqa: TRY004
    variables = payload.get("variables")
    if variables is None:
        variables = {}
    if not isinstance(variables, dict):
        raise ValueError("`variables` must be an object.")  # noqa: TRY004
    name = payload.get("operationName")
    if name is not None and not isinstance(name, str):
        raise ValueError("`operationName` must be a string.")
    return GraphQLRequest(query=query, variables=variables, operation_name=name, headers=headers)


def _signature_problem(settings: PlatformSettings, connection: HTTPConnection, signed: bytes) -> Response | None:
    """A refusal unless the call is signed by one of our services."""
    secret = settings.service_secret
    if secret is None:
        return _refused(503, "RESERVEI_SERVICE_SECRET is not set, so this subgraph can trust nobody.")
    try:
        service_signature.verify(
            secret.get_secret_value(), connection.headers.get(service_signature.HEADER), signed, time.time()
        )
    except service_signature.InvalidSignature as error:
        return _refused(
            401,
            f"A subgraph answers only to the router and to other services of ours: {error}. "
            "Send your operation to the router; to try a subgraph by itself see docs/guides/subgraphs.md.",
            code="UNAUTHENTICATED",
        )
    return None


class _SubscriptionRouter(GraphQLRouter[SubgraphContext, None]):
    """Strawberry's own view, for subscriptions over ``graphql-transport-ws``."""

    def __init__(self, subgraph: Subgraph[Any], settings: PlatformSettings) -> None:
        async def context(connection: HTTPConnection) -> SubgraphContext:
            request_id = connection.headers.get(REQUEST_ID_HEADER) or uuid4().hex
            return subgraph.context(Caller(headers=dict(connection.headers), request_id=request_id))

        self._subgraph = subgraph
        self._settings = settings
        super().__init__(
            subgraph.schema,
            path="/graphql",
            graphql_ide=None,
            allow_queries_via_get=False,
            context_getter=context,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        )

    async def on_ws_connect(self, context: SubgraphContext) -> UnsetType | dict[str, object] | None:
        """Accept the socket of a signed caller, as the token in its ``connection_init`` says."""
        assert isinstance(context.request, WebSocket)
        if _signature_problem(self._settings, context.request, b"/graphql") is not None:
            raise ConnectionRejectionError
        params = context.connection_params if isinstance(context.connection_params, dict) else {}
        headers = {str(name).lower(): str(value) for name, value in params.items()}
        try:
            context.caller = await self._subgraph.caller(
                {**context.caller.headers, **headers}, context.caller.request_id
            )
        except GraphQLError as error:
            raise ConnectionRejectionError({"message": error.message}) from error
        accepted: UnsetType = UNSET
        return accepted


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json")


def _refused(status: int, message: str, code: str = BAD_USER_INPUT) -> Response:
    return _json({"errors": [{"message": message, "extensions": {"code": code}}]}, status)
