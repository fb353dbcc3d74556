"""The token of a proposal: whoever confirms has seen exactly these terms, at this price, before it expired."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.config import PlatformSettings
from subgraphs.ai.models.assistant import Proposal

_TAG_BYTES: Final = 16


class ProposalSigner:
    """Signs with a key of its own, derived from the platform's secret key."""

    def __init__(self, platform: PlatformSettings) -> None:
        """Derive the key. Raises ``RuntimeError`` when the platform has no secret key."""
        if platform.secret_key is None:
            raise RuntimeError("RESERVEI_SECRET_KEY is not set.")
        master = platform.secret_key.get_secret_value().encode()
        info = b"reservei ai: proposals"
        self._key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master)

    def token(self, proposal: Proposal) -> str:
        """The token of a proposal: it binds user, kind, terms, price and expiry."""
        return base64.urlsafe_b64encode(proposal.id.bytes + self._tag(proposal)).decode().rstrip("=")

    def is_of(self, token: str, proposal: Proposal) -> bool:
        """Whether ``token`` was made for this proposal as it is stored."""
        raw = _decoded(token)
        return raw is not None and hmac.compare_digest(raw, proposal.id.bytes + self._tag(proposal))

    def _tag(self, proposal: Proposal) -> bytes:
        bound = (
            proposal.id,
            proposal.user_id,
            proposal.kind,
            sorted(proposal.terms.items()),
            proposal.amount_minor,
            proposal.currency,
            round(proposal.expires_at.timestamp() * 1000),
        )
        return hmac.digest(self._key, msgspec.json.encode(bound), hashlib.sha256)[:_TAG_BYTES]


def proposal_id(token: str) -> UUID | None:
    """Which proposal a token is of; ``None`` for what is no token. Prove it with :meth:`ProposalSigner.is_of`."""
    raw = _decoded(token)
    return None if raw is None else UUID(bytes=raw[:16])


def _decoded(token: str) -> bytes | None:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == 16 + _TAG_BYTES else None
