"""The embedded ClickHouse: keeps what was written over ``kill -9``, wants its password, and is bounded."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import clickhouse_connect
import psutil
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from shared.local.clickhouse import EmbeddedClickHouse
from shared.local.errors import LocalRuntimeError
from shared.local.external import check_clickhouse
from shared.local.tests.waiting import wait_until


def connect(server: EmbeddedClickHouse) -> Client:
    parts = urlsplit(server.url)
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=parts.port, username=parts.username, password=parts.password or "", compress=False
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedClickHouse]:
    with EmbeddedClickHouse(tmp_path_factory.mktemp("clickhouse"), durable=False) as server:
        yield server


async def test_keeps_data_and_address_over_stop_and_kill(tmp_path: Path) -> None:
    server = EmbeddedClickHouse(tmp_path, durable=False)
    server.start()
    try:
        address = server.url
        with connect(server) as client:
            client.command("CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
            client.insert("kept", [(1,)], column_names=["n"])
        server.stop()
        server.start()
        with connect(server) as client:
            client.insert("kept", [(2,)], column_names=["n"])
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await wait_until(lambda: not server.running)
        server.start()
        assert server.url == address
        with connect(server) as client:
            assert client.query("SELECT n FROM kept ORDER BY n").result_rows == [(1,), (2,)]
    finally:
        server.stop()


def test_a_second_owner_attaches_or_is_refused(server: EmbeddedClickHouse) -> None:
    other = EmbeddedClickHouse(server._data_dir)
    with pytest.raises(LocalRuntimeError, match="is run by pid"):
        other.start()
    other.start(attach=True)
    assert other.url == server.url
    assert other.pid is None


def test_wants_the_password_and_listens_on_the_loopback_only(server: EmbeddedClickHouse) -> None:
    assert check_clickhouse(server.url).startswith("ClickHouse ")
    with pytest.raises(LocalRuntimeError, match="wrong user or password"):
        check_clickhouse(f"http://reservei:wrong@127.0.0.1:{server.port}/reservei")
    with pytest.raises(LocalRuntimeError, match="wrong user or password"):
        check_clickhouse(f"http://127.0.0.1:{server.port}/reservei")
    listening = psutil.Process(server.pid).net_connections()
    assert {address.laddr.ip for address in listening if address.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_a_server_that_is_not_clickhouse_is_said_so(redis_url: str) -> None:
    with pytest.raises(LocalRuntimeError, match="Cannot reach ClickHouse"):
        check_clickhouse(f"http://127.0.0.1:{urlsplit(redis_url).port}/")


def test_parameters_are_values_whatever_is_in_them(server: EmbeddedClickHouse) -> None:
    hostile = "x' OR 1=1; DROP TABLE t; -- \\ \t\n\u0000é"
    with connect(server) as client:
        for value in (hostile, hostile * 5_000):  # the long one travels in a form
            assert client.query("SELECT {value:String}", parameters={"value": value}).result_rows == [(value,)]


def test_rows_arrive_as_they_were_sent_however_many(server: EmbeddedClickHouse) -> None:
    hostile = ["; DROP TABLE sent;\n", "'\\", "\n\n", "\u0000"]
    rows = [(number, hostile[number % len(hostile)] * 20) for number in range(20_000)]
    with connect(server) as client:
        client.command("CREATE TABLE sent (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
        client.insert("sent", rows, column_names=["n", "text"])
        assert client.query("SELECT n, text FROM sent ORDER BY n").result_rows == rows
        client.insert("sent", [], column_names=["n", "text"])
        with pytest.raises(DatabaseError):
            client.raw_insert("sent", ["n", "text"], b"nonsense", fmt="Native")
    assert not list(server._home.glob("insert-*"))


def test_settings_hold_for_their_request_only(server: EmbeddedClickHouse) -> None:
    with connect(server) as client:
        asked = "SELECT getSetting('max_result_rows')"
        assert client.query(asked, settings={"max_result_rows": 77}).result_rows == [(77,)]
        for _ in range(8):  # more often than there are threads
            assert client.query(asked).result_rows == [(0,)]


def test_a_query_that_wants_too_much_memory_fails_alone(server: EmbeddedClickHouse) -> None:
    with connect(server) as client:
        with pytest.raises(DatabaseError) as caught:
            client.query("SELECT length(groupArray(number)) FROM numbers(2000000000)")
        assert caught.value.code == 241
        assert client.query("SELECT 1").result_rows == [(1,)]


def test_errors_carry_their_number(server: EmbeddedClickHouse) -> None:
    with connect(server) as client:
        for sql, code in (("SELECT * FROM nowhere", 60), ("SELECT 1 +", 62), ("SELECT throwIf(1)", 395)):
            with pytest.raises(DatabaseError) as caught:
                client.command(sql)
            assert caught.value.code == code
