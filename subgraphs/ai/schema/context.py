"""What resolvers share: their info and the caller's language."""

from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from shared.graphql.context import Locale
from subgraphs.ai.resources import AiContext

Info: TypeAlias = strawberry.Info[AiContext, None]


def language_of(info: Info) -> Locale:
    """The language to answer in."""
    return info.context.caller.locale


def uuid_or_none(value: Any) -> UUID | None:
    """The id in an entity reference; ``None`` for what cannot be one of ours."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
