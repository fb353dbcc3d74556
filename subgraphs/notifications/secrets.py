"""What this domain signs for itself: unsubscribe links, and the digests under which dead addresses are remembered."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from shared.config import PlatformSettings
from subgraphs.notifications.channels.vapid import derived_secret
from subgraphs.notifications.kinds import Channel, Kind

_TAG_BYTES = 16


class Secrets:
    """Keys derived from the platform's secret key, one for each purpose."""

    def __init__(self, platform: PlatformSettings) -> None:
        """Derive them. Raises ``RuntimeError`` when the platform has no secret key."""
        self._links = derived_secret(platform, "unsubscribe links")
        self._addresses = derived_secret(platform, "suppressed addresses")

    def unsubscribe_token(self, user_id: UUID, kind: Kind, channel: Channel) -> str:
        """Lets whoever has it switch this one thing off. It does not expire: mails are read years later."""
        body = user_id.bytes + f"{kind}:{channel}".encode()
        return base64.urlsafe_b64encode(self._tag(body) + body).decode().rstrip("=")

    def read_unsubscribe_token(self, token: str) -> tuple[UUID, Kind, Channel] | None:
        """What a token is about; ``None`` for one that we did not make."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        tag, body = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(body)):
            return None
        kind, _, channel = body[16:].decode().partition(":")
        return UUID(bytes=body[:16]), Kind(kind), Channel(channel)

    def address_digest(self, channel: Channel, address: str) -> str:
        """How a suppressed address is remembered: without the key nobody can tell which it was."""
        text = f"{channel}:{address.strip().lower()}"
        return hmac.digest(self._addresses, text.encode(), hashlib.sha256).hex()

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._links, body, hashlib.sha256)[:_TAG_BYTES]
