"""What analytics does without being asked: takes events into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.config import PlatformSettings


def background_tasks(settings: PlatformSettings) -> list[Callable[[asyncio.Event], Awaitable[None]]]:  # noqa: ARG001
    """The loops that the worker runs; each goes on until the event it is given is set."""
    return []
