"""What a resolver knows about the call it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import uuid4

from strawberry.fastapi import BaseContext

from shared.auth import Principal, Role
from shared.graphql.errors import Forbidden, Unauthenticated

Locale: TypeAlias = Literal["pt-BR", "en"]

CLIENT_ADDRESS_HEADER = "x-reservei-client-address"
"""Set by the router (and by nobody else: it drops what clients send): the address the client called from."""
REQUEST_ID_HEADER = "x-request-id"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, from where, and in which language they want to read."""

    principal: Principal | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str | None = None
    request_id: str = field(default_factory=lambda: uuid4().hex)
    locale: Locale = "pt-BR"


class SubgraphContext(BaseContext):
    """Base of every domain's context: the caller, and guards for resolvers.

    A domain derives its own with its services and loaders. One instance serves one operation (for a subscription:
    all its events).
    """

    def __init__(self, caller: Caller) -> None:
        super().__init__()
        self.caller = caller

    @property
    def principal(self) -> Principal | None:
        """The signed-in caller, or ``None``."""
        return self.caller.principal

    def require_principal(self) -> Principal:
        """The signed-in caller. Raises :class:`Unauthenticated` for anybody else."""
        if self.caller.principal is None:
            raise Unauthenticated
        return self.caller.principal

    def require_role(self, *roles: Role) -> Principal:
        """The signed-in caller with one of ``roles``. Raises :class:`Unauthenticated` or :class:`Forbidden`."""
        principal = self.require_principal()
        if not principal.has_any(*roles):
            raise Forbidden
        return principal


def preferred_locale(accept_language: str | None) -> Locale:
    """The first language of an ``Accept-Language`` header that we speak; Portuguese when there is none."""
    ranges: list[tuple[float, str]] = []
    for part in (accept_language or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            ranges.append((-float(quality or 1), tag.lower()))
        except ValueError:
            continue
    for _, tag in sorted(ranges, key=lambda item: item[0]):
        if tag.startswith("en"):
            return "en"
        if tag.startswith("pt"):
            return "pt-BR"
    return "pt-BR"
