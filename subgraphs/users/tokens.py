"""The two kinds of proof a signed-in user holds: opaque secrets that we remember, and access tokens that we sign."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import jwt

from shared.auth import Role
from shared.db import new_id
from subgraphs.users.signing_keys import SigningKeyPair

SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A secret that nobody guesses: 32 random bytes, in URL-safe Base64."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """What we store of a secret. It has 256 random bits, so a plain SHA-256 needs no salt and no stretching."""
    return sha256(secret.encode(errors="surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed access token (RFC 9068)."""

    value: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessTokenIssuer:
    """Signs access tokens. Whoever has the key set can verify them without asking us."""

    issuer: str
    audience: str
    lifetime: timedelta

    def issue(
        self, key: SigningKeyPair, *, user_id: UUID, session_id: UUID | None, roles: frozenset[Role], now: datetime
    ) -> AccessToken:
        """A token for ``user_id``.

        Args:
            key: The key that signs at this moment.
            user_id: Claim ``sub``.
            session_id: Claim ``sid``; absent for a token that belongs to no sign-in.
            roles: Claim ``roles``. A change of roles reaches the user with their next token.
            now: Claim ``iat``.
        """
        expires_at = (now + self.lifetime).replace(microsecond=0)
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": str(user_id),
            "roles": sorted(roles),
            "jti": str(new_id()),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        if session_id is not None:
            claims["sid"] = str(session_id)
        value = jwt.encode(claims, key.private_key, algorithm="EdDSA", headers={"kid": key.kid, "typ": "at+jwt"})
        return AccessToken(value=value, expires_at=expires_at)
