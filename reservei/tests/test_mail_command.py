"""``reservei mail`` shows what the embedded platform has sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from reservei.cli.mail import mail
from shared.config import platform_settings
from shared.local.errors import LocalRuntimeError
from shared.messaging.mail import FolderMailer, compose

app = typer.Typer()
app.command()(mail)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a platform with three mails."""
    monkeypatch.setenv("RESERVEI_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("RESERVEI_SMTP_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    platform_settings.cache_clear()
    yield tmp_path / "mail"
    platform_settings.cache_clear()


async def _send(folder: Path, number: int, to: str, html: str | None = None) -> None:
    message = compose(
        sender="Reservei <no-reply@reservei.local>", to=to, subject=f"Olá {number}", text=f"Número [bold]{number}",
        html=html, locale="pt-BR", message_id=f"<m{number}@reservei.local>",
    )  # fmt: skip
    await FolderMailer(folder).send(message)
    os.utime(folder / f"m{number}.eml", (1_800_000_000 + number, 1_800_000_000 + number))


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


async def test_mails_are_listed_the_newest_first(folder: Path) -> None:
    for number in (1, 2, 3):
        await _send(folder, number, f"ana{number % 2}@example.com")
    lines = [line for line in _run().output.splitlines() if "Olá" in line]
    assert ["Olá 3" in lines[0], "Olá 2" in lines[1], "Olá 1" in lines[2]] == [True] * 3
    assert _run("--limit", "1").output.count("Olá") == 1
    assert _run("--to", "ANA0").output.count("Olá") == 1


async def test_the_newest_is_printed_with_its_html_beside(folder: Path) -> None:
    await _send(folder, 1, "ana@example.com", html="<p>Oi</p>")
    await _send(folder, 2, "bia@example.com")
    output = _run("--latest", "--to", "ana").output
    assert "Subject: Olá 1" in output
    assert "Número [bold]1" in output
    assert str(folder / "m1.html") in output
    assert "HTML:" not in _run("--latest").output


def test_no_mail_is_no_error(folder: Path) -> None:
    result = _run()
    assert result.exit_code == 0
    assert "No mail" in result.output


def test_mail_that_goes_out_is_not_looked_for_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESERVEI_SMTP_URL", "smtp://mail.example")
    platform_settings.cache_clear()
    assert isinstance(_run().exception, LocalRuntimeError)
