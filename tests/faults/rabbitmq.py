"""A RabbitMQ of our own, so that there is one to kill: other ports, other files, another node than the machine's."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import aio_pika
import psutil

from shared.local.process import ServerLog, spawn, stop

SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's. The program of this name on the path changes to the user of the machine's own server."""
START_WITHIN = 120.0


def is_installed() -> bool:
    """Whether this machine has what it takes."""
    return SERVER.exists() and shutil.which("epmd") is not None


class OwnRabbitMQ:
    """One node on loopback, with its data in a folder. It keeps durable queues over ``kill``."""

    def __init__(self, folder: Path, ports: tuple[int, int, int]) -> None:
        """Prepare without starting.

        Args:
            folder: For data, logs and the cookie.
            ports: Of AMQP, of the node's own protocol, and of its port mapper.
        """
        self._folder = folder.absolute()
        self._amqp, self._distribution, self._mapper_port = ports
        self._log = ServerLog(self._folder / "rabbitmq.out")
        self._process: subprocess.Popen[bytes] | None = None
        self._mapper: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"amqp://guest:guest@127.0.0.1:{self._amqp}/"

    @property
    def running(self) -> bool:
        """Whether the server's process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "enabled_plugins").write_text("[].\n", encoding="ascii")
        (self._folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self._amqp}\n", encoding="ascii")
        with self._log.open() as log:
            if self._mapper is None:
                # Started by us, because one that the server starts outlives it.
                mapper = ["epmd", "-port", str(self._mapper_port), "-address", "127.0.0.1"]
                self._mapper = spawn(mapper, log=log)
            self._process = spawn([str(SERVER)], log=log, env=self._environment())
        deadline = time.monotonic() + START_WITHIN
        while not asyncio.run(self._answers()):
            assert self.running, f"RabbitMQ ended: {self._log.this_run()[-3000:]}"
            assert time.monotonic() < deadline, f"RabbitMQ does not answer: {self._log.this_run()[-3000:]}"
            time.sleep(0.2)

    def kill(self) -> None:
        """End the node by SIGKILL, and wait until the kernel is done with it."""
        assert self._process is not None
        family = [psutil.Process(self._process.pid), *psutil.Process(self._process.pid).children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(30)
        psutil.wait_procs(family, timeout=30)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self.kill()
        if self._mapper is not None:
            stop(self._mapper)

    def _environment(self) -> dict[str, str]:
        folder = str(self._folder)
        settings = {
            "NODENAME": "faulty@localhost",
            "NODE_PORT": str(self._amqp),
            "NODE_IP_ADDRESS": "127.0.0.1",
            "DIST_PORT": str(self._distribution),
            "SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "MNESIA_BASE": f"{folder}/data",
            "LOG_BASE": f"{folder}/log",
            "PID_FILE": f"{folder}/pid",
            "ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "CONFIG_FILE": f"{folder}/rabbitmq",
            "CONF_ENV_FILE": f"{folder}/none",
        }
        return {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            **{f"RABBITMQ_{name}": value for name, value in settings.items()},
        }

    async def _answers(self) -> bool:
        try:
            connection = await aio_pika.connect(self.url, timeout=5)
        except (OSError, TimeoutError, aio_pika.exceptions.AMQPError):
            return False
        await connection.close()
        return True
