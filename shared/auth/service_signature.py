"""Calls between our own processes carry a signature, so that a subgraph can refuse everybody else.

Header ``x-reservei-signature: t=<unix seconds>,v1=<hex>`` with ``v1 = HMAC-SHA256(secret, "<t>." + body)``; the scheme
is the one of Stripe's webhooks. For a WebSocket handshake, which has no body, the request path is signed.
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256

HEADER = "x-reservei-signature"
TOLERANCE_SECONDS = 60
"""How far the two clocks may differ, and how long a captured call could be replayed."""

_FORMAT = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


class InvalidSignature(Exception):
    """The call was not signed by one of our services; the message says what is wrong with it."""


def sign(secret: str, body: bytes, now: float) -> str:
    """The header's value for ``body`` at unix time ``now``."""
    timestamp = int(now)
    return f"t={timestamp},v1={_digest(secret, timestamp, body)}"


def verify(secret: str, header: str | None, body: bytes, now: float) -> None:
    """Accept ``header`` for ``body``, or raise :class:`InvalidSignature`."""
    match = _FORMAT.fullmatch(header or "")
    if match is None:
        raise InvalidSignature("no signature")
    timestamp = int(match[1])
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise InvalidSignature("the signature is too old")
    if not hmac.compare_digest(match[2], _digest(secret, timestamp, body)):
        raise InvalidSignature("the signature does not fit the call")


def _digest(secret: str, timestamp: int, body: bytes) -> str:
    return hmac.new(secret.encode(), b"%d." % timestamp + body, sha256).hexdigest()
