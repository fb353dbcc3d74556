"""SMS: through Twilio's HTTP API, or into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import aiohttp
import orjson

from subgraphs.notifications.channels.port import Address, NotNow, Outgoing, Refused, Unanswered

LONGEST: Final = 320
"""Characters: two or three parts, depending on accents."""
_DEAD_NUMBERS: Final = frozenset({21211, 21217, 21401, 21407, 21610, 21614})
"""Twilio's codes for numbers that do not exist, take no SMS, or have asked for none."""
_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)


def text_of(message: Outgoing) -> str:
    """The words of an SMS."""
    text = f"Reservei: {message.words.title}. {message.words.short}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


class FolderSms:
    """The embedded default: each SMS becomes a file, named after its delivery."""

    name = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lane(self, address: Address) -> str:  # noqa: ARG002
        """One for all."""
        return "sms"

    async def send(self, message: Outgoing) -> str | None:
        """Write the SMS."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{message.delivery_id}.part"
        partial.write_text(f"To: {message.address.phone}\n\n{text_of(message)}\n", encoding="utf-8")
        partial.rename(self._folder / f"{message.delivery_id}.txt")
        return None


class TwilioSms:
    """Twilio's Programmable Messaging API, or one that speaks like it.

    It knows no idempotency key, so an answer that never came leaves the message's fate open.
    """

    name = "twilio"

    def __init__(self, session: aiohttp.ClientSession, *, url: str, account: str, token: str, sender: str) -> None:
        """Prepare without connecting.

        Args:
            session: For the calls.
            url: Of the API.
            account: Account SID.
            token: Auth token.
            sender: A number, or the SID of a messaging service.
        """
        self._session = session
        self._url = f"{url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(account, token)}
        self._sender = {"MessagingServiceSid" if sender.startswith("MG") else "From": sender}

    def lane(self, address: Address) -> str:  # noqa: ARG002
        """One for all."""
        return "sms"

    async def send(self, message: Outgoing) -> str | None:
        """Send an SMS; return its SID."""
        form = {"To": message.address.phone or "", "Body": text_of(message), **self._sender}
        try:
            async with self._session.post(
                self._url, data=form, headers=self._headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                body = await response.read()
        except aiohttp.ClientConnectorError as error:
            raise NotNow(repr(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unanswered(repr(error)) from error
        answer = _json(body)
        if response.status in {200, 201}:
            return str(answer.get("sid") or "") or None
        reason = f"{response.status} {answer.get('code', '')} {answer.get('message', '')}".strip()
        if response.status in {429, 503}:
            raise NotNow(reason, retry_after=retry_after(response.headers.get("retry-after")))
        if response.status >= 500:
            raise Unanswered(reason)
        if response.status in {401, 403}:
            raise NotNow(reason)  # our credentials, not the message's fault
        raise Refused(reason, is_address_dead=answer.get("code") in _DEAD_NUMBERS)


def retry_after(value: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header; dates, which nobody sends here, count as absent."""
    return float(value) if value is not None and value.isdecimal() else None


def _json(body: bytes) -> dict[str, object]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
