"""Rules for web pages: which origins may read answers (CORS), and what a foreign page cannot ask for (CSRF)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from router.config import RouterConfig
from router.policies.errors import ErrorCode, RequestRefused

_LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?"


class OriginPolicy:
    """Judges the `Origin` header, which browsers always send across origins and scripts cannot forge."""

    def __init__(self, config: RouterConfig) -> None:
        self._origins = frozenset(config.cors.allow_origins)
        self._pattern = re.compile(_LOOPBACK_ORIGIN) if config.loopback_origins_allowed else None
        self._max_age = config.cors.max_age_seconds
        self._guard = config.csrf.enabled

    def with_cors(self, app: ASGIApp) -> ASGIApp:
        """``app`` behind CORS. Tokens travel in a header and never in a cookie, so credentials are not allowed."""
        return CORSMiddleware(
            app,
            allow_origins=tuple(self._origins),
            allow_origin_regex=self._pattern.pattern if self._pattern else None,
            allow_methods=("GET", "POST"),
            allow_headers=("*",),
            expose_headers=("x-request-id",),
            max_age=self._max_age,
        )

    def allows(self, headers: Mapping[str, str]) -> bool:
        """Whether a page may open a WebSocket, to which CORS does not apply. No `Origin` means no browser."""
        origin = headers.get("origin")
        if origin is None or "*" in self._origins or origin in self._origins:
            return True
        if self._pattern is not None and self._pattern.fullmatch(origin):
            return True
        return origin.partition("://")[2] == headers.get("host")

    def check_read(self, headers: Mapping[str, str]) -> None:
        """Refuse a GET that a foreign page made with an image, a script or a form.

        Such a request needs no preflight. It cannot change anything, for GET runs queries only, but the time it takes
        can be measured by that page. `Sec-Fetch-*` is set by browsers and cannot be set by pages.

        Raises:
            RequestRefused: 403.
        """
        if (
            self._guard
            and headers.get("sec-fetch-site") == "cross-site"
            and headers.get("sec-fetch-mode") in ("no-cors", "navigate")
        ):
            raise RequestRefused(
                "Cross-site requests must be made with fetch from an allowed origin.",
                code=ErrorCode.FORBIDDEN,
                status=403,
            )


def check_content_type(content_type: str | None) -> None:
    """Only JSON comes in by POST: the types a form can send need no preflight, so they are how CSRF is done.

    Raises:
        RequestRefused: 415 with what to send instead.
    """
    media_type, _, parameters = (content_type or "").partition(";")
    media_type = media_type.strip().lower()
    if media_type == "application/json":
        charset = re.search(r"charset\s*=\s*\"?([\w-]+)", parameters, re.IGNORECASE)
        if charset is None or charset[1].lower() in ("utf-8", "utf8"):
            return
        message = "The body must be UTF-8."
    elif media_type == "multipart/form-data":
        message = "File upload (multipart/form-data) is not offered here. Send application/json."
    elif not media_type:
        message = "The request has no Content-Type. Send application/json."
    else:
        message = f"Content-Type {media_type[:80]!r} is not accepted. Send application/json."
    raise RequestRefused(message, status=415, headers={"accept-post": "application/json"})
