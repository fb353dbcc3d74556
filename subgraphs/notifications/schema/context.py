"""What resolvers share: their info, the caller's language, and who may see what."""

from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.graphql import Forbidden
from subgraphs.notifications.messages import say
from subgraphs.notifications.resources import NotificationsContext
from subgraphs.notifications.words import Language

Info: TypeAlias = strawberry.Info[NotificationsContext, None]
STAFF = (Role.SUPPORT, Role.ADMIN)


def language_of(info: Info) -> Language:
    """The language to answer in."""
    return info.context.caller.locale


def require_self(info: Info, user_id: UUID) -> None:
    """Raise ``Unauthenticated`` or ``Forbidden`` unless the caller is this user: messages are nobody else's."""
    if info.context.require_principal().user_id != user_id:
        raise Forbidden(say(language_of(info), "not_yours"))


def uuid_or_none(value: Any) -> UUID | None:
    """The id in an entity reference; ``None`` for what cannot be one of ours."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
