"""``reservei mail``: the mails that the embedded platform has sent, for it sends them into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from shared.local.errors import LocalRuntimeError

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from rich.console import Console


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail in the folder."""

    path: Path
    message: EmailMessage
    stored_at: datetime

    @property
    def html_path(self) -> Path | None:
        """Its HTML, where it has any."""
        path = self.path.with_suffix(".html")
        return path if path.exists() else None


def mail(
    latest: Annotated[bool, typer.Option("--latest", help="Print the newest mail instead of listing them.")] = False,
    to: Annotated[str | None, typer.Option(help="Only mails whose recipient contains this.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the newest mail's HTML in the browser.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to list.")] = 20,
) -> None:
    """Show the mails that were sent on this development machine, the newest first."""
    from rich.console import Console

    from shared.config import platform_settings

    settings = platform_settings()
    if settings.smtp_url is not None:
        raise LocalRuntimeError(
            "RESERVEI_SMTP_URL is set, so mails go out and are not kept here.",
            "Unset it to have them written to files.",
        )
    folder = settings.data_dir / "mail"
    mails = stored_mails(folder, to=to)
    if not mails:
        typer.echo(f"No mail{'' if to is None else f' to {to}'} in {folder} yet.")
        return
    console = Console(soft_wrap=True, highlight=False)
    if show:
        newest = mails[0]
        typer.launch(str(newest.html_path or newest.path))
    if latest:
        _print(console, mails[0])
    elif not show:
        _list(console, mails[:limit])


def stored_mails(folder: Path, *, to: str | None = None) -> list[StoredMail]:
    """The mails in ``folder``, the newest first; those of one recipient, when given."""
    from datetime import UTC
    from email import message_from_bytes, policy

    found = []
    for path in folder.glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if to is None or to.lower() in str(message["To"]).lower():
            found.append(StoredMail(path, message, datetime.fromtimestamp(path.stat().st_mtime, UTC)))
    return sorted(found, key=lambda stored: (stored.stored_at, stored.path.name), reverse=True)


def _list(console: Console, mails: list[StoredMail]) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table("Sent", "To", "Subject", "File")
    for stored in mails:
        table.add_row(
            f"{stored.stored_at.astimezone():%Y-%m-%d %H:%M:%S}",
            escape(str(stored.message["To"])),
            escape(str(stored.message["Subject"])),
            escape(stored.path.name),
        )
    console.print(table)


def _print(console: Console, stored: StoredMail) -> None:
    from rich.text import Text

    for name in ("From", "To", "Subject", "Date"):
        console.print(Text.assemble((f"{name + ':':<9}", "bold"), str(stored.message[name])))
    body = stored.message.get_body(("plain", "html"))
    console.print()
    console.print(Text("" if body is None else str(body.get_content()).strip()))
    console.print()
    console.print(Text(f"File: {stored.path}"))
    if stored.html_path is not None:
        console.print(Text(f"HTML: {stored.html_path}"))
