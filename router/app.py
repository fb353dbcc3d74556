"""The router as one ASGI application."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from router.config import RouterConfig
from router.execution import Engine, Transport
from router.policies.authentication import Authenticator
from router.policies.browsers import OriginPolicy
from router.policies.cost import cost_check
from router.policies.errors import ErrorPolicy
from router.policies.headers import HeaderPolicy, decode_headers
from router.policies.limits import document_checks
from router.protocols.asgi import send_json
from router.protocols.graphiql import ASSET_PREFIX, DemoAccount, GraphiqlPage
from router.protocols.http import HttpProtocol
from router.protocols.metrics import RouterMetrics
from router.protocols.negotiation import MediaType, negotiate
from router.protocols.operations import OperationsEndpoints
from router.protocols.pages import PassThrough
from router.protocols.runner import OperationRunner
from router.protocols.sse import EventStream
from router.protocols.websocket import WebSocketProtocol
from router.supergraph import SupergraphError, read_supergraph
from router.transports import HttpTransport, MeteredTransport
from router.transports.signing import service_signer, unsigned
from shared.auth import TokenVerifier
from shared.auth.jwks import HttpJwks

_log = structlog.get_logger(__name__)

GRAPHQL_PATH = "/graphql"


class RouterApp:
    """An ASGI application: `/graphql` over HTTP, event stream and WebSocket, the GraphiQL page, operators' endpoints.

    Made by :func:`create_router_app`. It opens nothing until the first request; :meth:`aclose` (or the ASGI lifespan)
    closes the connections to subgraphs.

    Args:
        engine: what runs operations.
        transports: the engine's way to each subgraph, for readiness and for closing.
        config: the policies.
        metrics: where figures go.
        tokens: checks access tokens; ``None`` leaves that to the subgraphs.
        page: the GraphiQL page; ``None`` for none.
        pages: what else is served from this origin, read only, by the first part of its path: `/dashboard`.
    """

    def __init__(
        self,
        engine: Engine,
        transports: Mapping[str, Transport],
        config: RouterConfig,
        metrics: RouterMetrics,
        *,
        tokens: TokenVerifier | None,
        page: GraphiqlPage | None,
        pages: Mapping[str, ASGIApp] | None = None,
    ) -> None:
        self.engine = engine
        self._transports = transports
        self._metrics = metrics
        self._page = page
        self._pages = pages or {}
        self._operations = OperationsEndpoints(transports, metrics, timeout=config.timeouts.readiness)
        errors = ErrorPolicy(detailed=config.mode == "development")
        runner = OperationRunner(engine, errors, metrics, timeout=config.timeouts.operation)
        authenticator = Authenticator(tokens)
        headers = HeaderPolicy(config.headers.propagate)
        origins = OriginPolicy(config)
        self._http = HttpProtocol(
            runner=runner,
            authenticator=authenticator,
            headers=headers,
            origins=origins,
            errors=errors,
            events=EventStream(runner, errors, heartbeat=config.subscriptions.heartbeat_seconds),
            max_body_bytes=config.limits.max_body_bytes,
        )
        self._websocket = WebSocketProtocol(
            runner=runner,
            authenticator=authenticator,
            headers=headers,
            origins=origins,
            errors=errors,
            limits=config.limits,
            subscriptions=config.subscriptions,
            init_timeout=config.timeouts.connection_init,
        )
        self._with_cors: ASGIApp = origins.with_cors(self._route_http)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        match scope["type"]:
            case "http":
                await self._measured(scope, receive, send)
            case "websocket":
                await self._route_websocket(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case other:
                raise RuntimeError(f"ASGI scope {other!r} is not supported")

    @property
    def subgraphs(self) -> Collection[str]:
        """Names of the subgraphs that this router serves."""
        return self._transports.keys()

    async def aclose(self) -> None:
        """Close the connections to subgraphs."""
        for transport in self._transports.values():
            await transport.aclose()

    async def _measured(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0  # stays 0 when the client went away before there was an answer

        async def recording_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            # CORS is between us and browsers; other clients send no Origin and need not pay for it.
            from_browser = any(name == b"origin" for name, _ in scope["headers"])
            app = self._with_cors if from_browser else self._route_http
            await app(scope, receive, recording_send)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.observe_request(_method(scope), _route(scope["path"]), status, seconds)

    async def _route_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == GRAPHQL_PATH:
            if self._page is not None and _wants_page(scope):
                await self._page.page(send)
            else:
                await self._http(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, 405 if _route(path) != "unknown" else 404)
        elif path == "/health":
            await self._operations.health(send)
        elif path == "/ready":
            await self._operations.ready(send)
        elif path == "/metrics":
            await self._operations.metrics(send)
        elif path == "/":
            await _redirect(send, GRAPHQL_PATH)
        elif self._page is not None and path.startswith(f"{ASSET_PREFIX}/"):
            await self._page.assets(scope, receive, send)
        elif (other := self._pages.get(_first_part(path))) is not None:
            await other(scope, receive, send)
        else:
            await _refuse(send, 404)

    async def _route_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == GRAPHQL_PATH:
            await self._websocket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def create_router_app(
    supergraph: str,
    transports: Mapping[str, Transport] | None = None,
    config: RouterConfig | None = None,
    *,
    tokens: TokenVerifier | None = None,
    demo_accounts: Sequence[DemoAccount] = (),
    operations: Path | None = None,
    pages: Mapping[str, ASGIApp] | None = None,
) -> RouterApp:
    """The router for a composed supergraph.

    Args:
        supergraph: the SDL, as Apollo's composition writes it.
        transports: ways to subgraphs, by name. A subgraph that is not among them is called over HTTP, at the address in
            the SDL or the one the configuration puts in its place.
        config: the policies; by default those of an empty `router.yaml`.
        tokens: checks access tokens; by default with the keys at `jwt.jwks_url`. Unused when `jwt.enabled` is off.
        demo_accounts: whom the GraphiQL page offers to sign in as; ignored in production.
        operations: folder of example operations for the GraphiQL page.
        pages: see :class:`RouterApp`; by default those of the configuration, fetched from their subgraphs.

    Raises:
        SupergraphError: the SDL is not a supergraph, or needs what this router does not have.
    """
    config = config or RouterConfig()
    model = read_supergraph(supergraph)
    metrics = RouterMetrics()
    all_transports: dict[str, Transport] = {}
    for name, info in model.subgraphs.items():
        given = (transports or {}).get(name) or _http_transport(name, info.url, config)
        all_transports[name] = MeteredTransport(given, metrics.fetch_observer(name))
    engine = Engine(
        model,
        all_transports,
        checks=[
            *document_checks(config.limits, introspection=config.introspection_enabled),
            cost_check(model.api_schema, config.limits.max_objects),
        ],
        max_tokens=config.limits.max_tokens,
    )
    page = GraphiqlPage(
        endpoint=GRAPHQL_PATH,
        demo_accounts=demo_accounts if config.mode == "development" else (),
        operations=operations,
    )
    return RouterApp(
        engine,
        all_transports,
        config,
        metrics,
        tokens=_verifier(config, tokens),
        page=page if config.graphiql else None,
        pages=pages if pages is not None else _fetched_pages(config, {n: i.url for n, i in model.subgraphs.items()}),
    )


def _fetched_pages(config: RouterConfig, urls: Mapping[str, str]) -> Mapping[str, ASGIApp]:
    by_subgraph: dict[str, ASGIApp] = {}
    for name in set(config.pages.values()):
        if name not in urls:
            raise SupergraphError(f"router.yaml: pages are to come from {name!r}, which is no subgraph.")
        override = config.subgraphs.get(name)
        by_subgraph[name] = PassThrough(override.url if override else urls[name], timeout=config.timeouts.subgraph)
    return {path: by_subgraph[name] for path, name in config.pages.items()}


def _http_transport(name: str, url: str, config: RouterConfig) -> HttpTransport:
    override = config.subgraphs.get(name)
    secret = config.service_secret
    return HttpTransport(
        name,
        override.url if override else url,
        service_signer(secret.get_secret_value()) if secret else unsigned,
        timeout=config.timeouts.subgraph,
    )


def _verifier(config: RouterConfig, given: TokenVerifier | None) -> TokenVerifier | None:
    if not config.jwt.enabled:
        return None
    if given is not None:
        return given
    if config.jwt.jwks_url is None:
        _log.warning("tokens_not_checked", reason="jwt.jwks_url is not set; subgraphs have to check them")
        return None
    return TokenVerifier(HttpJwks(config.jwt.jwks_url), issuer=config.jwt.issuer, audience=config.jwt.audience)


def _wants_page(scope: Scope) -> bool:
    if scope["method"] != "GET":
        return False
    accept = decode_headers(scope["headers"]).get("accept")
    return accept is not None and negotiate(accept, page=True) is MediaType.HTML


def _method(scope: Scope) -> str:
    # Clients can send any word as a method, and each would be a time series.
    method: str = scope["method"]
    return method if method in ("GET", "POST", "OPTIONS", "HEAD") else "other"


def _route(path: str) -> str:
    if path in (GRAPHQL_PATH, "/health", "/ready", "/metrics", "/"):
        return path
    return f"{ASSET_PREFIX}/*" if path.startswith(f"{ASSET_PREFIX}/") else "unknown"


def _first_part(path: str) -> str:
    """`/reports` of `/reports/revenue.svg`."""
    return "/" + path[1:].partition("/")[0]


async def _redirect(send: Send, location: str) -> None:
    headers: list[tuple[bytes, Any]] = [(b"location", location.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 307, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(send: Send, status: int) -> None:
    code, message = (
        ("NOT_FOUND", f"There is nothing here. GraphQL is at {GRAPHQL_PATH}.")
        if status == 404
        else ("BAD_USER_INPUT", "This address can only be read.")
    )
    headers = {} if status == 404 else {"allow": "GET, HEAD"}
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    await send_json(send, status, body, headers, "application/json")
