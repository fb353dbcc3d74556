"""The GraphiQL page: every byte from here, so that it works without the internet and leaks to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from router.protocols.asgi import send_bytes, send_json

_log = structlog.get_logger(__name__)

STATIC_FOLDER = Path(__file__).parents[1] / "graphiql" / "static"
ASSET_PREFIX = "/graphiql"

_CONTENT_SECURITY_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # the editor places its cursor with style attributes
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_CONTENT_SECURITY_POLICY = "; ".join(f"{kind} {sources}" for kind, sources in _CONTENT_SECURITY_SOURCES.items())
_PAGE_HEADERS = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


class DemoAccount(Protocol):
    """An account of the demo market, offered by the page's sign-in helper."""

    @property
    def label(self) -> str:
        """What the account is for, in a word or two."""
        ...

    @property
    def email(self) -> str: ...

    @property
    def password(self) -> str: ...


class GraphiqlPage:
    """The page at the GraphQL endpoint, and what it loads below `/graphiql`.

    Args:
        endpoint: path of the GraphQL endpoint.
        demo_accounts: offered for signing in.
        operations: folder of example operations, `*.graphql` with optional `*.variables.json` beside them.
        folder: the built bundle.
    """

    def __init__(
        self,
        *,
        endpoint: str = "/graphql",
        demo_accounts: Sequence[DemoAccount] = (),
        operations: Path | None = None,
        folder: Path = STATIC_FOLDER,
    ) -> None:
        self._page = folder / "index.html"
        self._assets = StaticFiles(directory=folder, check_dir=False)
        self._documents: Mapping[str, Any] = {
            "/config.json": {
                "endpoint": endpoint,
                "demoAccounts": [
                    {"label": account.label, "email": account.email, "password": account.password}
                    for account in demo_accounts
                ],
            },
            "/operations.json": {"operations": _read_operations(operations)},
        }

    async def page(self, send: Send) -> None:
        """Send the page. It is read each time: it is small, and asked for by people only."""
        try:
            body = self._page.read_bytes()
        except OSError as error:
            _log.error("graphiql_bundle_missing", error=repr(error))
            await send_bytes(send, 404, b"The GraphiQL bundle is not built.", {}, "text/plain; charset=utf-8")
            return
        await send_bytes(send, 200, body, _PAGE_HEADERS, "text/html; charset=utf-8")

    async def assets(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what the page loads: its two documents, or a file of the bundle."""
        path = scope["path"].removeprefix(ASSET_PREFIX)
        if path in self._documents:
            await send_json(send, 200, self._documents[path], {}, "application/json")
            return
        try:
            response = await self._assets.get_response(path.lstrip("/"), scope)
        except HTTPException as error:
            response = Response(status_code=error.status_code)
        # Names of built assets carry a hash of their content, so the same name is the same content for ever.
        hashed = response.status_code == 200 and path.startswith("/assets/")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["content-security-policy"] = _CONTENT_SECURITY_POLICY
        await response(scope, receive, send)


def _read_operations(folder: Path | None) -> list[dict[str, Any]]:
    if folder is None or not folder.is_dir():
        return []
    operations = []
    for file in sorted(folder.glob("*.graphql")):
        operation: dict[str, Any] = {"file": file.name, "query": file.read_text(encoding="utf-8")}
        variables = file.with_suffix(".variables.json")
        if variables.exists():
            operation["variables"] = orjson.loads(variables.read_bytes())
        operations.append(operation)
    return operations
