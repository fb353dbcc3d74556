"""Waiting that ends early when the process is told to stop, and cancellation that cannot be missed."""

from __future__ import annotations

import asyncio


async def rest(stop: asyncio.Event, seconds: float, *, until: asyncio.Event | None = None) -> None:
    """Wait for ``seconds``, or until ``stop`` or ``until`` is set, whichever comes first."""
    events = [stop] if until is None else [stop, until]
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiting:
            waiter.cancel()


def end_if_cancelled() -> None:
    """Raise ``CancelledError`` when the current task was cancelled and has not heard of it.

    ``asyncio.wait_for`` of Python 3.11, under every command of the Redis client, loses a cancellation that comes as
    the awaited thing completes (python/cpython#86296). A loop around such commands would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
