"""Checks that a server named by a ``RESERVEI_*_URL`` variable is there, lets us in and is new enough."""

from __future__ import annotations

import asyncio
import http.client
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import aio_pika
import asyncpg
import redis
from aio_pika.exceptions import AMQPError
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from shared.local.addresses import display
from shared.local.errors import LocalRuntimeError

# aiormq logs a refused connection before it raises; without a handler that line would reach the terminal.
logging.getLogger("aiormq.connection").addHandler(logging.NullHandler())

T = TypeVar("T")

_PATIENCE = 5.0
"""Seconds to wait for an answer: longer than any healthy network takes, short enough to wait for at a keyboard."""
OLDEST_POSTGRES = 15
OLDEST_REDIS = 7
OLDEST_CLICKHOUSE = (24, 8)


def check_postgres(url: str) -> str:
    """Returns e.g. ``PostgreSQL 17.2``; needs version 15 or newer and the right to create databases."""

    async def ask() -> tuple[str, bool]:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain, timeout=_PATIENCE)
        try:
            may_create = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            return await connection.fetchval("SHOW server_version"), bool(await connection.fetchval(may_create))
        finally:
            await connection.close()

    try:
        version, may_create = _run(ask)
    except (ArgumentError, ValueError) as error:
        raise _malformed("RESERVEI_DATABASE_URL", "postgresql://user:secret@host:5432/postgres") from error
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _unreachable("PostgreSQL", "RESERVEI_DATABASE_URL", url, error) from error
    _require("PostgreSQL", "RESERVEI_DATABASE_URL", version, OLDEST_POSTGRES)
    if not may_create:
        # Not fatal: the databases may have been made by an administrator. Saying so here explains a later refusal.
        return f"PostgreSQL {version.split()[0]} (this role may not create databases)"
    return f"PostgreSQL {version.split()[0]}"


def check_redis(url: str, variable: str = "RESERVEI_REDIS_URL") -> str:
    """Returns e.g. ``Redis 7.4.1`` or ``Valkey 8.0.1``; needs what Redis 7 can do."""
    try:
        once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(
            url, socket_connect_timeout=_PATIENCE, socket_timeout=_PATIENCE, retry=once
        ) as client:
            server = client.info("server")
    except ValueError as error:
        raise _malformed(variable, "redis://user:secret@host:6379/0") from error
    except (redis.ConnectionError, redis.TimeoutError, AuthenticationError, redis.ResponseError) as error:
        raise _unreachable("Redis", variable, url, error) from error
    _require("Redis", variable, str(server["redis_version"]), OLDEST_REDIS)
    if "valkey_version" in server:
        return f"Valkey {server['valkey_version']}"
    return f"Redis {server['redis_version']}"


def check_broker(url: str) -> str:
    """Returns e.g. ``RabbitMQ 4.0.5``, or what ``check_redis`` says of a ``redis://`` address."""
    variable = "RESERVEI_BROKER_URL"
    scheme = urlsplit(url).scheme
    if scheme in {"redis", "rediss"}:
        return check_redis(url, variable)
    if scheme not in {"amqp", "amqps"}:
        raise _malformed(variable, "amqp://user:secret@host:5672/ or redis://host:6379/0")

    async def ask() -> str:
        connection = await aio_pika.connect(url, timeout=_PATIENCE)
        try:
            transport = connection.transport
            properties: dict[str, Any] = getattr(transport and transport.connection, "server_properties", None) or {}
            return f"{properties.get('product', 'AMQP broker')} {properties.get('version', '')}".strip()
        finally:
            await connection.close()

    try:
        return _run(ask)
    except ValueError as error:
        raise _malformed(variable, "amqp://user:secret@host:5672/") from error
    except (AMQPError, OSError, TimeoutError) as error:
        raise _unreachable("the broker", variable, url, error) from error


def has_pgvector(url: str) -> bool:
    """Whether the extension pgvector can be made in databases of the PostgreSQL server at ``url``, which answers."""

    async def ask() -> bool:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain, timeout=_PATIENCE)
        try:
            return bool(await connection.fetchval("SELECT true FROM pg_available_extensions WHERE name = 'vector'"))
        finally:
            await connection.close()

    return _run(ask)


def check_clickhouse(url: str) -> str:
    """Returns e.g. ``ClickHouse 25.3.2.39``; needs version 24.8 or newer. The database need not exist yet."""
    variable = "RESERVEI_CLICKHOUSE_URL"
    example = "http://user:secret@host:8123/database"
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        port = parts.port or (8443 if parts.scheme == "https" else 8123)
    except ValueError as error:
        raise _malformed(variable, example) from error
    if not is_address or not re.fullmatch(r"/?\w*", parts.path):
        raise _malformed(variable, example)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    request = urllib.request.Request(  # noqa: S310  the scheme was checked
        f"{parts.scheme}://{host}:{port}/",
        data=b"SELECT version()",
        headers={
            "X-ClickHouse-User": unquote(parts.username or "default"),
            "X-ClickHouse-Key": unquote(parts.password or ""),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
            version = answer.read(100).decode(errors="replace").strip()
    except urllib.error.HTTPError as error:
        if "X-ClickHouse-Exception-Code" not in error.headers:
            raise _unreachable("ClickHouse", variable, url, OSError("something else answers there")) from error
        said = error.read(500).decode(errors="replace").strip()
        reason = "wrong user or password" if error.headers["X-ClickHouse-Exception-Code"] == "516" else said
        raise _unreachable("ClickHouse", variable, url, OSError(reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable("ClickHouse", variable, url, error) from error
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        raise _unreachable("ClickHouse", variable, url, OSError("something else answers there"))
    if (int(numbers[1]), int(numbers[2])) < OLDEST_CLICKHOUSE:
        raise _too_old("ClickHouse", variable, version, "{}.{}".format(*OLDEST_CLICKHOUSE))
    return f"ClickHouse {version}"


def _run(ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run ``ask`` to its end; in a thread, because the caller may be inside an event loop."""

    async def within_patience() -> T:
        async with asyncio.timeout(_PATIENCE * 2):
            return await ask()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, within_patience()).result()


def _require(server: str, variable: str, version: str, oldest: int) -> None:
    major = re.match(r"\d+", version)
    if major is None or int(major[0]) < oldest:
        raise _too_old(server, variable, version, str(oldest))


def _too_old(server: str, variable: str, version: str, oldest: str) -> LocalRuntimeError:
    return LocalRuntimeError(
        f"The {server} at {variable} is version {version}; {oldest} or newer is needed.",
        f"Upgrade it, or unset {variable} to use the embedded server.",
    )


def _malformed(variable: str, example: str) -> LocalRuntimeError:
    return LocalRuntimeError(f"{variable} is not an address we can use.", f"Write it like {example}.")


def _unreachable(server: str, variable: str, url: str, error: BaseException) -> LocalRuntimeError:
    return LocalRuntimeError(
        f"Cannot reach {server} at {display(url)} ({variable}): {_reason(error)}.",
        f"Start it or correct the address, or unset {variable} to use the embedded server.",
    )


def _reason(error: BaseException) -> str:
    """What libraries wrap in several sentences, as one phrase."""
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        error = error.reason
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, ConnectionRefusedError) or "Errno 111" in text or "refused." in str(error):
        return "connection refused"
    if isinstance(error, TimeoutError) or "timed out" in text.lower():
        return f"no answer within {_PATIENCE:.0f} seconds"
    return text or type(error).__name__
