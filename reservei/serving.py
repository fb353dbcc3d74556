"""Run ASGI applications on uvicorn, several in one event loop, and stop them in order."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.types import ASGIApp

from shared.config import platform_settings
from shared.local.errors import LocalRuntimeError

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 10
BACKLOG = 2048
WEBSOCKET_MESSAGE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Listener:
    """An application and where it listens."""

    name: str
    app: ASGIApp
    host: str
    port: int
    variable: str
    """The environment variable that moves it to another port."""
    manages_lifespan: bool = True
    """Whether the application's own lifespan is to be run."""


def bind(listener: Listener, *, shared: bool) -> socket.socket:
    """A bound socket for ``listener``.

    Args:
        listener: Where to listen.
        shared: Let other worker processes listen on the same port; the kernel spreads connections.

    Raises:
        LocalRuntimeError: the port is taken, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((listener.host, listener.port))
    except OSError as error:
        sock.close()
        reason = (
            "is used by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        raise LocalRuntimeError(
            f"Port {listener.port} of {listener.host}, where {listener.name} wants to listen, {reason}.",
            f"Stop what holds it, or choose another with {listener.variable}.",
        ) from None
    return sock


async def serve_all(
    listeners: Sequence[Listener],
    *,
    shared: bool = False,
    on_listening: Callable[[Sequence[str]], None] = lambda _addresses: None,
) -> None:
    """Serve every listener until SIGINT or SIGTERM, then finish what is under way and return.

    Args:
        listeners: What to serve, and where.
        shared: Let other worker processes listen on the same ports.
        on_listening: Called once with the ``host:port`` of each listener, when clients can connect.

    Raises:
        LocalRuntimeError: a port cannot be had; nothing is served then.
    """
    with ExitStack() as opened:
        sockets = [opened.enter_context(bind(listener, shared=shared)) for listener in listeners]
        for sock in sockets:
            sock.listen(BACKLOG)
        opened.pop_all()  # from here on the servers close them
    on_listening([_address(sock) for sock in sockets])
    servers = [_Server(_config(listener)) for listener in listeners]
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        async with asyncio.TaskGroup() as tasks:
            for server, sock in zip(servers, sockets, strict=True):
                tasks.create_task(_serve(server, sock, stop))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _serve(server: uvicorn.Server, sock: socket.socket, stop: Callable[[], None]) -> None:
    await server.serve(sockets=[sock])
    # One that could not start, or was told to stop, takes the others with it.
    stop()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves the signals to :func:`serve_all`, which runs several."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _config(listener: Listener) -> uvicorn.Config:
    return uvicorn.Config(
        listener.app,
        loop="none",
        http="httptools",
        ws="websockets-sansio",
        lifespan="on" if listener.manages_lifespan else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # it would cost 300 KB a connection, to make small messages smaller
        backlog=BACKLOG,
        timeout_keep_alive=75,  # longer than a load balancer's, which would otherwise reuse connections that we close
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        # Anybody can send X-Forwarded-For; it counts only from proxies that the operator names.
        proxy_headers=bool(platform_settings().trusted_proxies),
        forwarded_allow_ips=platform_settings().trusted_proxies,
    )
