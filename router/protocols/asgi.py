"""The few ASGI exchanges that the protocols share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import Receive, Send

from router.policies.errors import RequestRefused

_DRAIN_FACTOR = 8
"""How many times the limit of a body we read and throw away, so that its sender gets to read our refusal."""


class ClientGone(Exception):
    """The client closed the connection before it had sent its request."""


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The request's body.

    Raises:
        RequestRefused: 413 when it has more than ``limit`` bytes.
        ClientGone: it never arrived.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise _too_large(limit)
        return body
    chunks = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > limit * _DRAIN_FACTOR or _announced(headers) > limit * _DRAIN_FACTOR:
            break
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


async def send_json(send: Send, status: int, content: Any, headers: Mapping[str, str], media_type: str) -> None:
    """Answer with ``content`` as JSON. Raises ``TypeError`` when it holds what JSON cannot."""
    await send_bytes(send, status, orjson.dumps(content), headers, f"{media_type}; charset=utf-8")


async def send_bytes(send: Send, status: int, body: bytes, headers: Mapping[str, str], content_type: str) -> None:
    """Answer with ``body``, which is never to be kept by a cache."""
    raw = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", str(len(body)).encode("latin-1")),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    raw += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _announced(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _too_large(limit: int) -> RequestRefused:
    return RequestRefused(f"The request is larger than {limit:,} bytes.", status=413)
