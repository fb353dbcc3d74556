"""What resolvers share: their info, the caller's language, and problems as errors."""

from typing import Any, TypeAlias
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, Forbidden, NotFound
from shared.graphql.errors import ApiError
from subgraphs.bookings.messages import Language
from subgraphs.bookings.resources import BookingsContext
from subgraphs.bookings.service import errors

Info: TypeAlias = strawberry.Info[BookingsContext, None]


def language_of(info: Info) -> Language:
    """The language to answer in."""
    return info.context.caller.locale


def as_error(error: errors.BookingsError, language: Language) -> ApiError:
    """The GraphQL error for a refusal where no problem can be answered."""
    message = error.message(language)
    match error:
        case errors.NotAllowed():
            return Forbidden(message)
        case errors.UnknownBooking() | errors.UnknownRoomType():
            return NotFound(message)
        case errors.InvalidValue(field=field) | errors.RefusedByHotels(field=field):
            return BadUserInput(message, field=field)
    return BadUserInput(message)


def uuid_or_none(value: Any) -> UUID | None:
    """The id in an entity reference; ``None`` for what cannot be one of ours."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        return None
