"""Waiting for a condition instead of for a time, and whether a process is still there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psutil


async def wait_until(condition: Callable[[], bool], patience: float = 60.0) -> None:
    """Return once ``condition`` holds; fail after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"not true after {patience:g} s"
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and only awaits its parent does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
