"""Mail: text and HTML, over the platform's mailer."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Final

import aiosmtplib

from shared.messaging.mail import FolderMailer, Mailer, compose
from subgraphs.notifications.channels.port import Address, NotNow, Outgoing, Refused, Unanswered
from subgraphs.notifications.kinds import Priority
from subgraphs.notifications.words import Language, greeting, mail_html, mail_text

_FOOTER: Final = {
    "en": "You get this mail because you have an account at Reservei.",
    "pt-BR": "Você recebe este e-mail porque tem uma conta na Reservei.",
}
_UNSUBSCRIBE: Final = {"en": "Unsubscribe: {url}", "pt-BR": "Não receber mais: {url}"}
_NO_SUCH_MAILBOX: Final = frozenset({550, 551, 553})


class EmailProvider:
    """Mail by SMTP, or into the local folder."""

    def __init__(self, mailer: Mailer, *, sender: str) -> None:
        self._mailer = mailer
        self._sender = sender
        self._domain = parseaddr(sender)[1].rpartition("@")[2] or "reservei.local"

    @property
    def name(self) -> str:
        """What the mailer is."""
        return "folder" if isinstance(self._mailer, FolderMailer) else "smtp"

    def lane(self, address: Address) -> str:  # noqa: ARG002  # all mail goes over one server
        """One for all."""
        return self.name

    async def send(self, message: Outgoing) -> str | None:
        """Send a mail. Its Message-ID is the delivery's, so that a repetition can be told from a second message."""
        address = message.address.email
        assert address is not None
        footer = _footer(message)
        hello = greeting(message.language, message.recipient_name)
        link = message.link if message.words.action else None
        message_id = f"<{message.delivery_id}@{self._domain}>"
        mail = compose(
            sender=self._sender,
            to=address,
            subject=message.words.title,
            text=mail_text(message.words, greeting=hello, link=link, footer=footer),
            html=mail_html(
                message.words, language=message.language, greeting=hello, link=link, footer=footer,
                unsubscribe_url=message.unsubscribe_url,
            ),
            locale=message.language,
            message_id=message_id,
            headers=_headers(message),
        )  # fmt: skip
        try:
            await self._mailer.send(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _recipients(error) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise NotNow(f"{error.code} {error.message}") from error  # ours to mend, not the message's fault
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code, error.message) from error
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPNotSupported, ConnectionRefusedError) as error:
            raise NotNow(repr(error)) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # The connection broke under way: before the message was given, or between its end and the answer.
            raise Unanswered(repr(error)) from error
        return message_id


def _headers(message: Outgoing) -> dict[str, str]:
    headers = dict(message.headers)
    # So that nobody's out-of-office answers (RFC 3834).
    headers["Auto-Submitted"] = "auto-generated"
    if message.priority is Priority.CAMPAIGN:
        headers["Precedence"] = "bulk"
    if message.unsubscribe_url is not None:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _footer(message: Outgoing) -> str:
    language: Language = message.language
    if message.unsubscribe_url is None:
        return _FOOTER[language]
    return f"{_FOOTER[language]}\n{_UNSUBSCRIBE[language].format(url=message.unsubscribe_url)}"


def _recipients(error: aiosmtplib.SMTPRecipientsRefused) -> Exception:
    first = error.recipients[0]
    return _answered(first.code, first.message)


def _answered(code: int, text: str) -> Exception:
    """What an SMTP reply means: 4yz not now, 5yz never (RFC 5321, section 4.2.1)."""
    reason = f"{code} {text}"
    if 400 <= code < 500:
        return NotNow(reason)
    return Refused(reason, is_address_dead=code in _NO_SUCH_MAILBOX)
