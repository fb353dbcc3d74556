"""Who calls: tokens, principals, and signatures between our own services."""

from shared.auth.principal import Principal, Role
from shared.auth.tokens import (
    InvalidToken,
    JwksSource,
    KeySetUnavailable,
    TokenVerifier,
    bearer_token,
)

__all__ = [
    "InvalidToken",
    "JwksSource",
    "KeySetUnavailable",
    "Principal",
    "Role",
    "TokenVerifier",
    "bearer_token",
]
