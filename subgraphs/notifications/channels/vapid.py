"""The key by which push services know us (RFC 8292)."""

from __future__ import annotations

import base64
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.config import PlatformSettings
from subgraphs.notifications.settings import NotificationsSettings

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5)."""


def vapid_key(platform: PlatformSettings, settings: NotificationsSettings) -> ec.EllipticCurvePrivateKey | None:
    """The configured key, or one derived from the platform's secret key: every process of ours gets the same.

    ``None`` when there is neither; then there is no web push.

    Raises:
        ValueError: the configured key is no P-256 private key.
    """
    if settings.vapid_private_key is not None:
        given = settings.vapid_private_key.get_secret_value()
        number = int.from_bytes(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    elif platform.secret_key is not None:
        # 48 bytes, so that the remainder is as good as evenly spread (FIPS 186-5, appendix A.2.1).
        derived = derived_secret(platform, "web push VAPID", 48)
        number = int.from_bytes(derived) % (_ORDER - 1) + 1
    else:
        return None
    return ec.derive_private_key(number, ec.SECP256R1())


def public_key(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as ``PushManager.subscribe`` takes it: base64url of the uncompressed point."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


def derived_secret(platform: PlatformSettings, purpose: str, length: int = 32) -> bytes:
    """A secret of its own for each purpose, from the platform's secret key. Raises ``RuntimeError`` without one."""
    if platform.secret_key is None:
        raise RuntimeError("RESERVEI_SECRET_KEY is not set.")
    master = platform.secret_key.get_secret_value().encode()
    info = f"reservei notifications: {purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(master)
