"""GraphQL over HTTP: POST and GET, one operation a request, status codes as the specification's draft has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from router.policies.authentication import Authenticator
from router.policies.browsers import OriginPolicy, check_content_type
from router.policies.errors import ErrorPolicy, RequestRefused
from router.policies.headers import HeaderPolicy, decode_headers, request_id_of
from router.protocols.asgi import ClientGone, read_body, send_json
from router.protocols.negotiation import MediaType, negotiate
from router.protocols.parameters import parse_parameters
from router.protocols.runner import ClientCall, OperationRunner
from router.protocols.sse import EventStream
from shared.graphql.messages import GraphQLRequest


class HttpProtocol:
    """The ASGI endpoint for GraphQL over HTTP, with server-sent events for who accepts them.

    Args:
        runner: runs operations.
        authenticator: judges the `Authorization` header.
        headers: what subgraphs get to see.
        origins: refuses what foreign pages send.
        errors: masks what nobody expected.
        events: answers as an event stream.
        max_body_bytes: beyond this a body is refused with 413.
    """

    def __init__(
        self,
        *,
        runner: OperationRunner,
        authenticator: Authenticator,
        headers: HeaderPolicy,
        origins: OriginPolicy,
        errors: ErrorPolicy,
        events: EventStream,
        max_body_bytes: int,
    ) -> None:
        self._runner = runner
        self._authenticator = authenticator
        self._headers = headers
        self._origins = origins
        self._errors = errors
        self._events = events
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Whatever goes wrong, the client gets a GraphQL error with a code."""
        headers = decode_headers(scope["headers"])
        request_id = request_id_of(headers)
        media_type = negotiate(headers.get("accept")) or MediaType.JSON
        respond_with = {"x-request-id": request_id}
        try:
            status, response = await self._answer(scope, receive, send, headers, request_id)
        except ClientGone:
            return
        except RequestRefused as refused:
            response = refused.response
            status = refused.status or _status(response, media_type)
            respond_with.update(refused.headers)
        except Exception as error:  # noqa: BLE001 - the last line before the client; logged by `internal`
            status, response = 500, self._errors.internal(error, request_id)
        if response is not None:
            json_type = MediaType.JSON if media_type is MediaType.EVENT_STREAM else media_type
            await send_json(send, status, response, respond_with, json_type.value)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], request_id: str
    ) -> tuple[int, dict[str, Any] | None]:
        """Status and response; no response when it was streamed already."""
        request = await self._read(scope, receive, headers)
        media_type = negotiate(headers.get("accept"))
        if media_type is None:
            raise RequestRefused(
                "We answer in application/graphql-response+json, application/json or text/event-stream.", status=406
            )
        call = ClientCall(
            request_id=request_id,
            headers=self._headers.propagated(headers, request_id, client=scope.get("client")),
            identity=await self._authenticator.identify(headers.get("authorization")),
        )
        if media_type is MediaType.EVENT_STREAM:
            await self._events.respond(receive, send, request, call, may_write=scope["method"] != "GET")
            return 200, None
        prepared = self._runner.prepare(request, call)
        if prepared.kind == "subscription":
            raise RequestRefused(
                "Subscriptions are served over WebSocket (graphql-transport-ws) and as text/event-stream."
            )
        if prepared.kind == "mutation" and scope["method"] == "GET":
            raise no_mutation_by_get()
        response = await self._runner.execute(prepared, request, call)
        return _status(response, media_type), response

    async def _read(self, scope: Scope, receive: Receive, headers: Mapping[str, str]) -> GraphQLRequest:
        method = scope["method"]
        if method == "POST":
            check_content_type(headers.get("content-type"))
            if headers.get("content-encoding", "identity") != "identity":
                raise RequestRefused("Send the body without Content-Encoding.", status=415)
            return _parse_body(await read_body(receive, headers, self._max_body_bytes))
        if method == "GET":
            self._origins.check_read(headers)
            if len(scope["query_string"]) > self._max_body_bytes:
                raise RequestRefused("The query string is too long.", status=414)
            return _parse_query_string(scope["query_string"])
        raise RequestRefused(f"Method {method} is not allowed.", status=405, headers={"allow": "GET, POST"})


def no_mutation_by_get() -> RequestRefused:
    """The refusal of a write over a method that promises not to write."""
    return RequestRefused("Mutations must be sent by POST.", status=405, headers={"allow": "POST"})


def _status(response: Mapping[str, Any], media_type: MediaType) -> int:
    # GraphQL over HTTP: `application/json` may come from a proxy, so a 4xx with it would be ambiguous.
    if "data" in response or media_type is not MediaType.GRAPHQL_RESPONSE:
        return 200
    return 400


def _parse_body(body: bytes) -> GraphQLRequest:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestRefused(f"The body is not JSON: {str(error)[:200]}.") from error
    if isinstance(content, list):
        raise RequestRefused("Batching is not offered. Send one operation a request.")
    if not isinstance(content, dict):
        raise RequestRefused("The body must be a JSON object with a `query`.")
    return parse_parameters(content)


def _parse_query_string(query_string: bytes) -> GraphQLRequest:
    try:
        content: dict[str, Any] = dict(
            parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
        )
    except ValueError as error:
        raise RequestRefused("The query string cannot be read.") from error
    for name in ("variables", "extensions"):
        if content.get(name):
            try:
                content[name] = orjson.loads(content[name])
            except orjson.JSONDecodeError as error:
                raise RequestRefused(f"`{name}` is not JSON.") from error
        else:
            content.pop(name, None)
    return parse_parameters(content)
