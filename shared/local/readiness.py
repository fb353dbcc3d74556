"""How a supervisor knows that a child process is ready to be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import aiohttp


class ReadyCheck(Protocol):
    """Asked again and again until it says yes."""

    async def __call__(self) -> bool:
        """Whether the process is ready now; never raises for one that is not."""
        ...


@dataclass(frozen=True, slots=True)
class HttpReady:
    """Ready when a GET of ``url`` is answered with status 200."""

    url: str

    async def __call__(self) -> bool:
        """Ask once, with a second of patience."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session,
                session.get(self.url) as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
