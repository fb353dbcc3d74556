"""Errors a caller may see, and the one place that decides what of any other error leaves the process."""

from __future__ import annotations

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


class PublicErrors(MaskErrors):
    """Passes every error of every response through :func:`public_error`, however the response leaves."""

    def __init__(self) -> None:
        super().__init__(should_mask_error=lambda _: True)

    def anonymise_error(self, error: GraphQLError) -> GraphQLError:
        """The error as the caller may see it."""
        return public_error(error, self.execution_context.context.caller.request_id)


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
