"""A small HTTP/1.1 load generator: prepared requests over keep-alive connections, closed loop, loopback only.

It reads no more of an answer than it must (status, Content-Length, body), so that what is measured is the server; it
still shares the machine with it, which is why results are compared within one run and never between runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class Result:
    """What one measurement saw."""

    name: str
    seconds: float
    latencies: list[float] = field(default_factory=list)
    """Seconds per request, in no order."""
    bytes_received: int = 0
    errors: int = 0

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency in milliseconds below which ``share`` of the requests stayed."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def post(path: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    """A prepared POST request with a JSON body."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        "Accept: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
    """Send one request and read its whole answer: status and body."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return status, await reader.readexactly(length)


async def once(host: str, port: int, request: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return await exchange(reader, writer, request)
    finally:
        writer.close()


async def measure(
    name: str,
    host: str,
    port: int,
    make_request: Callable[[int], bytes],
    *,
    connections: int = 32,
    seconds: float = 5.0,
    warm_up: float = 1.0,
) -> Result:
    """Keep ``connections`` requests under way for ``seconds`` after ``warm_up``.

    Args:
        name: Of the result.
        host: A loopback address; anything else is refused.
        port: Where the server listens.
        make_request: Gives the n-th request, so that requests can vary.
        connections: Keep-alive connections, each with one request under way.
        seconds: How long to count.
        warm_up: How long to run before counting.
    """
    if host not in LOOPBACK:
        raise ValueError("load goes to loopback only")
    result = Result(name, seconds)
    counter = iter(range(10**9))
    start = time.perf_counter() + warm_up
    end = start + seconds

    async def run() -> None:
        reader, writer = await asyncio.open_connection(host, port, limit=2**22)
        try:
            while (sent := time.perf_counter()) < end:
                status, body = await exchange(reader, writer, make_request(next(counter)))
                received = time.perf_counter()
                if start <= sent and received <= end:
                    result.latencies.append(received - sent)
                    result.bytes_received += len(body)
                    if status != 200 or b'"errors"' in body:
                        result.errors += 1
        finally:
            writer.close()

    await asyncio.gather(*(run() for _ in range(connections)))
    return result
