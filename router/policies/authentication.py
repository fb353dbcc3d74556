"""Who is calling: nobody in particular, or whom a verified access token names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.policies.errors import ErrorCode, RequestRefused
from shared.auth import InvalidToken, KeySetUnavailable, Principal, TokenVerifier, bearer_token

TOKEN_EXPIRED = "The access token has expired. Refresh it, or sign in again."  # noqa: S105 - a message


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller as the token proved it. ``claims`` is ``None`` for an anonymous caller."""

    claims: Mapping[str, Any] | None = None
    expires_at: float | None = None
    """Unix time in seconds; ``None`` never."""


ANONYMOUS = Identity()


class Authenticator:
    """Judges the `Authorization` header.

    Args:
        verifier: checks tokens; ``None`` judges nobody and leaves it to the subgraphs (`--no-auth`).
    """

    def __init__(self, verifier: TokenVerifier | None) -> None:
        self._verifier = verifier

    async def identify(self, authorization: str | None) -> Identity:
        """The caller behind ``authorization``.

        Raises:
            RequestRefused: 401 for a token that is not valid, 503 when no token can be judged at the moment.
        """
        if authorization is None or self._verifier is None:
            return ANONYMOUS
        try:
            token = bearer_token(authorization)
            if token is None:
                return ANONYMOUS
            return _identity(self._verifier.cached(token) or await self._verifier.verify(token))
        except InvalidToken as error:
            raise RequestRefused(
                str(error),
                code=ErrorCode.UNAUTHENTICATED,
                status=401,
                headers={"www-authenticate": 'Bearer error="invalid_token"'},
            ) from error
        except KeySetUnavailable as error:
            raise RequestRefused(
                "Access tokens cannot be checked at the moment. Try again in a few seconds.",
                code=ErrorCode.UNAVAILABLE,
                status=503,
                headers={"retry-after": "5"},
            ) from error


def _identity(principal: Principal) -> Identity:
    claims: dict[str, Any] = {
        "sub": str(principal.user_id),
        "roles": sorted(role.value for role in principal.roles),
        "exp": principal.expires_at,
    }
    if principal.session_id is not None:
        claims["sid"] = str(principal.session_id)
    return Identity(claims=claims, expires_at=principal.expires_at)
