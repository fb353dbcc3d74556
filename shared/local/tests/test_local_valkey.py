"""The embedded Valkey: keeps what was written over ``kill -9``, and never evicts."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.local.errors import LocalRuntimeError
from shared.local.tests.waiting import wait_until
from shared.local.valkey import EmbeddedValkey


async def test_keeps_data_and_address_over_stop_and_kill(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, durable=False)
    server.start()
    try:
        address = server.url
        with redis.Redis.from_url(address) as client:
            client.set("kept", "1")
        server.stop()
        server.start()
        with redis.Redis.from_url(address) as client:
            client.incr("kept")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await wait_until(lambda: not server.running)
        server.start()
        assert server.url == address
        with redis.Redis.from_url(address, decode_responses=True) as client:
            assert client.get("kept") == "2"
    finally:
        server.stop()


def test_a_server_left_over_by_a_dead_owner_is_ended_and_replaced(tmp_path: Path) -> None:
    """Two servers on the same files would destroy them."""
    first = EmbeddedValkey(tmp_path, durable=False)
    first.start()
    left_over = first._process
    assert left_over is not None
    with redis.Redis.from_url(first.url) as client:
        client.set("kept", "7")
    first._process = None
    first._lock.release()
    with EmbeddedValkey(tmp_path, durable=False) as second:
        assert left_over.wait(60) == 0
        assert second.port == first.port
        with redis.Redis.from_url(second.url) as client:
            assert client.get("kept") == b"7"


async def test_wants_the_password_evicts_nothing_and_listens_on_the_loopback_only(tmp_path: Path) -> None:
    async with EmbeddedValkey(tmp_path) as server:
        process = psutil.Process(server.pid)
        assert {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
        password = (tmp_path / "secrets" / "valkey_password").read_text().strip()
        assert password not in " ".join(process.cmdline())
        once = Retry(NoBackoff(), 0)
        with redis.Redis(port=server.port, retry=once) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            settings = client.config_get("maxmemory-policy", "appendonly", "appendfsync")
        assert settings == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}


def test_a_required_port_in_use_names_its_holder(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        port = rival.getsockname()[1]
        with pytest.raises(LocalRuntimeError, match=rf"Port {port} for Valkey is in use by .*pid {os.getpid()}"):
            EmbeddedValkey(tmp_path, port=port).start()


def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.set("a", "1")
    manifest = next((tmp_path / "valkey" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    with pytest.raises(LocalRuntimeError, match=r"Valkey did not start: .*valkey\.log") as caught:
        EmbeddedValkey(tmp_path).start()
    assert "\n" not in str(caught.value)


def test_a_folder_with_spaces_and_quotes_is_fine(tmp_path: Path) -> None:
    with (
        EmbeddedValkey(tmp_path / 'dados "do" João', durable=False) as server,
        redis.Redis.from_url(server.url) as client,
    ):
        assert client.ping()
