"""Pages of a subgraph, served from the router's origin: a browser has one address to talk to, and no CORS to pass."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import aiohttp
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from yarl import URL

from router.protocols.asgi import send_json

LARGEST: Final = 16 * 1024 * 1024
_NOT_FOUND: Final = {"message": "There is nothing here.", "extensions": {"code": "NOT_FOUND"}}
_ASKED: Final = ("accept", "accept-language", "authorization", "if-none-match")
_ANSWERED: Final = (
    "cache-control", "content-security-policy", "content-type", "etag", "referrer-policy", "retry-after", "vary",
    "x-content-type-options",
)  # fmt: skip


class PassThrough:
    """An ASGI application that answers a GET with what a subgraph answers to it. Cookies do not pass, either way.

    Args:
        graphql_url: of the subgraph; the pages are on the same host.
        timeout: seconds for the whole answer.
    """

    def __init__(self, graphql_url: str, *, timeout: float) -> None:
        parts = urlsplit(graphql_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """ASGI."""
        if any(part in {".", ".."} for part in scope["path"].split("/")) or "\\" in scope["path"]:
            # Nobody but who looks for another page asks so; and what else the subgraph has is not for everybody.
            await send_json(send, 404, {"errors": [_NOT_FOUND]}, {}, "application/json")
            return
        asked = Headers(scope=scope)
        url = self._origin + scope["raw_path"].decode("ascii", "replace").partition("?")[0]
        if scope["query_string"]:
            url += "?" + scope["query_string"].decode("ascii", "replace")
        try:
            # A page is seldom: a connection of its own costs less than a pool that has to be closed.
            async with (
                aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.request(
                    scope["method"],
                    URL(url, encoded=True),
                    headers={name: asked[name] for name in _ASKED if name in asked},
                    allow_redirects=False,
                ) as answer,
            ):
                body = await answer.content.read(LARGEST + 1)
                while len(body) <= LARGEST and (more := await answer.content.read(LARGEST)):
                    body += more
                status, headers = answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, ValueError):
            body = b""
            status = 0
        if not status or len(body) > LARGEST:
            error = {"message": "This page cannot be reached right now.", "extensions": {"code": "UNAVAILABLE"}}
            await send_json(send, 503, {"errors": [error]}, {}, "application/json")
            return
        raw = [(name.encode(), headers[name].encode("latin-1")) for name in _ANSWERED if name in headers]
        length = headers.get("content-length", "0") if scope["method"] == "HEAD" else str(len(body))
        raw.append((b"content-length", length.encode("latin-1")))
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})
