"""Mail: composed from words, sent by SMTP, or written to a folder where it can be read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, getaddresses, make_msgid, parseaddr
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from shared.config import PlatformSettings
from shared.messaging.envelope import MailEnvelope

SMTP_TIMEOUT_SECONDS = 20
"""For each answer of the server."""
_SIGNED_HEADERS = (
    b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"content-transfer-encoding",
    b"content-language", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""What DKIM protects. RFC 8058 demands it of the last two."""


class Mailer(Protocol):
    """Sends one message, or raises."""

    async def send(self, message: EmailMessage) -> None:
        """Returns when the next hop has taken responsibility for the message."""
        ...


class FolderMailer:
    """The embedded default: each mail becomes an ``.eml`` file, which any mail program opens; its HTML lies beside.

    The file is named after the Message-ID, so a message that is sent again is still one file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        html = message.get_body(("html",))
        if html is not None:
            self._write(f"{name}.html", html.get_content().encode())
        self._write(f"{name}.eml", bytes(message))

    def _write(self, name: str, content: bytes) -> None:
        partial = self._folder / f".{name}.part"
        partial.write_bytes(content)
        partial.rename(self._folder / name)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What our mails are signed with (RFC 6376); the public half is in DNS, at ``<selector>._domainkey.<domain>``."""

    domain: str
    selector: str
    private_key: bytes
    """PEM, RSA."""

    def sign(self, message: bytes) -> bytes:
        """The message with its signature before it. Raises ``dkim.DKIMException`` for a key that is none."""
        import dkim

        signature: bytes = dkim.sign(
            message,
            self.selector.encode(),
            self.domain.encode(),
            self.private_key,
            # Relays fold headers anew and trim line ends.
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=list(_SIGNED_HEADERS),
        )
        return signature + message


class SmtpMailer:
    """Sends through an SMTP server: ``smtp://user:secret@host:587`` or ``smtps://user:secret@host``."""

    def __init__(
        self,
        url: str,
        *,
        starttls: Literal["auto", "require", "never"] = "auto",
        dkim_key: DkimKey | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Prepare without connecting.

        Args:
            url: The server. ``smtps`` is TLS from the first byte.
            starttls: ``auto`` encrypts when the server offers it, and refuses to send a password in the clear.
            dkim_key: Signs every message.
            tls_context: What certificates are believed; by default those of the system.
        """
        self._parts = urlsplit(url)
        self._dkim_key = dkim_key
        self._tls_context = tls_context
        needs_tls = starttls == "require" or (starttls == "auto" and self._parts.username is not None)
        self._start_tls = False if starttls == "never" else (True if needs_tls else None)

    async def send(self, message: EmailMessage) -> None:
        parts = self._parts
        is_tls = parts.scheme == "smtps"
        # As the very bytes that are signed: whoever flattens it again might fold a header elsewhere.
        content = message.as_bytes(policy=policy.SMTP)
        if self._dkim_key is not None:
            content = self._dkim_key.sign(content)
        await aiosmtplib.send(
            content,
            sender=parseaddr(str(message["From"]))[1],
            recipients=[address for _, address in getaddresses([str(message["To"])])],
            hostname=parts.hostname or "localhost",
            port=parts.port or (465 if is_tls else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=is_tls,
            start_tls=False if is_tls else self._start_tls,
            tls_context=self._tls_context,
            timeout=SMTP_TIMEOUT_SECONDS,
        )


def open_mailer(settings: PlatformSettings) -> Mailer:
    """The mailer that the settings ask for: SMTP, or the folder ``mail`` of the data directory.

    Raises:
        OSError: the DKIM key cannot be read.
    """
    if settings.smtp_url is None:
        return FolderMailer(settings.data_dir / "mail")
    dkim_key = None
    if settings.dkim_key_file is not None:
        domain = settings.dkim_domain or parseaddr(settings.mail_from)[1].rpartition("@")[2]
        dkim_key = DkimKey(domain, settings.dkim_selector, settings.dkim_key_file.read_bytes())
    return SmtpMailer(settings.smtp_url, starttls=settings.smtp_starttls, dkim_key=dkim_key)


def compose(
    *,
    sender: str,
    to: str,
    subject: str,
    text: str,
    locale: str,
    html: str | None = None,
    message_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> EmailMessage:
    """A mail, of plain text or of text and HTML.

    Args:
        sender: ``Name <address>``.
        to: The recipient's address.
        subject: One line.
        text: The plain text.
        locale: Its language.
        html: The same as HTML; styles in ``<style>`` are moved to the elements, where every mail program sees them.
        message_id: Keep it when a message may have to be sent again, so that mailboxes can tell.
        headers: More of them.
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = message_id or make_msgid(domain="reservei.local")
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(text)
    if html is not None:
        import css_inline

        message.add_alternative(css_inline.inline(html, load_remote_stylesheets=False), subtype="html")
    message["Content-Language"] = locale  # last: whoever sets the content drops what was said of it
    return message


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
        return compose(sender=sender, to=mail.to, subject=subject, text=body.lstrip("\n"), locale=mail.locale)
