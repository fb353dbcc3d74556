"""Signatures of the sandbox's webhooks: ``t=<unix seconds>,v1=<HMAC-SHA256 of "<unix seconds>.<body>">``."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final

from subgraphs.bookings.payments.provider import InvalidWebhook

HEADER: Final = "sandbox-signature"
TOLERANCE: Final = timedelta(minutes=5)
"""A signature that is older, or this far in the future, is refused, so that an overheard request cannot be replayed."""


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The header's value for ``body``."""
    seconds = int(now.timestamp())
    return f"t={seconds},v1={_digest(secret, seconds, body)}"


def verify(secret: str, header: str | None, body: bytes, now: datetime) -> None:
    """Raise :class:`InvalidWebhook` unless ``header`` signs ``body`` and is fresh."""
    if header is None:
        raise InvalidWebhook("it is not signed")
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    try:
        seconds = int(parts["t"])
        signed_at = datetime.fromtimestamp(seconds, UTC)
        given = parts["v1"]
    except (KeyError, ValueError, OverflowError, OSError):
        raise InvalidWebhook("the signature is not readable") from None
    # Bytes, because compare_digest refuses other than ASCII in text.
    if not hmac.compare_digest(_digest(secret, seconds, body).encode(), given.encode()):
        raise InvalidWebhook("the signature is wrong")
    if abs(now - signed_at) > TOLERANCE:
        raise InvalidWebhook("the signature is too old")


def _digest(secret: str, seconds: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
