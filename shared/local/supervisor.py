"""Runs child processes: started in order, watched, restarted when they crash, stopped in order, never orphaned."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from shared.local.errors import LocalRuntimeError
from shared.local.log_lines import LineAssembler
from shared.local.process import tied_command
from shared.local.readiness import ReadyCheck


@dataclass(frozen=True, slots=True)
class Service:
    """A child process to keep running."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] | None = None
    """Its whole environment; ours when absent."""
    cwd: Path | None = None
    ready: ReadyCheck | None = None
    """Absent: ready as soon as it is started."""
    ready_patience: float = 60.0
    """Seconds until a process that is not ready counts as failed."""
    stop_patience: float = 10.0
    """Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How often and how soon a crashed process is started again."""

    quick_failure: float = 10.0
    """A process that ran for fewer seconds failed quickly."""
    attempts: int = 5
    """So many quick failures in a row, and it is given up."""
    first_delay: float = 0.5
    """Seconds before the first restart; doubled for each quick failure that follows."""
    longest_delay: float = 10.0


@dataclass(slots=True)
class _Child:
    service: Service
    process: Process | None = None
    watcher: asyncio.Task[None] | None = None
    readers: set[asyncio.Task[None]] = field(default_factory=set)


class Supervisor:
    """Keeps ``services`` running; they are started together and stopped one after the other, in their order.

    Every child has a session of its own, so that Ctrl-C reaches only us, and is killed by the kernel when we die,
    however that happens (Linux): nothing that it could finish would find its database, and its port is wanted.
    Must be used in the main thread's event loop: the kernel's signal is bound to the thread that starts a child.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        on_line: Callable[[str, str], None],
        on_message: Callable[[str], None],
        restart: RestartPolicy | None = None,
    ) -> None:
        """``on_line(name, line)`` gets what the children write; ``on_message`` what the supervisor has to say."""
        self._children = [_Child(service) for service in services]
        self._on_line = on_line
        self._on_message = on_message
        self._restart = restart or RestartPolicy()
        self._stopping = False
        self._given_up: asyncio.Future[None] | None = None

    def pid(self, name: str) -> int | None:
        """Process id of a child, ``None`` while it does not run."""
        for child in self._children:
            if child.service.name == name and child.process is not None and child.process.returncode is None:
                return child.process.pid
        return None

    async def start(self) -> None:
        """Start every service and wait until all are ready.

        Raises ``LocalRuntimeError`` when one ends before it is ready, or is not ready in time. A process that fails
        the first time is not restarted: it would fail again.
        """
        self._given_up = asyncio.get_running_loop().create_future()
        for child in self._children:
            await self._spawn(child)
        for child in self._children:
            await self._await_ready(child)
        for child in self._children:
            child.watcher = asyncio.create_task(self._watch(child), name=f"watch {child.service.name}")
            child.watcher.add_done_callback(self._watcher_ended)

    async def wait(self) -> None:
        """Return never; raise ``LocalRuntimeError`` when a service had to be given up."""
        assert self._given_up is not None, "wait() needs start() first"
        await asyncio.shield(self._given_up)

    async def stop(self) -> None:
        """Stop every child in order: SIGTERM, then, when its patience is over, SIGKILL. What they write is shown."""
        self._stopping = True
        for child in self._children:
            if child.watcher is not None:
                child.watcher.cancel()
                await asyncio.wait({child.watcher})
                child.watcher = None
        for child in self._children:
            await self._end(child)
        if self._given_up is not None and not self._given_up.cancel():
            self._given_up.exception()  # whoever did not wait() does not want to know

    def force(self) -> None:
        """Kill every child at once, without waiting."""
        self._stopping = True
        for child in self._children:
            if child.process is not None and child.process.returncode is None:
                _signal_group(child.process, signal.SIGKILL)

    async def _spawn(self, child: _Child) -> None:
        service = child.service
        child.process = await asyncio.create_subprocess_exec(
            *tied_command(service.command, death_signal=signal.SIGKILL),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env=dict(service.env) if service.env is not None else None,
            cwd=service.cwd,
            start_new_session=True,
        )
        assert child.process.stdout is not None
        reader = asyncio.create_task(self._forward(service.name, child.process.stdout))
        child.readers.add(reader)
        reader.add_done_callback(child.readers.discard)

    async def _forward(self, name: str, stream: asyncio.StreamReader) -> None:
        assembler = LineAssembler()
        while chunk := await stream.read(65536):
            for line in assembler.feed(chunk):
                self._on_line(name, line)
        for line in assembler.finish():
            self._on_line(name, line)

    async def _await_ready(self, child: _Child) -> None:
        service, process = child.service, child.process
        assert process is not None
        deadline = time.monotonic() + service.ready_patience
        while process.returncode is None:
            if service.ready is None or await service.ready():
                return
            if time.monotonic() > deadline:
                raise LocalRuntimeError(
                    f"{service.name} was not ready after {service.ready_patience:.0f} seconds.",
                    "Read what it wrote above.",
                )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.05)
        await self._drain(child)
        raise LocalRuntimeError(
            f"{service.name} {_how_it_ended(process)} before it was ready.", "Read what it wrote above."
        )

    async def _watch(self, child: _Child) -> None:
        """Start ``child`` again whenever it ends, until it fails quickly too often."""
        policy, name = self._restart, child.service.name
        failures = 0
        started = time.monotonic()
        while True:
            assert child.process is not None
            await child.process.wait()
            await self._drain(child)
            ran = time.monotonic() - started
            failures = failures + 1 if ran < policy.quick_failure else 1
            ended = _how_it_ended(child.process)
            if failures >= policy.attempts:
                raise LocalRuntimeError(
                    f"{name} {ended}, {failures} times in a row soon after its start.",
                    "Read what it wrote above, and start again.",
                )
            delay = min(policy.first_delay * 2 ** (failures - 1), policy.longest_delay)
            self._on_message(f"{name} {ended}; starting it again in {delay:g} s")
            await asyncio.sleep(delay)
            started = time.monotonic()
            await self._spawn(child)

    def _watcher_ended(self, watcher: asyncio.Task[None]) -> None:
        if not watcher.cancelled() and (error := watcher.exception()) is not None:
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        if self._given_up is not None and not self._given_up.done():
            self._given_up.set_exception(error)

    async def _end(self, child: _Child) -> None:
        process = child.process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), child.service.stop_patience)
            except TimeoutError:
                self._on_message(f"{child.service.name} did not stop in {child.service.stop_patience:g} s; killing it")
        _signal_group(process, signal.SIGKILL)  # the rest of its session, such as workers that it lost
        await process.wait()
        await self._drain(child)
        child.process = None

    async def _drain(self, child: _Child) -> None:
        """Wait for the last lines; not for long, since a grandchild may hold the pipe open."""
        if child.readers:
            await asyncio.wait(child.readers, timeout=1)


def _signal_group(process: Process, chosen: signal.Signals) -> None:
    # The child leads a session and so a group, whose id is its process id.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, chosen)


def _how_it_ended(process: Process) -> str:
    code = process.returncode
    if code is not None and code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


@asynccontextmanager
async def stop_signals(on_second: Callable[[], None]) -> AsyncIterator[asyncio.Event]:
    """An event that the first Ctrl-C, SIGTERM or SIGHUP sets; a second Ctrl-C or SIGTERM calls ``on_second``."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def receive(chosen: signal.Signals) -> None:
        if not asked.is_set():
            asked.set()
        elif chosen is not signal.SIGHUP:
            on_second()

    chosen_signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for chosen in chosen_signals:
        loop.add_signal_handler(chosen, receive, chosen)
    try:
        yield asked
    finally:
        for chosen in chosen_signals:
            loop.remove_signal_handler(chosen)
