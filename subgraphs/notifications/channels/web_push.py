"""Web push: encrypted for the browser (RFC 8291), signed by us (RFC 8292), posted to its push service (RFC 8030)."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from subgraphs.notifications.channels.port import Address, NotNow, Outgoing, Refused, Unanswered
from subgraphs.notifications.channels.sms import retry_after
from subgraphs.notifications.kinds import Priority

_TIMEOUT: Final = aiohttp.ClientTimeout(total=15)
_TOKEN_SECONDS: Final = 12 * 3600
"""RFC 8292 allows 24 hours."""
_RENEW_SECONDS: Final = 3600
LONGEST_BODY: Final = 1000
"""Characters. A push service takes 4096 bytes, encrypted."""
_URGENCY: Final = {
    Priority.SECURITY: "high",
    Priority.TRANSACTIONAL: "high",
    Priority.SOCIAL: "normal",
    Priority.CAMPAIGN: "low",
}


class WebPush:
    """Any push service. A message that is sent twice is shown once: it carries its own topic and tag."""

    name = "web-push"

    def __init__(
        self, session: aiohttp.ClientSession, *, key: ec.EllipticCurvePrivateKey, subject: str, ttl_seconds: int = 86400
    ) -> None:
        """Prepare without connecting.

        Args:
            session: For the calls.
            key: The VAPID key.
            subject: Whom push services write to.
            ttl_seconds: How long a service keeps a message for a browser that is away.
        """
        self._session = session
        self._key = key
        self._subject = subject
        self._ttl = ttl_seconds
        self._tokens: dict[str, tuple[float, dict[str, str]]] = {}

    def lane(self, address: Address) -> str:
        """The push service."""
        assert address.push is not None
        return f"push:{urlsplit(address.push.endpoint).netloc}"

    async def send(self, message: Outgoing) -> str | None:
        """Send to one browser."""
        browser = message.address.push
        assert browser is not None
        from pywebpush import WebPusher  # imports an HTTP client of its own, which takes memory and is not used

        pusher = WebPusher({"endpoint": browser.endpoint, "keys": {"p256dh": browser.p256dh, "auth": browser.auth}})
        body = pusher.encode(_payload(message), "aes128gcm")["body"]
        headers = {
            **self._authorization(browser.endpoint),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(self._ttl),
            "Urgency": _URGENCY[message.priority],
            # At most 32 characters of base64url: a later message of the same topic replaces one not yet delivered.
            "Topic": message.notification_id.hex,
        }
        try:
            async with self._session.post(
                browser.endpoint, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                text = (await response.text())[:200]
        except aiohttp.ClientConnectorError as error:
            raise NotNow(repr(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unanswered(repr(error)) from error
        reason = f"{response.status} {text}".strip()
        if response.status in {200, 201, 202}:
            return response.headers.get("location")
        if response.status == 429 or response.status >= 500:
            raise NotNow(reason, retry_after=retry_after(response.headers.get("retry-after")))
        # 404 and 410: the browser has gone, and says so for ever (RFC 8030, section 7.3).
        raise Refused(reason, is_address_dead=response.status in {404, 410})

    def _authorization(self, endpoint: str) -> dict[str, str]:
        """A token for the push service; good for half a day, so one signature serves many messages."""
        from py_vapid import Vapid02

        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        now = time.time()
        made = self._tokens.get(audience)
        if made is None or made[0] - now < _RENEW_SECONDS:
            expires = now + _TOKEN_SECONDS
            claims = {"aud": audience, "exp": int(expires), "sub": self._subject}
            made = self._tokens[audience] = (expires, Vapid02(private_key=self._key).sign(claims))
        return made[1]


def _payload(message: Outgoing) -> bytes:
    body = message.words.short
    return orjson.dumps(
        {
            "title": message.words.title,
            "body": body if len(body) <= LONGEST_BODY else f"{body[: LONGEST_BODY - 1]}…",
            # Shown in place of one with the same tag.
            "tag": str(message.notification_id),
            "kind": message.kind,
            "url": message.link,
            "lang": message.language,
        }
    )
