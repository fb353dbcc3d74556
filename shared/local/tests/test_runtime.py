"""The runtime: each role an address that was checked or an embedded server, shared between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from shared.config import PlatformSettings
from shared.local.errors import LocalRuntimeError
from shared.local.external import _require, check_broker, check_clickhouse, check_postgres, check_redis
from shared.local.runtime import LocalRuntime
from shared.local.tests.waiting import alive, wait_until
from shared.local.valkey import EmbeddedValkey

DEAD = "127.0.0.1:9"
"""The discard port, on which nothing listens."""

OWNER = """
import sys
from pathlib import Path
from shared.config import PlatformSettings
from shared.local.runtime import LocalRuntime
with LocalRuntime(PlatformSettings(data_dir=Path(sys.argv[1]))) as runtime:
    print(*(server.pid for server in runtime._servers), flush=True)
    sys.stdin.read()
"""


def start_owner(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def settings(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> PlatformSettings:
    for variable in [name for name in os.environ if name.startswith("RESERVEI_")]:
        monkeypatch.delenv(variable)
    return PlatformSettings(data_dir=data_dir)


def test_embeds_every_role_and_hands_children_their_variables(settings: PlatformSettings) -> None:
    seen: list[tuple[str, str]] = []
    with LocalRuntime(settings, on_progress=lambda name, state, _: seen.append((name, state))) as runtime:
        endpoints = runtime.endpoints
        assert endpoints.database_url.startswith("postgresql://")
        assert endpoints.broker_url == endpoints.redis_url
        assert check_clickhouse(endpoints.clickhouse_url).startswith("ClickHouse ")
        environment = runtime.environment()
        with redis.Redis.from_url(environment["RESERVEI_REDIS_URL"]) as client:
            assert client.ping()
        assert len(environment["RESERVEI_SERVICE_SECRET"]) >= 32
        assert environment["RESERVEI_SECRET_KEY"] != environment["RESERVEI_SERVICE_SECRET"]
        assert runtime.settings().database_url == endpoints.database_url
    assert [name for name, state in seen if state == "ready"] == ["database", "cache", "event bus", "analytics store"]
    with LocalRuntime(settings) as again:
        assert again.environment() == environment, "a second start has the same addresses and secrets"


async def test_a_second_process_attaches_and_takes_over_when_the_owner_is_killed(settings: PlatformSettings) -> None:
    owner = start_owner(settings.data_dir)
    try:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        with LocalRuntime(settings) as attached:
            assert attached.revive() == []
            with redis.Redis.from_url(attached.endpoints.redis_url) as client:
                client.set("kept", "1")
            address = attached.endpoints
            owner.kill()
            owner.wait()
            await wait_until(lambda: not any(alive(pid) for pid in pids))
            assert attached.revive() == ["PostgreSQL", "Valkey", "ClickHouse"]
            assert attached.endpoints == address
            with redis.Redis.from_url(address.redis_url, decode_responses=True) as client:
                assert client.get("kept") == "1"
    finally:
        owner.kill()
        owner.communicate()


async def test_revives_a_server_that_was_killed(settings: PlatformSettings) -> None:
    with LocalRuntime(settings) as runtime:
        database = runtime._servers[0]
        assert database.pid is not None
        os.kill(database.pid, signal.SIGKILL)
        await wait_until(lambda: not database.running)
        assert runtime.revive() == ["PostgreSQL"]
        assert runtime.revive() == []


@pytest.mark.parametrize(
    ("check", "url", "says"),
    [
        (check_postgres, f"postgresql://u:hidden@{DEAD}/postgres", "Cannot reach PostgreSQL .*connection refused"),
        (check_postgres, "hidden", "RESERVEI_DATABASE_URL is not an address"),
        (check_redis, f"redis://:hidden@{DEAD}/0", "Cannot reach Redis .*connection refused"),
        (check_redis, "http://hidden", "RESERVEI_REDIS_URL is not an address"),
        (check_broker, f"amqp://u:hidden@{DEAD}/", "Cannot reach the broker .*connection refused"),
        (check_broker, f"redis://:hidden@{DEAD}/0", "RESERVEI_BROKER_URL.*connection refused"),
        (check_broker, "kafka://hidden", "RESERVEI_BROKER_URL is not an address"),
        (check_clickhouse, f"http://u:hidden@{DEAD}/", "Cannot reach ClickHouse .*connection refused"),
        (check_clickhouse, "hidden", "RESERVEI_CLICKHOUSE_URL is not an address"),
        (check_clickhouse, "chdb:///hidden", "RESERVEI_CLICKHOUSE_URL is not an address"),
        (check_clickhouse, "http://hidden:port/x", "RESERVEI_CLICKHOUSE_URL is not an address"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line_without_secrets(
    check: Callable[[str], str], url: str, says: str
) -> None:
    with pytest.raises(LocalRuntimeError, match=says) as caught:
        check(url)
    assert "\n" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_an_old_server_is_refused() -> None:
    with pytest.raises(LocalRuntimeError, match=r"Redis at RESERVEI_REDIS_URL is version 6\.2\.14; 7 or newer"):
        _require("Redis", "RESERVEI_REDIS_URL", "6.2.14", 7)


def test_a_server_given_by_address_is_used_instead_of_an_embedded_one(settings: PlatformSettings) -> None:
    with EmbeddedValkey(settings.data_dir / "given", durable=False) as given:
        completed = settings.model_copy(update={"redis_url": given.url})
        with LocalRuntime(completed) as runtime:
            assert runtime.endpoints.redis_url == runtime.endpoints.broker_url == given.url
    assert not (settings.data_dir / "valkey").exists()


def test_nothing_is_left_running_when_a_role_fails(settings: PlatformSettings) -> None:
    runtime = LocalRuntime(settings.model_copy(update={"redis_url": f"redis://{DEAD}"}))
    with pytest.raises(LocalRuntimeError, match="Cannot reach Redis"):
        runtime.start()
    assert not (settings.data_dir / "postgres" / "postmaster.pid").exists()


def test_production_takes_no_generated_secret(settings: PlatformSettings) -> None:
    production = settings.model_copy(update={"environment": "production"})
    with pytest.raises(LocalRuntimeError, match="RESERVEI_SERVICE_SECRET is not set"):
        LocalRuntime(production).start()
    short = settings.model_copy(update={"service_secret": SecretStr("short")})
    with pytest.raises(LocalRuntimeError, match="shorter than 32"):
        LocalRuntime(short).start()
