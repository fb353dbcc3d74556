"""Between the protocols and the engine: deadlines, metrics, and one rule for errors, whoever asks and however."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import structlog

from router.execution import Engine, PreparedOperation, RequestContext
from router.policies.authentication import ANONYMOUS, TOKEN_EXPIRED, Identity
from router.policies.errors import ErrorCode, ErrorPolicy, RequestRefused
from router.protocols.metrics import RouterMetrics
from shared.graphql.messages import GraphQLRequest, GraphQLResponse

_log = structlog.get_logger(__name__)

_GRACE_SECONDS = 1.0
"""The engine gives up slow subgraphs at the deadline and answers with the rest; this is for an engine that hangs."""


@dataclass(frozen=True, slots=True)
class ClientCall:
    """Who asks, and what the subgraphs are told about it."""

    request_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """Propagated to subgraphs; lower-case names."""
    identity: Identity = ANONYMOUS


class OperationRunner:
    """Runs client operations on the engine.

    Args:
        engine: plans and executes.
        errors: what of an error leaves the house.
        metrics: where durations go.
        timeout: seconds that a query or mutation may take.
    """

    def __init__(self, engine: Engine, errors: ErrorPolicy, metrics: RouterMetrics, *, timeout: float) -> None:
        self._engine = engine
        self._errors = errors
        self._metrics = metrics
        self._timeout = timeout

    def prepare(self, request: GraphQLRequest, call: ClientCall) -> PreparedOperation:
        """The operation that ``request`` selects, from the engine's cache after the first time.

        Raises:
            RequestRefused: a syntax error, a limit passed, an unknown field, no such operation.
        """
        prepared = self._engine.prepare(request.query, request.operation_name)
        if not isinstance(prepared, PreparedOperation):
            refused = RequestRefused.of_document(prepared, ErrorCode.GRAPHQL_VALIDATION_FAILED)
            refused.errors = self._errors.apply(refused.response, call.request_id)["errors"]
            raise refused
        return prepared

    async def execute(self, prepared: PreparedOperation, request: GraphQLRequest, call: ClientCall) -> GraphQLResponse:
        """Answer a query or mutation. Never raises: whatever breaks is logged, and masked in the response."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        context = RequestContext(headers=call.headers, deadline=deadline, claims=call.identity.claims)
        started = time.perf_counter()
        try:
            async with asyncio.timeout_at(deadline + _GRACE_SECONDS):
                response = await self._engine.execute(request, context)
        except TimeoutError:
            response = _single_error("The operation took too long.", ErrorCode.UNAVAILABLE)
        except Exception as error:  # noqa: BLE001 - the last line before the client; logged by `internal`
            response = self._errors.internal(error, call.request_id)
        seconds = time.perf_counter() - started
        self._metrics.observe_operation(prepared.name, seconds)
        _log.info(
            "operation",
            operation=prepared.name,
            kind=prepared.kind,
            ms=round(1000 * seconds, 1),
            errors=len(response.get("errors", ())),
            request_id=call.request_id,
        )
        return self._errors.apply(response, call.request_id)

    async def stream(self, request: GraphQLRequest, call: ClientCall) -> AsyncGenerator[GraphQLResponse]:
        """The responses of a subscription, or the single one of a query or mutation. Never raises for a failure.

        A stream that breaks ends with a response of errors. Closing this iterator ends the subscription everywhere.
        """
        context = RequestContext(headers=call.headers, claims=call.identity.claims)
        with self._metrics.subscriptions.track_inprogress():
            try:
                async with aclosing(self._events(request, context)) as events:
                    async for response in events:
                        yield self._errors.apply(response, call.request_id)
            except Exception as error:  # noqa: BLE001 - as above
                yield self._errors.internal(error, call.request_id)

    async def _events(self, request: GraphQLRequest, context: RequestContext) -> AsyncGenerator[GraphQLResponse]:
        source = self._engine.subscribe(request, context)
        try:
            async for response in source:
                yield response
        finally:
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()


async def until_expiry(stream: AsyncGenerator[GraphQLResponse], identity: Identity) -> AsyncGenerator[GraphQLResponse]:
    """``stream``, cut off with UNAUTHENTICATED at the moment the caller's token stops being valid."""
    when: float | None = None
    if identity.expires_at is not None:
        when = asyncio.get_running_loop().time() + (identity.expires_at - time.time())
    async with aclosing(stream):
        while True:
            try:
                async with asyncio.timeout_at(when):
                    response = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                yield token_expired()
                return
            yield response


def token_expired() -> GraphQLResponse:
    """The last response of a subscription whose caller has to sign in again."""
    return _single_error(TOKEN_EXPIRED, ErrorCode.UNAUTHENTICATED)


def _single_error(message: str, code: ErrorCode) -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code.value}}]}
