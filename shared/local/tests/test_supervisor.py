"""The supervisor: gates, restarts, stops in order, and leaves no orphan however it ends."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.local.errors import LocalRuntimeError
from shared.local.log_lines import LineAssembler, PrefixedOutput
from shared.local.ports import free_port
from shared.local.readiness import HttpReady
from shared.local.supervisor import RestartPolicy, Service, Supervisor, stop_signals
from shared.local.tests.waiting import alive, wait_until

QUICK = RestartPolicy(quick_failure=600, attempts=3, first_delay=0.01, longest_delay=0.02)

UNTIL_TERM = """
import signal, sys
def leave(*_):
    print("leaving", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("here", flush=True)
signal.pause()
"""

SUPERVISOR = """
import asyncio, sys
from shared.local.supervisor import Service, Supervisor
async def main():
    service = Service("child", [sys.executable, "-S", "-c", "import signal; signal.pause()"])
    supervisor = Supervisor([service], on_line=print, on_message=print)
    await supervisor.start()
    print(supervisor.pid("child"), flush=True)
    await supervisor.wait()
asyncio.run(main())
"""


class Recorder:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.messages: list[str] = []

    def supervise(self, *services: Service, restart: RestartPolicy | None = None) -> Supervisor:
        return Supervisor(
            services,
            on_line=lambda name, line: self.lines.append((name, line)),
            on_message=self.messages.append,
            restart=restart,
        )


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-u", "-c", code]


def start_script(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


async def test_stops_in_the_order_given_and_shows_the_last_lines() -> None:
    seen = Recorder()
    supervisor = seen.supervise(*(Service(name, python(UNTIL_TERM)) for name in ("server", "worker")))
    await supervisor.start()
    await wait_until(lambda: len(seen.lines) == 2)
    await supervisor.stop()
    assert seen.lines[2:] == [("server", "leaving"), ("worker", "leaving")]
    assert supervisor.pid("server") is None


async def test_kill_9_of_the_supervisor_leaves_no_orphan() -> None:
    supervisor = start_script(SUPERVISOR)
    assert supervisor.stdout is not None
    child = int(await asyncio.to_thread(supervisor.stdout.readline))
    assert alive(child)
    supervisor.kill()
    supervisor.communicate()
    await wait_until(lambda: not alive(child))


async def test_waits_until_a_service_answers() -> None:
    port = free_port()
    server = f"""
import time; time.sleep(0.2)
from http.server import HTTPServer, SimpleHTTPRequestHandler
HTTPServer(("127.0.0.1", {port}), SimpleHTTPRequestHandler).serve_forever()
"""
    supervisor = Recorder().supervise(Service("web", python(server), ready=HttpReady(f"http://127.0.0.1:{port}/")))
    assert await HttpReady(f"http://127.0.0.1:{port}/")() is False
    await supervisor.start()
    try:
        assert await HttpReady(f"http://127.0.0.1:{port}/")() is True
        assert await HttpReady(f"http://127.0.0.1:{port}/no-such-page")() is False
    finally:
        await supervisor.stop()


async def test_a_service_that_ends_before_it_is_ready_is_not_restarted() -> None:
    seen = Recorder()
    never = HttpReady("http://127.0.0.1:9/")
    supervisor = seen.supervise(Service("web", python("import sys; print('no database'); sys.exit(3)"), ready=never))
    with pytest.raises(LocalRuntimeError, match="web ended with exit code 3 before it was ready"):
        await supervisor.start()
    await supervisor.stop()
    assert seen.lines == [("web", "no database")]
    assert seen.messages == []


async def test_a_service_that_is_not_ready_in_time_is_reported() -> None:
    supervisor = Recorder().supervise(
        Service("web", python(UNTIL_TERM), ready=HttpReady("http://127.0.0.1:9/"), ready_patience=0.1)
    )
    with pytest.raises(LocalRuntimeError, match="web was not ready after"):
        await supervisor.start()
    await supervisor.stop()


async def test_restarts_a_crashed_service_and_says_so() -> None:
    seen = Recorder()
    supervisor = seen.supervise(Service("worker", python(UNTIL_TERM)), restart=QUICK)
    await supervisor.start()
    try:
        first = supervisor.pid("worker")
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await wait_until(lambda: supervisor.pid("worker") not in {None, first})
        assert seen.messages == ["worker was killed by SIGKILL; starting it again in 0.01 s"]
    finally:
        await supervisor.stop()


async def test_gives_up_a_service_that_keeps_failing(tmp_path: Path) -> None:
    seen = Recorder()
    is_broken = tmp_path / "broken"
    failing = f"""
import os, sys, time
while not os.path.exists({str(is_broken)!r}):
    time.sleep(0.01)
sys.exit(1)
"""
    supervisor = seen.supervise(Service("worker", python(failing)), restart=QUICK)
    await supervisor.start()
    is_broken.touch()
    with pytest.raises(LocalRuntimeError, match="worker ended with exit code 1, 3 times in a row"):
        await asyncio.wait_for(supervisor.wait(), 60)
    await supervisor.stop()
    assert len(seen.messages) == 2


async def test_kills_a_service_that_ignores_sigterm_with_all_its_children() -> None:
    stubborn = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    print(child)
signal.pause()
"""
    seen = Recorder()
    supervisor = seen.supervise(Service("stubborn", python(stubborn), stop_patience=0.1))
    await supervisor.start()
    await wait_until(lambda: len(seen.lines) == 1)
    grandchild = int(seen.lines[0][1])
    await supervisor.stop()
    assert seen.messages == ["stubborn did not stop in 0.1 s; killing it"]
    await wait_until(lambda: not alive(grandchild))


async def test_stops_after_whoever_waited_was_cancelled() -> None:
    supervisor = Recorder().supervise(Service("worker", python(UNTIL_TERM)))
    await supervisor.start()
    waiting = asyncio.create_task(supervisor.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    await supervisor.stop()
    assert supervisor.pid("worker") is None


async def test_force_kills_at_once() -> None:
    supervisor = Recorder().supervise(Service("worker", python(UNTIL_TERM)))
    await supervisor.start()
    pid = supervisor.pid("worker")
    assert pid is not None
    supervisor.force()
    await supervisor.stop()
    assert not alive(pid)


async def test_the_first_signal_asks_to_stop_and_the_second_insists() -> None:
    insisted: list[bool] = []
    async with stop_signals(lambda: insisted.append(True)) as asked:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(asked.wait(), 60)
        os.kill(os.getpid(), signal.SIGHUP)
        assert insisted == []
        os.kill(os.getpid(), signal.SIGINT)
        await wait_until(lambda: insisted == [True])


def test_lines_are_whole_however_the_pipe_cuts_them() -> None:
    assembler = LineAssembler()
    text = "São Paulo\r\n10%\r20%\nlast".encode()
    lines = [line for byte in text for line in assembler.feed(bytes([byte]))]
    assert lines == ["São Paulo", "10%", "20%"]
    assert assembler.finish() == ["last"]
    assert assembler.finish() == []


def test_a_line_without_end_is_cut_and_a_broken_character_is_shown() -> None:
    assembler = LineAssembler()
    assert [len(line) for line in assembler.feed(b"x" * 150_000)] == [65536, 65536]
    assert len(assembler.finish()[0]) == 150_000 - 2 * 65536
    assert LineAssembler().feed(b"\xff\n") == ["�"]


def test_prefixes_are_aligned_and_coloured_on_a_terminal_only() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    PrefixedOutput(plain, ["server", "up"], colour=False).write("up", "hello")
    PrefixedOutput(coloured, ["server", "up"], colour=True).write("up", "hello")
    assert plain.getvalue() == "up     | hello\n"
    assert coloured.getvalue() == "\x1b[35mup     |\x1b[0m hello\n"


async def test_the_environment_and_folder_of_a_service_are_its_own(tmp_path: Path) -> None:
    seen = Recorder()
    report = (
        "import os; print(os.environ['ONLY'], os.getcwd(), os.getsid(0) == os.getpid()); import signal; signal.pause()"
    )
    supervisor = seen.supervise(Service("child", python(report), env={"ONLY": "this"}, cwd=tmp_path))
    await supervisor.start()
    await wait_until(lambda: len(seen.lines) == 1)
    await supervisor.stop()
    assert seen.lines == [("child", f"this {tmp_path} True")]
