"""GraphQL over server-sent events, in the distinct-connections mode of the `graphql-sse` protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any

import orjson
from starlette.types import Receive, Send

from router.policies.errors import ErrorPolicy, RequestRefused
from router.protocols.runner import ClientCall, OperationRunner, until_expiry
from shared.graphql.messages import GraphQLRequest, GraphQLResponse

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back until its buffer is full
    (b"x-content-type-options", b"nosniff"),
]
_COMMENT = b":\n\n"
_COMPLETE = b"event: complete\ndata:\n\n"


class EventStream:
    """Answers one operation as a stream of `next` events and a `complete`.

    Args:
        runner: runs operations.
        errors: masks what nobody expected.
        heartbeat: seconds of silence after which a comment is sent, so that proxies keep the connection open.
    """

    def __init__(self, runner: OperationRunner, errors: ErrorPolicy, *, heartbeat: float) -> None:
        self._runner = runner
        self._errors = errors
        self._heartbeat = heartbeat

    async def respond(
        self, receive: Receive, send: Send, request: GraphQLRequest, call: ClientCall, *, may_write: bool
    ) -> None:
        """Stream until the operation ends, the token expires or the client goes.

        A document that is refused is a `next` with its errors, for an `EventSource` cannot read any other status.
        A client that reads slowly slows its own stream down: sending waits, and so does the next event.
        """
        headers = [*_HEADERS, (b"x-request-id", call.request_id.encode("latin-1"))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, _COMMENT)
        responses = self._responses(request, call, may_write=may_write)
        try:
            await self._send_all(receive, send, responses)
        except Exception as error:  # noqa: BLE001 - the status is sent, so this is the only way left to say it
            await _write(send, _event(self._errors.internal(error, call.request_id)))
        finally:
            await responses.aclose()
        await send({"type": "http.response.body", "body": _COMPLETE, "more_body": False})

    async def _send_all(self, receive: Receive, send: Send, responses: AsyncGenerator[GraphQLResponse]) -> None:
        gone = asyncio.create_task(_disconnected(receive))
        pending: asyncio.Task[GraphQLResponse] | None = None
        try:
            while True:
                pending = pending or asyncio.create_task(_next(responses))
                done, _ = await asyncio.wait(
                    {pending, gone}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED
                )
                if gone in done:
                    return
                if not done:
                    await _write(send, _COMMENT)
                    continue
                try:
                    response = pending.result()
                except StopAsyncIteration:
                    return
                pending = None
                await _write(send, _event(response))
        finally:
            await _end(gone, pending)

    async def _responses(
        self, request: GraphQLRequest, call: ClientCall, *, may_write: bool
    ) -> AsyncGenerator[GraphQLResponse]:
        try:
            prepared = self._runner.prepare(request, call)
        except RequestRefused as refused:
            yield refused.response
            return
        if prepared.kind == "subscription":
            async with aclosing(until_expiry(self._runner.stream(request, call), call.identity)) as events:
                async for response in events:
                    yield response
        elif prepared.kind == "mutation" and not may_write:
            yield RequestRefused("Mutations must be sent by POST.").response
        else:
            yield await self._runner.execute(prepared, request, call)


async def _next(responses: AsyncGenerator[GraphQLResponse]) -> GraphQLResponse:
    return await anext(responses)


def _event(response: GraphQLResponse) -> bytes:
    return b"event: next\ndata: " + orjson.dumps(response) + b"\n\n"


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: asyncio.Task[Any] | None) -> None:
    for task in tasks:
        if task is not None and not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
