"""Ed25519 keys: how they are made, kept sealed at rest, shown to verifiers, and found by the process that signs."""

from __future__ import annotations

import asyncio
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.exc import SQLAlchemyError

from shared.auth import KeySetUnavailable
from shared.config import PlatformSettings
from shared.db import Database, utc_now
from subgraphs.users.models import SigningKey
from subgraphs.users.repository import signing_keys as repository

_NONCE_BYTES: Final = 12
_RELOAD_AFTER: Final = timedelta(seconds=30)
"""Far below the time that a key is published before it signs, so that every process knows it in time."""


class WrongSecretKey(RuntimeError):
    """The keys in the database were sealed under another secret key."""

    def __init__(self) -> None:
        super().__init__(
            "RESERVEI_SECRET_KEY does not open the signing keys in the users database. Set its former value. If that "
            "is lost, withdraw the keys with `subgraphs.users.service.keys.replace_all`: sessions go on, access "
            "tokens end."
        )


@dataclass(frozen=True, slots=True)
class SigningKeyPair:
    """A key, open for signing."""

    kid: str
    private_key: Ed25519PrivateKey


class KeyVault:
    """Seals private keys with AES-256-GCM, under a key derived from the platform's secret key."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"reservei/users/signing-keys/v1")
        self._cipher = AESGCM(derived.derive(secret_key.encode()))

    @classmethod
    def of(cls, settings: PlatformSettings) -> KeyVault:
        """The vault of this platform. Raises ``RuntimeError`` when no secret key is set."""
        if settings.secret_key is None:
            raise RuntimeError(
                "RESERVEI_SECRET_KEY is not set, so signing keys cannot be sealed. Start with `reservei up`, which "
                "makes one, or set it to 32 random characters or more."
            )
        return cls(settings.secret_key.get_secret_value())

    def create(self, *, now: datetime, signs_from: datetime) -> SigningKey:
        """A new key that will sign from ``signs_from`` on, with its private half sealed."""
        private_key = Ed25519PrivateKey.generate()
        public_key = private_key.public_key().public_bytes_raw()
        kid = _thumbprint(public_key)
        nonce = os.urandom(_NONCE_BYTES)
        # The id is authenticated too: a sealed key cannot be moved to another row.
        sealed = nonce + self._cipher.encrypt(nonce, private_key.private_bytes_raw(), kid.encode())
        return SigningKey(
            kid=kid, public_key=public_key, sealed_private_key=sealed, created_at=now, signs_from=signs_from
        )

    def open(self, key: SigningKey) -> SigningKeyPair:
        """The pair behind ``key``. Raises :class:`WrongSecretKey`."""
        nonce, sealed = key.sealed_private_key[:_NONCE_BYTES], key.sealed_private_key[_NONCE_BYTES:]
        try:
            private_bytes = self._cipher.decrypt(nonce, sealed, key.kid.encode())
        except InvalidTag:
            raise WrongSecretKey from None
        return SigningKeyPair(key.kid, Ed25519PrivateKey.from_private_bytes(private_bytes))


class KeyRing:
    """Finds the key that signs now, without asking the database each time."""

    def __init__(self, database: Database, vault: KeyVault, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Sequence[SigningKey] = ()
        self._open: dict[str, SigningKeyPair] = {}
        self._loaded_at: datetime | None = None

    async def current(self) -> SigningKeyPair:
        """The key that signs at this moment.

        Raises:
            WrongSecretKey: it is sealed under another secret.
            LookupError: there is none; ``service.keys.ensure_key`` makes the first when the subgraph starts.
        """
        now = self._clock()
        if self._is_stale(now):
            async with self._lock:
                if self._is_stale(now):  # somebody else may have read them while we waited
                    await self.reload()
        for key in self._keys:
            if key.signs_at(now):
                if key.kid not in self._open:
                    self._open[key.kid] = self._vault.open(key)
                return self._open[key.kid]
        raise LookupError("no key signs at this moment")

    def _is_stale(self, now: datetime) -> bool:
        return self._loaded_at is None or now - self._loaded_at >= _RELOAD_AFTER

    async def reload(self) -> None:
        """Read the keys again, for instance after a rotation in this process."""
        now = self._clock()
        async with self._database.read() as session:
            self._keys = await repository.published(session, now)
        kids = {key.kid for key in self._keys}
        self._open = {kid: pair for kid, pair in self._open.items() if kid in kids}
        self._loaded_at = now


class DatabaseJwks:
    """The public keys, straight from the database: what ``/.well-known/jwks.json`` shows.

    Also a ``shared.auth.JwksSource``, for a process that holds the users subgraph and need not ask itself over HTTP.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def fetch(self) -> Mapping[str, Any]:
        try:
            async with self._database.read() as session:
                keys = await repository.published(session, self._clock())
        except (SQLAlchemyError, OSError) as error:
            raise KeySetUnavailable("the sign-in keys cannot be read") from error
        return {"keys": [_public_jwk(key) for key in keys]}


def _public_jwk(key: SigningKey) -> dict[str, str]:
    """The public half as a JSON Web Key (RFC 8037)."""
    return {**_members(key.public_key), "use": "sig", "alg": "EdDSA", "kid": key.kid}


def _members(public_key: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public_key)}


def _thumbprint(public_key: bytes) -> str:
    """RFC 7638: the SHA-256 of the required members in lexical order."""
    canonical = json.dumps(_members(public_key), separators=(",", ":"), sort_keys=True)
    return _base64url(sha256(canonical.encode()).digest())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
