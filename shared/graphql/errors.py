"""Errors a caller may see, and the one place that decides what of any other error leaves the process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from strawberry.extensions import MaskErrors

log = structlog.get_logger(__name__)

PARSE_FAILED: Final = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED: Final = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT: Final = "BAD_USER_INPUT"
UNAVAILABLE: Final = "UNAVAILABLE"
INTERNAL: Final = "INTERNAL"


class ApiError(GraphQLError):
    """An error whose message is written for the caller; ``extensions.code`` says what kind it is."""

    code: str = INTERNAL

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message, extensions={"code": self.code, **extensions})


class Unauthenticated(ApiError):
    """The caller must sign in (again)."""

    code = "UNAUTHENTICATED"

    def __init__(self, message: str = "Sign in to do this.") -> None:
        super().__init__(message)


class Forbidden(ApiError):
    """The caller is known, and may not do this."""

    code = "FORBIDDEN"

    def __init__(self, message: str = "You are not allowed to do this.") -> None:
        super().__init__(message)


class BadUserInput(ApiError):
    """A value that the schema's types let through but the domain does not; ``field`` names it."""

    code = BAD_USER_INPUT

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message, **({} if field is None else {"field": field}))


class NotFound(ApiError):
    """The thing that was asked for by name does not exist, or the caller may not know that it does."""

    code = "NOT_FOUND"


class RateLimited(ApiError):
    """Too many attempts. Try again after ``retryAfterSeconds``."""

    code = "RATE_LIMITED"

    def __init__(self, retry_after_seconds: int, message: str = "Too many attempts. Wait a little.") -> None:
        super().__init__(message, retryAfterSeconds=retry_after_seconds)


class Unavailable(ApiError):
    """Something we depend on does not answer; the same call may work in a moment."""

    code = UNAVAILABLE


_UNREACHABLE = (OperationalError, InterfaceError, PoolTimeoutError, RedisError, ConnectionError, TimeoutError)


def public_error(error: GraphQLError, request_id: str) -> GraphQLError:
    """``error`` as the response may carry it: message, place and code, and nothing about our insides.

    An unexpected exception is logged with its traceback and leaves as ``INTERNAL`` with the request id to quote.
    """
    cause = _root_cause(error)
    if cause is None or isinstance(cause, GraphQLError):
        return _shown(error, error.message, {"code": _code(error), **(error.extensions or {})})
    if _is_unreachable(cause):
        log.warning("dependency unreachable", request_id=request_id, path=error.path, error=repr(cause))
        message = "Our data cannot be reached right now. Try again in a moment."
        return _shown(error, message, {"code": UNAVAILABLE, "requestId": request_id})
    log.error("unexpected error", request_id=request_id, path=error.path, exc_info=cause)
    message = "Something went wrong on our side. Quote the request id when you report it."
    return _shown(error, message, {"code": INTERNAL, "requestId": request_id})


_MAYBE: Final = re.compile(r"^Expected value of type .* of type 'Maybe\[")
_MAYBE_FIELD: Final = re.compile(r"(?:Field|Argument) '(\w+)' of type 'Maybe\[")


class PublicErrors(MaskErrors):
    """Passes every error of every response through :func:`public_error`, however the response leaves."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The error as the caller may see it."""
        if isinstance(_root_cause(error) or error, GraphQLError) and _MAYBE.search(error.message) is not None:
            return _null_refused(error, self.execution_context.variables or {})
        return public_error(error, self.execution_context.context.caller.request_id)


def _null_refused(error: GraphQLError, variables: Mapping[str, Any]) -> GraphQLError:
    """Strawberry's words for a field that may be left out but not be null, in words for who does not know Python.

    For a literal it names the field, for a variable it does not: then it is one of those that are null there.
    """
    named = _MAYBE_FIELD.search(error.message)
    fields = [named.group(1)] if named is not None else sorted(set(_null_names(variables)))
    message = f"{' or '.join(fields) or 'A field'} cannot be null. Leave it out to keep what is there."
    extensions = {"code": BAD_USER_INPUT, **({"field": fields[0]} if len(fields) == 1 else {})}
    return _shown(error, message, extensions)


def _null_names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if part is None:
                yield name
            yield from _null_names(part)
    elif isinstance(value, list):
        for part in value:
            yield from _null_names(part)


def _shown(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)


def _root_cause(error: GraphQLError) -> BaseException | None:
    cause: BaseException | None = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_unreachable(cause: BaseException) -> bool:
    if isinstance(cause, DBAPIError):
        # Connection exceptions, too many connections, and a server that stops or starts (PostgreSQL, appendix A).
        state = str(getattr(cause.orig, "sqlstate", None) or "")
        return (
            cause.connection_invalidated or state.startswith(("08", "53300", "57P")) or isinstance(cause, _UNREACHABLE)
        )
    return isinstance(cause, _UNREACHABLE)


def _code(error: GraphQLError) -> str:
    """The code of an error that graphql-core made itself, which carries none."""
    if isinstance(error, GraphQLSyntaxError):
        return PARSE_FAILED
    if error.path is not None or error.message.startswith("Variable "):
        return BAD_USER_INPUT
    return VALIDATION_FAILED
