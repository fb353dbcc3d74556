"""Ports on 127.0.0.1: a free one chosen once and remembered, and who holds a busy one."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import psutil

from shared.local.errors import LocalRuntimeError
from shared.local.files import write_atomically

# Below the range from which kernels take ports for outgoing connections (32768 on Linux, 49152 on macOS), so that
# a remembered port is not lost to some program's passing connection between two starts.
_REMEMBERED_PORTS = range(15000, 32000)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on ``port`` now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: connections of a server that just ended (TIME_WAIT) do not make its port busy.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port on which nothing listens at the moment."""
    chosen = random.SystemRandom()
    for _ in range(200):
        port = chosen.choice(_REMEMBERED_PORTS)
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def holder_of(port: int) -> str | None:
    """Who listens on ``port``, as ``name (pid 123)``; ``None`` when the system does not tell this user."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            here = connection.laddr
            if connection.status == psutil.CONN_LISTEN and here and here.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        return None
    return None


def read_port(file: Path) -> int | None:
    """The port that ``file`` remembers; ``None`` before the first start, or when the file is damaged."""
    try:
        port = int(file.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return port if 0 < port < 65536 else None


def remembered_port(file: Path) -> int:
    """The port that ``file`` remembers when it is free now, otherwise a new free one, which is then remembered."""
    port = read_port(file)
    if port is None or not is_free(port):
        port = free_port()
        write_atomically(file, f"{port}\n")
    return port


def required_port(server: str, port: int) -> int:
    """``port``, which the caller insists on; ``LocalRuntimeError`` naming its holder when it is busy."""
    if not is_free(port):
        holder = holder_of(port) or "another program"
        raise LocalRuntimeError(
            f"Port {port} for {server} is in use by {holder}.",
            f"Stop that program, or use another port ({free_port()} is free).",
        )
    return port
