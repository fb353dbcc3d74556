"""The embedded PostgreSQL: keeps data over every kind of end, and says in one line what keeps it from starting."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from pathlib import Path

import asyncpg
import psutil
import pytest

from shared.local.errors import LocalRuntimeError
from shared.local.postgres import EmbeddedPostgres
from shared.local.tests.waiting import wait_until


async def query(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url, timeout=60)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


async def test_is_a_utf8_server_that_lowers_portuguese_letters(server: EmbeddedPostgres) -> None:
    assert await query(server, "SHOW server_encoding") == "UTF8"
    assert await query(server, "SELECT lower('SÃO CONCEIÇÃO')") == "são conceição"
    assert await query(server, "SELECT 'Ângela' ILIKE 'âng%'") is True


async def test_has_the_extensions_that_search_needs(server: EmbeddedPostgres) -> None:
    available = await query(server, "SELECT array_agg(name::text) FROM pg_available_extensions")
    assert {"pg_trgm", "unaccent", "btree_gist", "vector"} <= set(available)  # type: ignore[call-overload]


async def test_listens_on_the_loopback_only_and_wants_the_password(server: EmbeddedPostgres) -> None:
    listening = {c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    without_password = re.sub(r":[^:@]+@", ":wrong@", server.url)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(without_password, timeout=60)


def test_secrets_are_for_the_user_only_and_not_in_the_process_list(server: EmbeddedPostgres) -> None:
    secret = server._data_dir / "secrets" / "postgres_password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.read_text().strip() not in " ".join(psutil.Process(server.pid).cmdline())


def test_runs_as_an_unprivileged_user(server: EmbeddedPostgres) -> None:
    assert psutil.Process(server.pid).uids().effective != 0


async def test_keeps_data_and_address_over_stop_and_kill(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False)
    server.start()
    try:
        address = server.url
        await query(server, "CREATE TABLE kept AS SELECT 1 AS n")
        server.stop()
        server.start()
        await query(server, "INSERT INTO kept VALUES (2)")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await wait_until(lambda: not server.running)
        server.start()
        assert await query(server, "SELECT sum(n) FROM kept") == 3
        assert server.url == address
    finally:
        server.stop()
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


async def test_a_second_owner_is_refused_and_may_attach(server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(server._data_dir)
    with pytest.raises(LocalRuntimeError, match=rf"is run by pid {os.getpid()}"):
        second.start()
    second.start(attach=True)
    assert second.url == server.url
    second.stop()
    assert server.running


async def test_a_server_left_over_by_a_dead_owner_is_ended_and_replaced(data_dir: Path) -> None:
    """Where the kernel has no parent-death signal (macOS), ``kill -9`` of the owner leaves the server running."""
    first = EmbeddedPostgres(data_dir, durable=False)
    first.start()
    await query(first, "CREATE TABLE kept AS SELECT 7 AS n")
    left_over = first._process
    assert left_over is not None
    first._process = None
    first._lock.release()
    with EmbeddedPostgres(data_dir, durable=False) as second:
        assert left_over.wait(60) == 0
        assert await query(second, "SELECT n FROM kept") == 7


async def test_a_stale_pid_file_that_names_another_living_process_is_ignored(data_dir: Path) -> None:
    (data_dir / "postgres" / "postmaster.pid").write_text(
        f"{os.getpid()}\n{data_dir}\n0\n5432\n\n127.0.0.1\n1 1\nready\n"
    )
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert await query(server, "SELECT 1") == 1


def test_data_of_another_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(LocalRuntimeError, match=r"is of PostgreSQL 14.*RESERVEI_POSTGRES_BIN") as caught:
        EmbeddedPostgres(tmp_path).start()
    assert "\n" not in str(caught.value)


def test_a_required_port_in_use_names_its_holder(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        port = rival.getsockname()[1]
        with pytest.raises(LocalRuntimeError, match=rf"Port {port} for PostgreSQL is in use by .*pid {os.getpid()}"):
            EmbeddedPostgres(data_dir, durable=False, port=port).start()


async def test_a_remembered_port_in_use_is_replaced_and_remembered(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        taken = rival.getsockname()[1]
        (data_dir / "postgres.port").write_text(str(taken))
        with EmbeddedPostgres(data_dir, durable=False) as server:
            assert server.port != taken
            assert await query(server, "SELECT 1") == 1
            assert (data_dir / "postgres.port").read_text().strip() == str(server.port)


def test_a_lost_password_is_explained(data_dir: Path) -> None:
    (data_dir / "secrets" / "postgres_password").unlink()
    with pytest.raises(LocalRuntimeError, match=r"password of the PostgreSQL in .* is gone"):
        EmbeddedPostgres(data_dir).start()


def test_a_data_directory_that_is_a_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalRuntimeError, match=r"Cannot write to .*RESERVEI_DATA_DIR"):
        EmbeddedPostgres(tmp_path / "file").start()


def test_a_damaged_data_directory_names_the_reason_and_the_log(data_dir: Path) -> None:
    (data_dir / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(LocalRuntimeError, match=r"did not start: .*(pg_control|database system).*postgres\.log"):
        EmbeddedPostgres(data_dir, durable=False).start()


def test_programs_are_looked_for_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESERVEI_POSTGRES_BIN", str(tmp_path))
    with pytest.raises(LocalRuntimeError, match=f"no postgres and no initdb in {tmp_path}"):
        EmbeddedPostgres(tmp_path / "data").start()


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/postgres").exists(), reason="no PostgreSQL 15 installed")
async def test_an_installed_postgresql_can_take_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESERVEI_POSTGRES_BIN", "/usr/lib/postgresql/15/bin")
    async with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert str(await query(server, "SHOW server_version")).startswith("15.")
        assert await query(server, "SELECT lower('Ç')") == "ç"


async def test_two_processes_may_start_at_once_and_one_owns(data_dir: Path) -> None:
    servers = [EmbeddedPostgres(data_dir, durable=False) for _ in range(2)]
    await asyncio.gather(*(asyncio.to_thread(server.start, attach=True) for server in servers))
    try:
        assert sorted(server.running for server in servers) == [False, True]
        assert servers[0].url == servers[1].url
    finally:
        for server in servers:
            server.stop()
