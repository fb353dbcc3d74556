"""Verify access tokens: EdDSA-signed JWTs (RFC 7519, RFC 8037) whose public keys are a JWK set (RFC 7517)."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

import jwt

from shared.auth.principal import Principal, Role

ALGORITHM = "EdDSA"
_CACHED_TOKENS = 10_000
_REFRESH_INTERVAL_SECONDS = 10.0
"""An unknown key id makes us fetch the key set again, but no attacker can make us do it more often than this."""
_KEY_SET_LIFETIME_SECONDS = 300.0
"""Keys that were withdrawn stop working after this long at the latest."""


class InvalidToken(Exception):
    """The token is not one of ours, or not valid any more. The message may be shown to the caller."""


class KeySetUnavailable(Exception):
    """The public keys could not be fetched, so no token can be judged."""


class JwksSource(Protocol):
    """Where the public keys come from."""

    async def fetch(self) -> Mapping[str, Any]:
        """The JWK set, ``{"keys": [...]}``. Raises :class:`KeySetUnavailable`."""
        ...


class TokenVerifier:
    """Turns a bearer token into a :class:`Principal`, or refuses it.

    Verified tokens are remembered until they expire (bounded), because checking an Ed25519 signature costs about
    100 microseconds and a client sends the same token with every request.
    """

    def __init__(
        self, source: JwksSource, *, issuer: str, audience: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._source = source
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: OrderedDict[str, Principal] = OrderedDict()

    def cached(self, token: str) -> Principal | None:
        """The principal of a token that was verified before and has not expired; ``None`` says nothing."""
        principal = self._verified.get(token)
        if principal is None:
            return None
        if principal.expires_at <= self._clock() or self._clock() - self._fetched_at > _KEY_SET_LIFETIME_SECONDS:
            del self._verified[token]
            return None
        return principal

    async def verify(self, token: str) -> Principal:
        """The caller that ``token`` proves.

        Raises:
            InvalidToken: forged, expired, for somebody else, or not a token at all.
            KeySetUnavailable: the keys cannot be fetched and none are known.
        """
        if (principal := self.cached(token)) is not None:
            return principal
        principal = _principal(self._decode(token, await self._key_of(token)))
        self._verified[token] = principal
        if len(self._verified) > _CACHED_TOKENS:
            self._verified.popitem(last=False)
        return principal

    async def _key_of(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise InvalidToken("The access token is malformed.") from error
        # The algorithm is ours to choose, never the token's: "none" and HMAC-with-public-key die here.
        if header.get("alg") != ALGORITHM:
            raise InvalidToken("The access token is signed with an algorithm we do not accept.")
        key_id = header.get("kid")
        if not isinstance(key_id, str):
            raise InvalidToken("The access token names no key.")
        await self._refresh(key_id)
        try:
            return self._keys[key_id]
        except KeyError:
            raise InvalidToken("The access token is signed with a key we do not know.") from None

    async def _refresh(self, key_id: str) -> None:
        age = self._clock() - self._fetched_at
        if age <= _KEY_SET_LIFETIME_SECONDS and (key_id in self._keys or age <= _REFRESH_INTERVAL_SECONDS):
            return
        async with self._lock:
            age = self._clock() - self._fetched_at
            if age <= _KEY_SET_LIFETIME_SECONDS and (key_id in self._keys or age <= _REFRESH_INTERVAL_SECONDS):
                return
            try:
                key_set = jwt.PyJWKSet.from_dict(dict(await self._source.fetch()))
            except (KeySetUnavailable, jwt.PyJWTError) as error:
                if self._keys:
                    # Rather the keys of five minutes ago than nobody signed in; and asked again only after a while,
                    # or every caller would wait for the source that does not answer.
                    self._fetched_at = self._clock() - _KEY_SET_LIFETIME_SECONDS + _REFRESH_INTERVAL_SECONDS
                    return
                raise KeySetUnavailable("the sign-in keys cannot be fetched") from error
            self._keys = {key.key_id: key for key in key_set.keys if key.key_id is not None}
            self._fetched_at = self._clock()

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                options={
                    "require": ["exp", "iat", "sub", "iss", "aud"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError as error:
            raise InvalidToken("The access token is meant for another service.") from error
        except jwt.PyJWTError as error:
            raise InvalidToken("The access token is not valid.") from error
        # By our own clock, which tests can move.
        if not isinstance(claims["exp"], int | float) or claims["exp"] <= self._clock():
            raise InvalidToken("The access token has expired. Refresh it, or sign in again.")
        return claims


def _principal(claims: Mapping[str, Any]) -> Principal:
    try:
        return Principal(
            user_id=UUID(claims["sub"]),
            roles=frozenset(Role(role) for role in claims.get("roles", ())),
            session_id=UUID(claims["sid"]) if "sid" in claims else None,
            expires_at=float(claims["exp"]),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidToken("The access token carries claims we do not understand.") from error


def bearer_token(authorization: str | None) -> str | None:
    """The token of an ``Authorization: Bearer ...`` header; ``None`` when there is no header.

    Raises:
        InvalidToken: the header is there but is not a bearer token.
    """
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidToken("The Authorization header must read: Bearer <access token>.")
    return token.strip()
