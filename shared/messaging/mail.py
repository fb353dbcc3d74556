"""Mail: rendered from a domain's templates, sent by SMTP, or written to a folder where it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from shared.messaging.envelope import MailEnvelope


class Mailer(Protocol):
    """Sends one message, or raises."""

    async def send(self, message: EmailMessage) -> None:
        """Returns when the next hop has taken responsibility for the message."""
        ...


class FolderMailer:
    """The embedded default: each mail becomes an ``.eml`` file, which any mail program opens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        partial = self._folder / f".{name}.part"
        partial.write_bytes(bytes(message))
        partial.rename(self._folder / f"{name}.eml")


class SmtpMailer:
    """Sends through an SMTP server: ``smtp://user:secret@host:587`` (STARTTLS when offered) or ``smtps://``."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)

    async def send(self, message: EmailMessage) -> None:
        parts = self._parts
        await aiosmtplib.send(
            message,
            hostname=parts.hostname or "localhost",
            port=parts.port or (465 if parts.scheme == "smtps" else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            timeout=20,
        )


class MailTemplates:
    """Templates by domain: ``users/verify_email`` is ``<folder of users>/verify_email.<locale>.txt.j2``.

    The first line of a rendered template is the subject, the rest after a blank line the text.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._environment = Environment(
            loader=PrefixLoader({domain: FileSystemLoader(folder) for domain, folder in folders.items()}),
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  # plain text; there is nothing to escape for
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, mail: MailEnvelope, *, sender: str) -> EmailMessage:
        """The message for ``mail``. Raises ``jinja2.TemplateError`` when a template or a value is missing."""
        text = self._environment.get_template(f"{mail.template}.{mail.locale}.txt.j2").render(mail.context)
        subject, _, body = text.partition("\n")
        message = EmailMessage()
        message["From"] = sender
        message["To"] = mail.to
        message["Subject"] = " ".join(subject.split())
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="reservei.local")
        message["Content-Language"] = mail.locale
        message.set_content(body.lstrip("\n"))
        return message
