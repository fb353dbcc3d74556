"""What the mail provider reports afterwards: mails that came back, and complaints."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final, Literal

import msgspec

from shared.db import WriteSession
from subgraphs.notifications.kinds import Channel
from subgraphs.notifications.repository import contacts, deliveries
from subgraphs.notifications.secrets import Secrets

SIGNATURE_HEADER: Final = "reservei-signature"
TOLERANCE_SECONDS: Final = 300
"""How old a report may be, so that an overheard one cannot be told again later."""


class InvalidReport(Exception):
    """The report is not believed, or is not one."""


class MailReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mail after it was sent."""

    id: str
    """The provider's own; a report that comes again changes nothing."""
    type: Literal["bounce", "complaint"]
    message_id: str
    """As it was in the mail, with its angle brackets or without."""
    is_permanent: bool = True
    """Of a bounce: whether the mailbox will never take anything."""
    address: str | None = None
    """Whose mailbox; without it, the one of the account."""
    reason: str = ""


def read_report(secret: bytes, signature: str, body: bytes, now: datetime) -> MailReport:
    """A report that is signed with ``secret``: ``t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">``.

    Raises:
        InvalidReport: the signature is wrong or too old, or the body is no report.
    """
    parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
    stamp, given = parts.get("t", ""), parts.get("v1", "")
    expected = hmac.digest(secret, stamp.encode() + b"." + body, hashlib.sha256).hex()
    if not stamp.isascii() or not stamp.isdecimal() or not hmac.compare_digest(given.encode(), expected.encode()):
        raise InvalidReport("the signature is wrong")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise InvalidReport("the signature is too old")
    try:
        report = msgspec.json.decode(body, type=MailReport)
    except msgspec.MsgspecError as error:
        raise InvalidReport(f"the body is no report: {error}") from error
    if not 1 <= len(report.id) <= 100:
        raise InvalidReport("an id has 1 to 100 characters")
    return report


async def apply(session: WriteSession, report: MailReport, secrets: Secrets, now: datetime) -> bool:
    """Note what a report says, and write no more to a mailbox that is gone or complained.

    ``False`` when it came before, or is about a mail that is not ours (any more).
    """
    if not await deliveries.add_report_if_new(session, "mail", report.id):
        return False
    message_id = f"<{report.message_id.strip('<>')}>"
    delivery = await deliveries.bounce(session, message_id, now, f"{report.type}: {report.reason}"[:500])
    if delivery is None:
        return False
    if report.type == "complaint" or report.is_permanent:
        address = report.address
        if address is None:
            contact = await contacts.get(session, delivery.user_id)
            address = None if contact is None else contact.email
        if address is not None:
            await deliveries.suppress(
                session, Channel.EMAIL, secrets.address_digest(Channel.EMAIL, address), report.type
            )
    return True
