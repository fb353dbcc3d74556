"""Many users at once, for the demo market and for moves from other systems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.auth import Role
from shared.contracts.users import DEFAULT_TIME_ZONE
from shared.db import WriteSession, new_id, utc_now
from subgraphs.users import events, identity
from subgraphs.users.repository import users


@dataclass(frozen=True, slots=True)
class ImportedUser:
    """A user as another system, or the seeder, knows them. Their address counts as verified."""

    email: str
    display_name: str
    password_hash: str
    """A PHC string from ``PasswordHasher.hash``. One hash may serve thousands of demo users."""
    roles: frozenset[Role] = frozenset({Role.TRAVELER})
    locale: identity.Locale = "pt-BR"
    avatar_url: str | None = None
    member_since: datetime | None = None
    time_zone: str = DEFAULT_TIME_ZONE
    id: UUID = field(default_factory=new_id)
    """Give one to make an import repeatable; used only when the address is new."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    created: int
    ids: dict[str, UUID]
    """The id of every imported user, new or known, by ``identity.email_key`` of the address."""


async def import_users(session: WriteSession, rows: Iterable[ImportedUser]) -> ImportReport:
    """Insert the users whose address is new; leave the others as they are. So a second import changes nothing.

    Each new user is announced with ``user.registered`` like any other.

    Raises:
        InvalidValue: an address or name is not acceptable.
    """
    now = utc_now()
    values = [_values(row, now) for row in rows]
    created = await users.add_many(session, values)
    for user in created:
        events.publish(session, user, events.registered(user))
    ids = await users.ids_by_email(session, [value["email_key"] for value in values])
    return ImportReport(created=len(created), ids=ids)


def _values(row: ImportedUser, now: datetime) -> dict[str, Any]:
    email = identity.normalised_email(row.email)
    return {
        "id": row.id,
        "email": email,
        "email_key": identity.email_key(email),
        "email_verified_at": row.member_since or now,
        "password_hash": row.password_hash,
        "display_name": identity.cleaned_name(row.display_name),
        "avatar_url": row.avatar_url,
        "locale": row.locale,
        "time_zone": identity.checked_time_zone(row.time_zone),
        "roles": sorted(role.value for role in row.roles),
        "event_sequence": 1,
        "created_at": row.member_since or now,
    }
