"""The analytics store as the domain uses it: SQL with bound parameters, blocks of rows in, and two kinds of error."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, Self, TypeAlias
from urllib.parse import unquote, urlsplit

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DatabaseError,
    DataError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)

from subgraphs.analytics.store.errors import StoreRefused, StoreUnavailable

Row: TypeAlias = tuple[Any, ...]

CONNECT_SECONDS: Final = 5.0
QUERY_SECONDS: Final = 60.0
"""Longest silence of the store before a query is given up. The rebuild asks for more."""

_PASSING_CODES: Final = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE: the connection broke while a block was on its way
        60,  # UNKNOWN_TABLE: not migrated yet
        81,  # UNKNOWN_DATABASE: not migrated yet
        159,  # TIMEOUT_EXCEEDED
        164,  # READONLY
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        497,  # ACCESS_DENIED: an administrator's change mends it
        516,  # AUTHENTICATION_FAILED
        999,  # KEEPER_EXCEPTION
    }
)


class AnalyticsStore:
    """A client of the store; async context manager. It connects when it is first used, and again after an outage.

    One object serves any number of tasks at a time. Every method raises ``StoreUnavailable`` and ``StoreRefused``.
    """

    def __init__(self, url: str, *, timeout: float = QUERY_SECONDS) -> None:
        """Prepare without connecting.

        Args:
            url: ``http(s)://user:secret@host:8123/database``.
            timeout: Seconds of silence after which an answer is not waited for any longer.
        """
        self._url = url
        self._timeout = timeout
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()
        self._column_types: dict[tuple[str, tuple[str, ...]], Sequence[Any]] = {}

    @property
    def database(self) -> str:
        """The database in which our tables are."""
        return urlsplit(self._url).path.strip("/") or "default"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of a SELECT. What a person typed goes into ``parameters`` only: ``{city:String}`` in ``sql``."""
        client = await self._connected()
        with _told_apart():
            result = await client.query(sql, parameters=dict(parameters) if parameters else None)
            return [tuple(row) for row in result.result_rows]

    async def records(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """As ``query``, each row as values by column name."""
        client = await self._connected()
        with _told_apart():
            result = await client.query(sql, parameters=dict(parameters) if parameters else None)
            return [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]

    async def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run a statement that has no rows to give, such as DDL or a DELETE."""
        client = await self._connected()
        with _told_apart():
            await client.command(sql, parameters=dict(parameters) if parameters else None)

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert ``rows`` as one block. After ``StoreUnavailable`` it is not known whether they are in."""
        if not rows:
            return
        client = await self._connected()
        key = (table, tuple(columns))
        with _told_apart():
            if key not in self._column_types:
                described = await client.create_insert_context(table, list(columns))
                self._column_types[key] = described.column_types
            try:
                await client.insert(table, rows, column_names=list(columns), column_types=self._column_types[key])
            except (AttributeError, OverflowError, TypeError, ValueError, struct.error) as error:  # a value, not us
                raise StoreRefused(f"{type(error).__name__}: {error}") from error

    async def ping(self) -> None:
        """Raise when the store does not answer."""
        await self.query("SELECT 1")

    async def _connected(self) -> AsyncClient:
        async with self._connecting:
            if self._client is None:
                with _told_apart():
                    self._client = await open_client(self._url, silence=self._timeout)
            return self._client


async def open_client(url: str, *, silence: float) -> AsyncClient:
    """A connected client of clickhouse-connect with the options that we want everywhere.

    Args:
        url: Of the server and the database.
        silence: Seconds after which an answer is not waited for any longer.
    """
    parts = urlsplit(url)
    return await clickhouse_connect.get_async_client(
        interface=parts.scheme,
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (8443 if parts.scheme == "https" else 8123),
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=parts.path.strip("/") or "default",
        compress=False,  # it is on this machine or in the next rack
        connect_timeout=CONNECT_SECONDS,
        send_receive_timeout=silence,
        autogenerate_session_id=False,  # a session serves one query at a time
        tz_mode="aware",
    )


@contextmanager
def _told_apart() -> Iterator[None]:
    """Turn what the client raises into the two errors that callers tell apart."""
    try:
        yield
    except (DataError, NotSupportedError, ProgrammingError) as error:  # found by the client itself
        raise StoreRefused(str(error), error.code) from error
    except DatabaseError as error:
        # Without a number it was not ClickHouse that answered, but a proxy or nobody.
        if isinstance(error, OperationalError) or error.code is None or error.code in _PASSING_CODES:
            raise StoreUnavailable(str(error)) from error
        raise StoreRefused(str(error), error.code) from error
    except ClickHouseError as error:
        raise StoreRefused(str(error)) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise StoreUnavailable(str(error) or type(error).__name__) from error
