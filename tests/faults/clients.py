"""``python -m tests.faults.clients``: one of several client processes, each with many callers at once.

Reads a JSON object from standard input: ``url`` of the router, ``token``, and ``requests``, each with ``input`` and
``key``. Says it is ready, waits for a line, sends all of them at once, and writes the answers as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx

from tests.conftest import Supergraph
from tests.faults.callers import Caller

WAIT_MS = 5_000
"""With the time that 500 requests take to be read, less than the router waits for a subgraph."""


def main() -> None:
    """Send what standard input says, and write what came back."""
    work = json.loads(sys.stdin.readline())
    requests = work["requests"]
    supergraph = Supergraph(work["url"], dict(os.environ), Path(), Path())
    limits = httpx.Limits(max_connections=len(requests))
    supergraph.client = httpx.Client(base_url=work["url"], timeout=120, limits=limits)
    caller = Caller(supergraph, work["token"])
    together = Barrier(len(requests))

    def book(request: dict[str, Any]) -> dict[str, Any]:
        together.wait()
        return caller.book(request["input"], request["key"], wait_ms=WAIT_MS)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    with supergraph.client, ThreadPoolExecutor(len(requests)) as pool:
        answers = list(pool.map(book, requests))
    json.dump({"answers": answers, "errors": dict(caller.errors)}, sys.stdout)


if __name__ == "__main__":
    main()
