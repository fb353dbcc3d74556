"""Signed-in callers for tests, through the real verification of real tokens."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.auth import Principal, Role, TokenVerifier
from shared.config import PlatformSettings
from shared.db import new_id


def make_principal(*roles: Role, user_id: UUID | None = None) -> Principal:
    """Somebody signed in with ``roles`` (a traveler when none are given) for the next day: longer than a test run."""
    return Principal(
        user_id=user_id or new_id(),
        roles=frozenset(roles or (Role.TRAVELER,)),
        session_id=new_id(),
        expires_at=float(int(time.time()) + 86_400),
    )


class TestIssuer:
    """Plays the users subgraph: signs tokens with a key of its own, and publishes that key."""

    __test__ = False

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._key = Ed25519PrivateKey.generate()
        self._key_id = "test-key"

    async def fetch(self) -> Mapping[str, Any]:
        """The JWK set, as a ``JwksSource``."""
        jwk = jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**jwk, "kid": self._key_id, "alg": "EdDSA", "use": "sig"}]}

    def verifier(self) -> TokenVerifier:
        """A verifier that trusts this issuer."""
        return TokenVerifier(self, issuer=self._settings.token_issuer, audience=self._settings.token_audience)

    def token(self, principal: Principal, **claims: Any) -> str:
        """An access token for ``principal``; ``claims`` override what it says."""
        body = {
            "iss": self._settings.token_issuer,
            "aud": self._settings.token_audience,
            "sub": str(principal.user_id),
            "roles": sorted(principal.roles),
            "iat": int(time.time()),
            "exp": int(principal.expires_at),
        }
        if principal.session_id is not None:
            body["sid"] = str(principal.session_id)
        return jwt.encode({**body, **claims}, self._key, algorithm="EdDSA", headers={"kid": self._key_id})
