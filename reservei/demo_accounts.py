"""Who one can sign in as on a development machine: one account per role. Never created in production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.auth import Role

DEMO_PASSWORD: Final = "praia-sol-e-mar"  # noqa: S105  # it is printed at every start, for people to type
"""The password of every demo account. It passes the policy of the users domain."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that the demo market brings along, with a verified address."""

    label: str
    """What the account is for, in a word or two."""
    email: str
    password: str
    display_name: str
    roles: frozenset[Role]


DEMO_ACCOUNTS: Final[tuple[DemoAccount, ...]] = (
    DemoAccount("traveler", "ana@reservei.example", DEMO_PASSWORD, "Ana Ribeiro", frozenset({Role.TRAVELER})),
    DemoAccount(
        "hotel manager",
        "bruno@reservei.example",
        DEMO_PASSWORD,
        "Bruno Carvalho",
        frozenset({Role.TRAVELER, Role.HOTEL_MANAGER}),
    ),
    DemoAccount("support", "carla@reservei.example", DEMO_PASSWORD, "Carla Nogueira", frozenset({Role.SUPPORT})),
    DemoAccount("admin", "davi@reservei.example", DEMO_PASSWORD, "Davi Monteiro", frozenset({Role.ADMIN})),
)
"""One account per role."""
