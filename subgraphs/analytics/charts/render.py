"""Charts as pictures.

Drawing takes 30 to 100 ms of CPU in a JavaScript engine that holds Python's lock all the while, so it happens in a
process of its own: on a thread it would stop every request of the server for as long.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from enum import StrEnum
from typing import Final

from subgraphs.analytics.charts.style import Spec

WAIT_SECONDS: Final = 20.0
"""For one picture, the start of the process included."""
MOST_WAITING: Final = 32


class PictureFormat(StrEnum):
    """What a chart is drawn as."""

    SVG = "svg"
    PNG = "png"
    HTML = "html"


class RendererBusy(Exception):
    """Too many pictures are waited for already, or one takes too long."""


class Renderer:
    """Draws one picture at a time in a process that is started with the first."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def draw(self, spec: Spec, picture: PictureFormat, *, scale: float = 2.0) -> bytes:
        """The picture of a specification.

        Raises:
            RendererBusy: try again in a moment.
            ValueError: the specification cannot be drawn.
        """
        if self._waiting >= MOST_WAITING:
            raise RendererBusy
        job = json.dumps({"spec": spec, "format": picture, "scale": scale}).encode()
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_SECONDS), self._turn:
                status, answer = await self._exchange(job)
        except TimeoutError as error:
            raise RendererBusy from error
        finally:
            self._waiting -= 1
        if status:
            raise ValueError(answer.decode())
        return answer

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    async def _exchange(self, job: bytes) -> tuple[int, bytes]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "subgraphs.analytics.charts.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(struct.pack(">I", len(job)) + job)
            await process.stdin.drain()
            status, length = struct.unpack(">BI", await process.stdout.readexactly(5))
            return status, await process.stdout.readexactly(length)
        except BaseException as error:
            # Whatever it was doing, its next answer would be to this question.
            await self.close()
            if isinstance(error, (asyncio.IncompleteReadError, ConnectionError)):
                raise RendererBusy from error
            raise
