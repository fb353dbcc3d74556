"""What resolvers share: their info, the caller's language, and who may see what."""

from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from shared.graphql import Forbidden
from subgraphs.gamification.messages import Language, say
from subgraphs.gamification.resources import GamificationContext
from subgraphs.gamification.rules.definitions import Text
from subgraphs.gamification.service.access import may_see

Info: TypeAlias = strawberry.Info[GamificationContext, None]


def language_of(info: Info) -> Language:
    """The language to answer in."""
    return info.context.caller.locale


def localised(info: Info, text: Text) -> str:
    """A text in the caller's language."""
    return text.en if language_of(info) == "en" else text.pt


def require_self_or_staff(info: Info, user_id: UUID) -> None:
    """Raise ``Unauthenticated`` or ``Forbidden`` unless the caller is that user or works for us."""
    if not may_see(info.context.require_principal(), user_id):
        raise Forbidden(say(language_of(info), "not_yours"))


def uuid_or_none(value: Any) -> UUID | None:
    """The id in an entity reference; ``None`` for what cannot be one of ours."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
