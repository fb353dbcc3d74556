"""Fetch the public keys of the users subgraph over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from shared.auth.tokens import KeySetUnavailable


class HttpJwks:
    """Fetches the key set from ``/.well-known/jwks.json``."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def fetch(self) -> Mapping[str, Any]:
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.get(self._url) as response,
            ):
                response.raise_for_status()
                keys: Mapping[str, Any] = await response.json()
                return keys
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise KeySetUnavailable("the sign-in keys cannot be fetched") from error
