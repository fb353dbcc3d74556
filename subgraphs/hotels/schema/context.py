"""What resolvers share: their info, the caller's language, and problems as errors."""

from typing import Any, TypeAlias, TypeVar
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, Forbidden
from subgraphs.hotels.messages import Language
from subgraphs.hotels.resources import HotelsContext
from subgraphs.hotels.schema.enums import LocaleName
from subgraphs.hotels.service.errors import HotelsError, InvalidValue, NotAllowed
from subgraphs.hotels.service.values import is_storable

Info: TypeAlias = strawberry.Info[HotelsContext, None]
T = TypeVar("T")


def language_of(info: Info, asked: LocaleName | None = None) -> Language:
    """The language to answer in: the one asked for, otherwise the caller's."""
    return info.context.caller.locale if asked is None else asked.tag


def in_language(language: Language, portuguese: T | None, english: T | None) -> T | None:
    """The text in ``language``, or in the other one when there is none."""
    first, second = (english, portuguese) if language == "en" else (portuguese, english)
    return second if first is None else first


def as_error(error: HotelsError, language: Language) -> BadUserInput | Forbidden:
    """The GraphQL error for a refusal where no problem can be answered: in a query."""
    message = error.message(language)
    if isinstance(error, NotAllowed):
        return Forbidden(message)
    return BadUserInput(message, field=error.field if isinstance(error, InvalidValue) else None)


def uuid_or_none(value: Any) -> UUID | None:
    """The id in an entity reference; ``None`` for what cannot be one of ours."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None


def text_or_none(value: Any) -> str | None:
    """The text in an entity reference; ``None`` for what no row can hold."""
    return value if isinstance(value, str) and is_storable(value) else None
