"""The supergraph as the tools see it: a fixed list of operations, sent to the router as the traveler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final, Self

import aiohttp
import orjson
import structlog

from subgraphs.ai.assistant.contract import Language

log = structlog.get_logger(__name__)

MAX_ANSWER_BYTES: Final = 4_000_000

OPERATIONS: Final[Mapping[str, str]] = {
    file.name.removesuffix(".graphql"): file.read_text(encoding="utf-8")
    for file in sorted(
        resources.files("subgraphs.ai.assistant").joinpath("operations").iterdir(), key=lambda each: each.name
    )
    if file.name.endswith(".graphql")
}
"""Every operation that the assistant can ask for. No other text is ever sent."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom the tools act. Lives in memory only, for the length of one reply or confirmation."""

    authorization: str = field(repr=False)
    """The traveler's own ``Authorization`` header."""
    language: Language


class RouterError(Exception):
    """The router refused an operation, or gave no answer."""

    def __init__(self, code: str, message: str) -> None:
        """Args:
        code: ``extensions.code`` of the first error; ``UNAVAILABLE`` when there was no answer.
        message: What the router says about it.
        """
        super().__init__(message)
        self.code = code
        self.message = message


class RouterClient:
    """One connection pool to the router, for all travelers of a process. Use as an async context manager."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        self._url = url
        self._timeout = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def run(
        self,
        operation: str,
        variables: Mapping[str, Any],
        credentials: Credentials,
        *,
        timeout_seconds: float | None = None,
    ) -> dict[str, Any]:
        """The data of one of :data:`OPERATIONS`.

        Raises:
            RouterError: it was refused, failed in part, or was not answered in time.
        """
        headers = {
            "authorization": credentials.authorization,
            "accept-language": credentials.language,
            "content-type": "application/json",
        }
        body = orjson.dumps({"query": OPERATIONS[operation], "variables": dict(variables)})
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        timeout = aiohttp.ClientTimeout(total=timeout_seconds or self._timeout)
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                answer = orjson.loads(await _bounded(response))
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
            log.warning("the router does not answer the assistant", operation=operation, error=repr(error))
            raise RouterError("UNAVAILABLE", "The router does not answer.") from error
        return _data(operation, answer)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("the answer is too large")
    return bytes(content)


def _data(operation: str, answer: Any) -> dict[str, Any]:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        code = str((errors[0].get("extensions") or {}).get("code") or "INTERNAL")
        message = str(errors[0].get("message") or "")
        log.info("the router refused the assistant", operation=operation, code=code)
        raise RouterError(code, message)
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise RouterError("UNAVAILABLE", "The router answers something else than GraphQL.")
    return data
