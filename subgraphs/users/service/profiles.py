"""What users say about themselves, and what administrators say about them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from typing import Final
from uuid import UUID

from shared.auth import Role
from shared.db import ReadSession, WriteSession
from subgraphs.users import events, identity
from subgraphs.users.identity import InvalidValue
from subgraphs.users.models import User
from subgraphs.users.repository import users
from subgraphs.users.repository.users import FoundUser, Position, UserSearch
from subgraphs.users.service.outcomes import UnknownUser

MIN_SEARCH_LENGTH: Final = 2
MAX_SEARCH_LENGTH: Final = 100


class Unchanged(Enum):
    """Stands for a field that an update does not mention, where ``None`` would mean to clear it."""

    UNCHANGED = "UNCHANGED"


UNCHANGED: Final = Unchanged.UNCHANGED


class NotAnAdministrator(Exception):
    """The actor was an administrator when their token was issued, and is none now."""


async def update_profile(
    session: WriteSession,
    *,
    user_id: UUID,
    display_name: str | Unchanged = UNCHANGED,
    avatar_url: str | Unchanged | None = UNCHANGED,
    locale: identity.Locale | Unchanged = UNCHANGED,
    time_zone: str | Unchanged = UNCHANGED,
) -> User | UnknownUser:
    """Change the fields that are given. Giving them the values they have changes nothing and publishes nothing.

    Raises:
        InvalidValue: a value is not acceptable.
    """
    values: dict[str, str | None] = {}
    if display_name is not UNCHANGED:
        values["display_name"] = identity.cleaned_name(display_name)
    if avatar_url is not UNCHANGED:
        values["avatar_url"] = None if avatar_url is None else identity.checked_url(avatar_url, "avatarUrl")
    if locale is not UNCHANGED:
        values["locale"] = locale
    if time_zone is not UNCHANGED:
        values["time_zone"] = identity.checked_time_zone(time_zone)
    user = await users.update_profile(session, user_id, **values) if values else None
    if user is None:
        present = (await users.by_ids(session, [user_id])).get(user_id)
        return UnknownUser() if present is None or present.deleted_at is not None else present
    events.publish(
        session,
        user,
        events.UserProfileUpdated(
            user_id=user.id,
            display_name=user.display_name,
            avatar_url=user.avatar_url,
            locale=user.locale,
            time_zone=user.time_zone,
        ),
    )
    return user


async def set_roles(
    session: WriteSession, *, actor_id: UUID, user_id: UUID, roles: Collection[Role]
) -> User | UnknownUser:
    """Give a user exactly ``roles``.

    Both rows are locked in the order of their ids, so that two administrators who demote each other at once do not
    both succeed and leave the platform without one.

    Raises:
        InvalidValue: no role at all, or administrators who would remove their own ``ADMIN``.
        NotAnAdministrator: the actor is not one now, whatever their token says.
    """
    if not roles:
        raise InvalidValue("roles", "roles_empty")
    if actor_id == user_id and Role.ADMIN not in roles:
        raise InvalidValue("roles", "roles_own_admin")
    locked = await users.lock(session, {actor_id, user_id})
    actor, user = locked.get(actor_id), locked.get(user_id)
    if actor is None or Role.ADMIN not in actor.role_set:
        raise NotAnAdministrator
    if user is None:
        return UnknownUser()
    previous = user.role_set
    if previous == frozenset(roles):
        return user
    changed = await users.set_roles(session, user_id, sorted({role.value for role in roles}))
    assert changed is not None, "we hold its lock"
    events.publish(
        session,
        changed,
        events.UserRolesChanged(
            user_id=user_id, roles=changed.roles, previous_roles=sorted(previous), changed_by=actor_id
        ),
    )
    return changed


async def search_users(
    session: ReadSession, criteria: UserSearch, *, after: Position | None, limit: int
) -> Sequence[FoundUser]:
    """Users that match, the most relevant and then the newest first.

    Raises:
        InvalidValue: a text that is too short to mean anything, too long, or not printable.
    """
    if criteria.text is not None:
        if not MIN_SEARCH_LENGTH <= len(criteria.text.strip()) <= MAX_SEARCH_LENGTH:
            raise InvalidValue("filter.search", "search_length")
        if not identity.is_plain_text(criteria.text):
            raise InvalidValue("filter.search", "text_unprintable")
    return await users.search(session, criteria, after=after, limit=limit)
