"""``reservei up``: refuses with one clear line, stops every child, and keeps all data for the next time."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from reservei.cli._launcher import Launcher, _Output
from reservei.cli._progress import StepProgress
from reservei.domains import DOMAINS
from shared.config import PlatformSettings
from shared.local.errors import LocalRuntimeError
from shared.local.files import FileLock
from shared.local.ports import free_port


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlatformSettings:
    for variable in [name for name in os.environ if name.startswith("RESERVEI_")]:
        monkeypatch.delenv(variable)
    ports: set[int] = set()
    while len(ports) <= len(DOMAINS):
        ports.add(free_port())
    for domain in DOMAINS:
        monkeypatch.setenv(f"RESERVEI_{domain.upper()}_PORT", str(ports.pop()))
    return PlatformSettings(data_dir=tmp_path / "data", port=ports.pop())


async def test_a_port_in_use_names_the_program_and_the_variable(
    settings: PlatformSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rival:
        taken = rival.getsockname()[1]
        monkeypatch.setenv("RESERVEI_HOTELS_PORT", str(taken))
        with pytest.raises(LocalRuntimeError) as caught:
            await Launcher(settings).run()
    assert re.search(rf"port {taken} \(hotels, RESERVEI_HOTELS_PORT\) by .*pid {os.getpid()}", caught.value.what)
    assert FileLock(settings.data_dir / "up.lock").acquire(), "a start that was refused leaves no lock"


async def test_a_second_up_on_the_same_data_says_who_runs_the_first(settings: PlatformSettings) -> None:
    first = FileLock(settings.data_dir / "up.lock")
    refused = pytest.raises(LocalRuntimeError, match=rf"already running: pid {os.getpid()} ")
    with first, refused:
        await Launcher(settings).run()


async def test_a_server_that_cannot_be_reached_ends_the_start(settings: PlatformSettings) -> None:
    dead = settings.model_copy(update={"database_url": "postgresql://u:secret@127.0.0.1:9/postgres"})
    with pytest.raises(LocalRuntimeError, match=r"Cannot reach PostgreSQL at postgresql://127\.0\.0\.1:9"):
        await Launcher(dead).run()


def test_progress_is_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with StepProgress(Console(file=stream, width=200)) as progress:
        progress.report("database", "starting", "")
        progress.report("database", "ready", "PostgreSQL [embedded]")
        progress.report("cache", "failed", "no [red]luck")
    assert stream.getvalue().splitlines() == [
        "database        ready     PostgreSQL [embedded]",
        "cache           failed    no [red]luck",
    ]


def test_progress_is_a_live_list_on_a_terminal() -> None:
    stream = io.StringIO()
    with StepProgress(Console(file=stream, width=80, force_terminal=True)) as progress:
        progress.report("database", "starting", "")
        progress.report("database", "ready", "PostgreSQL [embedded]")
    final_frame = Console(file=io.StringIO()).render_str(stream.getvalue(), markup=False).plain
    assert "✓" in final_frame
    assert "PostgreSQL [embedded]" in final_frame


def test_lines_wait_for_the_start_and_are_in_files_even_when_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = _Output(tmp_path, ["server", "reservei"], show=False)
    output.write("server", "listening on %s")
    assert capsys.readouterr().out == ""
    output.stream()
    output.write("server", "more")
    output.write("reservei", "server ended; starting it again")
    assert capsys.readouterr().out == "reservei | server ended; starting it again\n"
    output.close()
    assert (tmp_path / "server.log").read_text() == "listening on %s\nmore\n"


def _start(settings: PlatformSettings) -> subprocess.Popen[str]:
    environment = os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "reservei", "up", "--no-seed"]
    command += ["--data-dir", str(settings.data_dir), "--port", str(settings.port)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, start_new_session=True
    )


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    pytest.fail(f"it ended without {text!r}:\n{seen}")


@pytest.mark.system
@pytest.mark.timeout(400)
async def test_every_end_leaves_no_process_and_the_data_for_a_second_start(settings: PlatformSettings) -> None:
    """``kill -9``, a second start on what that left behind, and Ctrl-C."""
    for number, expected in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 0)):
        process = await asyncio.to_thread(_start, settings)
        try:
            shown = await asyncio.to_thread(_read_until, process, "data, logs")
            assert f"http://127.0.0.1:{settings.port}/graphql" in shown
            children = psutil.Process(process.pid).children(recursive=True)
            assert len(children) >= 4, "PostgreSQL, Valkey, server and worker"
            if number is signal.SIGINT:
                assert "up to date" in shown, "the databases of the first start are still there"
            process.send_signal(number)
            await asyncio.to_thread(process.communicate, timeout=90)
            assert process.returncode == expected
            assert psutil.wait_procs(children, timeout=90)[1] == []
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
