"""`reservei router` as a process: it serves any supergraph, and says in one line why it cannot start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from router.tests.edge.subgraphs import HOTELS, REVIEWS, subgraph_app, supergraph
from router.tests.edge.support import serve

START_SECONDS = 60


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "reservei",
        "router",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "1000"},  # or long paths are broken over lines
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def refusal(*arguments: str) -> str:
    """What a router that cannot start says."""
    async with process(*arguments) as running, asyncio.timeout(START_SECONDS):
        _, complaint = await running.communicate()
    assert running.returncode == 1
    assert b"Traceback" not in complaint
    return " ".join(complaint.decode().split())


@pytest.fixture
def supergraph_file(tmp_path: Path) -> Path:
    file = tmp_path / "supergraph.graphql"
    file.write_text(supergraph())
    return file


async def test_it_serves_a_supergraph_over_http_subgraphs_and_stops_when_told(
    http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    file = tmp_path / "supergraph.graphql"
    async with serve(subgraph_app(HOTELS)) as hotels, serve(subgraph_app(REVIEWS)) as reviews:
        file.write_text(supergraph(hotels=f"{hotels}/graphql", reviews=f"{reviews}/graphql"))
        async with process("--supergraph", str(file), "--port", "0", "--no-auth") as running:
            assert running.stdout is not None
            async with asyncio.timeout(START_SECONDS):
                line = (await running.stdout.readline()).decode()
            url = line.split()[1]
            assert url.startswith("http://127.0.0.1:")
            asked = {"query": '{ hotel(id: "2") { rating } }'}
            async with http.post(url, json=asked, headers={"authorization": "Bearer any"}) as response:
                assert await response.json() == {"data": {"hotel": {"rating": 2.5}}}
            running.send_signal(signal.SIGTERM)
            async with asyncio.timeout(START_SECONDS):
                _, complaint = await running.communicate()
            assert b"Traceback" not in complaint


async def test_a_port_in_use_is_one_line(supergraph_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = await refusal("--supergraph", str(supergraph_file), "--port", str(port), "--no-auth")
    assert f"Port {port} of 127.0.0.1" in said
    assert "choose another with --port" in said


async def test_a_supergraph_that_is_missing_or_is_none_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "none.graphql"
    said = await refusal("--supergraph", str(missing))
    assert "there is no such file" in said
    assert "--supergraph FILE" in said
    plain = tmp_path / "plain.graphql"
    plain.write_text("type Query { a: Int }")
    assert "plain.graphql:" in await refusal("--supergraph", str(plain))


async def test_a_bad_configuration_is_told_by_key(tmp_path: Path, supergraph_file: Path) -> None:
    bad = tmp_path / "router.yaml"
    bad.write_text("limits: {max_dept: 1}")
    said = await refusal("--supergraph", str(supergraph_file), "--config", str(bad))
    assert "limits.max_dept: unknown key, did you mean `max_depth`?" in said
