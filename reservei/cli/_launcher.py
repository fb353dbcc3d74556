"""What ``reservei up`` does: servers, databases, services, demo data, and then the logs until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from reservei.cli._progress import StepProgress
from reservei.demo_accounts import DEMO_ACCOUNTS
from reservei.domains import DOMAINS, domain_port, prepare_databases
from shared.config import PlatformSettings
from shared.local.addresses import display
from shared.local.errors import LocalRuntimeError
from shared.local.files import FileLock, private_directory, write_atomically
from shared.local.log_lines import PrefixedOutput
from shared.local.ports import holder_of, is_free
from shared.local.process import tied_command
from shared.local.readiness import HttpReady
from shared.local.runtime import LocalRuntime
from shared.local.supervisor import Service, Supervisor, stop_signals

T = TypeVar("T")

_REVIVE_SECONDS = 1.0
_SEED_STOP_SECONDS = 5.0


class Launcher:
    """One run of the platform on this machine."""

    def __init__(self, settings: PlatformSettings, *, workers: int = 1, seed: bool = True, quiet: bool = False) -> None:
        data_dir = Path(settings.data_dir).absolute()
        self._settings = settings.model_copy(update={"data_dir": data_dir})
        self._servers = ["server"] if workers == 1 else [f"server-{number + 1}" for number in range(workers)]
        self._seed = seed
        self._console = Console(highlight=False)
        self._output = _Output(data_dir / "logs", [*self._servers, "worker", "reservei"], show=not quiet)
        self._lock = FileLock(data_dir / "up.lock")
        self._progress = StepProgress(self._console)
        self._runtime = LocalRuntime(self._settings, on_progress=self._progress.report)
        self._supervisor: Supervisor | None = None
        self._created: list[str] = []
        self._started = time.monotonic()

    async def run(self) -> None:
        """Run until Ctrl-C, SIGTERM or SIGHUP, then stop everything in order.

        Raises ``LocalRuntimeError`` when something does not start or is lost for good.
        """
        self._preflight()
        async with stop_signals(self._stop_at_once) as asked:
            work = asyncio.create_task(self._work())
            stop = asyncio.create_task(asked.wait())
            try:
                await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done():
                    self._console.print("\nStopping; the data stays. Ctrl-C again to stop at once.")
                    work.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await work
            finally:
                stop.cancel()
                await self._stop()

    def _preflight(self) -> None:
        private_directory(self._settings.data_dir)
        if not self._lock.acquire():
            raise LocalRuntimeError(
                f"The platform in {self._settings.data_dir} is already running: {self._lock.holder()}.",
                "Use that one, stop it, or give this one its own --data-dir and --port.",
            )
        busy = []
        for name, port, variable in self._ports():
            if not is_free(port, self._settings.host):
                holder = holder_of(port) or "another program"
                busy.append(f"port {port} ({name}, {variable}) by {holder}")
        if busy:
            self._lock.release()
            raise LocalRuntimeError(
                f"In use: {'; '.join(busy)}.",
                "Stop what holds it, or choose another port with the variable named (--port for the router).",
            )

    def _ports(self) -> list[tuple[str, int, str]]:
        ports = [("router", self._settings.port, "RESERVEI_PORT")]
        return ports + [(domain, domain_port(domain), _port_variable(domain)) for domain in DOMAINS]

    async def _work(self) -> None:
        try:
            with self._progress:
                await _in_thread(self._runtime.start)
                await self._migrate()
                await self._start_services()
        except LocalRuntimeError:
            self._output.show_all()  # what the services wrote says why
            raise
        if self._seed:
            await self._load_demo_market()
        self._print_summary()
        self._output.stream()
        assert self._supervisor is not None
        await _until_one_fails(self._supervisor.wait(), self._keep_servers_alive())

    async def _migrate(self) -> None:
        self._progress.report("schema", "starting", f"databases of {', '.join(DOMAINS)}")
        self._created = await prepare_databases(self._runtime.settings())
        state = f"created {', '.join(self._created)}" if self._created else "up to date"
        self._progress.report("schema", "ready", f"databases of {', '.join(DOMAINS)}: {state}")

    async def _start_services(self) -> None:
        host = "127.0.0.1" if self._settings.host in {"0.0.0.0", "::"} else self._settings.host  # noqa: S104
        environment = self._environment()
        # Several servers listen on the same ports; the kernel spreads the connections over them.
        server = [sys.executable, "-m", "reservei.server", *(["--shared"] if len(self._servers) > 1 else [])]
        ready = HttpReady(f"http://{host}:{self._settings.port}/ready")
        self._supervisor = Supervisor(
            [
                *(Service(name, server, env=environment, ready=ready) for name in self._servers),
                Service("worker", [sys.executable, "-m", "reservei.worker"], env=environment),
            ],
            on_line=self._output.write,
            on_message=lambda message: self._output.write("reservei", message),
        )
        self._progress.report("services", "starting", "router, subgraphs and worker")
        try:
            await self._supervisor.start()
        except LocalRuntimeError as error:
            self._progress.report("services", "failed", error.what)
            raise
        self._progress.report("services", "ready", "router, subgraphs and worker")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self._runtime.environment(),
            "RESERVEI_HOST": self._settings.host,
            "RESERVEI_PORT": str(self._settings.port),
            "PYTHONUNBUFFERED": "1",
        }

    async def _load_demo_market(self) -> None:
        """Run ``reservei seed --if-empty`` with our terminal, so that it can show its own progress.

        It finds out by itself whether there is a market already; a note of that saves the next start two seconds.
        """
        note = self._settings.data_dir / "demo-market"
        market = f"{display(self._runtime.endpoints.database_url)} {self._settings.database_prefix}\n"
        if not self._created and note.exists() and note.read_text(encoding="utf-8") == market:
            return
        command = [sys.executable, "-m", "reservei", "seed", "--if-empty"]
        process = await asyncio.create_subprocess_exec(
            *tied_command(command), env=self._environment(), stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        try:
            if await process.wait() != 0:
                raise LocalRuntimeError(
                    "The demo market could not be loaded; see above.", "Start without it: reservei up --no-seed."
                )
            write_atomically(note, market)
        finally:
            if process.returncode is None:
                process.terminate()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), _SEED_STOP_SECONDS)
            if process.returncode is None:
                process.kill()

    async def _keep_servers_alive(self) -> None:
        while True:
            await asyncio.sleep(_REVIVE_SECONDS)
            for name in await _in_thread(self._runtime.revive):
                self._output.write("reservei", f"{name} had ended; it was started again")

    def _print_summary(self) -> None:
        base = f"http://{self._settings.host}"
        router = f"{base}:{self._settings.port}"
        data = self._settings.data_dir
        rows = [("GraphiQL, router", f"{router}/graphql"), ("dashboard, managers", f"{router}/dashboard")]
        rows += [(f"{domain} subgraph", f"{base}:{domain_port(domain)}/graphql") for domain in DOMAINS]
        rows += [
            ("health, metrics", f"{router}/ready  {router}/metrics"),
            ("sent mail", f"{data / 'mail'}  reservei mail"),
            ("data, logs", f"{data}  {data / 'logs'}"),
        ]
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for name, where in rows:
            table.add_row(f"[bold]{name}[/]", where, style="cyan" if "GraphiQL" in name else "")
        if self._seed:
            table.add_row("")
            for account in DEMO_ACCOUNTS:
                table.add_row(f"[bold]{account.label}[/]", f"{account.email}  {account.password}")
        took = time.monotonic() - self._started
        self._console.print(f"\n[bold green]Reservei is ready[/] ({took:.1f} s). Ctrl-C stops it; the data stays.\n")
        self._console.print(table, soft_wrap=True)
        self._console.print()

    async def _stop(self) -> None:
        if self._supervisor is not None:
            await self._supervisor.stop()
        await _in_thread(self._runtime.stop)
        self._lock.release()
        self._output.close()

    def _stop_at_once(self) -> None:
        if self._supervisor is not None:
            self._supervisor.force()
        # The kernel tells the embedded servers, which end in order; nothing of ours is left to write.
        os._exit(130)


class _Output:
    """The services' lines: always to a file each, and to the terminal once the start has been shown."""

    _KEEP_BYTES = 8 * 1024 * 1024

    def __init__(self, folder: Path, names: Sequence[str], *, show: bool) -> None:
        self._folder = folder
        self._show = show
        self._terminal = PrefixedOutput(sys.stdout, names, colour=sys.stdout.isatty())
        self._files: dict[str, logging.handlers.RotatingFileHandler] = {}
        # What is written while the start is shown; the last of it is shown when that fails.
        self._waiting: deque[tuple[str, str]] | None = deque(maxlen=200)

    def write(self, name: str, line: str) -> None:
        """Take one line of ``name``."""
        if name not in self._files:
            path = private_directory(self._folder) / f"{name}.log"
            self._files[name] = logging.handlers.RotatingFileHandler(path, maxBytes=self._KEEP_BYTES, backupCount=1)
        self._files[name].emit(logging.LogRecord(name, logging.INFO, "", 0, line, None, None))
        if self._waiting is not None:
            self._waiting.append((name, line))
        elif self._show or name == "reservei":
            self._print(name, line)

    def stream(self) -> None:
        """From now on to the terminal, beginning with what has waited."""
        waiting, self._waiting = self._waiting, None
        for name, line in waiting or ():
            if self._show or name == "reservei":
                self._print(name, line)

    def show_all(self) -> None:
        """Show what has waited, even when quiet."""
        self._show = True
        self.stream()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _print(self, name: str, line: str) -> None:
        try:
            self._terminal.write(name, line)
        except BrokenPipeError:
            self._show = False  # such as `reservei up | head`: nobody reads on, the files remain


def _port_variable(domain: str) -> str:
    return f"RESERVEI_{domain.upper()}_PORT"


async def _in_thread(function: Callable[[], T]) -> T:
    """Run ``function`` in a thread to its end, even if we are cancelled meanwhile: half a start cannot be undone."""
    running = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        running.exception()  # whoever is being stopped does not want to know
        raise


async def _until_one_fails(*endless: Coroutine[Any, Any, None]) -> None:
    """Run coroutines that never end, until one raises; that error is ours."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in endless]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
