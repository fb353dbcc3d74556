"""How the router says no, and how much of an error leaves the house."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import structlog
from graphql import GraphQLError

from shared.graphql.messages import GraphQLResponse

_log = structlog.get_logger(__name__)

_SUGGESTION = re.compile(r"\s*Did you mean [^?]*\?")
_PRIVATE_EXTENSIONS = frozenset({"exception", "stacktrace", "stackTrace", "debugMessage"})


class ErrorCode(StrEnum):
    """Values of ``extensions.code``; the first two are about the document, the others are the platform's."""

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    RATE_LIMITED = "RATE_LIMITED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class RequestRefused(Exception):
    """A request the router will not run. The message is written for the caller.

    ``status`` is the HTTP status to answer with, or ``None`` when the refusal is about the GraphQL document itself:
    then the media type the client accepts decides (GraphQL over HTTP: 200 for `application/json`, 400 otherwise).
    """

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode = ErrorCode.BAD_USER_INPUT,
        status: int | None = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.errors: list[dict[str, Any]] = [{"message": message, "extensions": {"code": code.value}}]

    @classmethod
    def of_document(cls, errors: Iterable[GraphQLError], code: ErrorCode) -> RequestRefused:
        """A refusal of the document, keeping the messages and locations of ``errors``."""
        refused = cls("The document is refused.", code=code, status=None)
        refused.errors = []
        for error in errors:
            formatted: dict[str, Any] = dict(error.formatted)
            formatted["extensions"] = {"code": code.value, **formatted.get("extensions", {})}
            refused.errors.append(formatted)
        return refused

    @property
    def response(self) -> GraphQLResponse:
        """The answer that carries the refusal; without `data`, for nothing was executed."""
        return {"errors": self.errors}


class ErrorPolicy:
    """Gives each error a code and takes out what callers must not read.

    Args:
        detailed: let the text of internal errors and "Did you mean" through (development).
    """

    def __init__(self, *, detailed: bool) -> None:
        self._detailed = detailed

    def apply(self, response: GraphQLResponse, request_id: str) -> GraphQLResponse:
        """``response`` itself when it has no errors, which is nearly always; else a copy with its errors cleaned."""
        errors = response.get("errors")
        if not errors:
            return response
        default = ErrorCode.INTERNAL if "data" in response else ErrorCode.GRAPHQL_VALIDATION_FAILED
        return {**response, "errors": [self._clean(error, default, request_id) for error in errors]}

    def internal(self, error: BaseException, request_id: str) -> GraphQLResponse:
        """The masked answer for an exception nobody expected, which is logged here in full."""
        _log.error("operation_failed", request_id=request_id, exc_info=error)
        return {"errors": [_internal_error(request_id)]}

    def _clean(self, error: Any, default: ErrorCode, request_id: str) -> dict[str, Any]:
        formatted: dict[str, Any] = dict(error.formatted if isinstance(error, GraphQLError) else error)
        extensions = dict(formatted.get("extensions") or {})
        extensions.setdefault("code", default.value)
        formatted["extensions"] = extensions
        if self._detailed:
            return formatted
        for key in _PRIVATE_EXTENSIONS & extensions.keys():
            del extensions[key]
        if extensions["code"] == ErrorCode.INTERNAL:
            # The full text is a clue for whoever wrote the subgraph, so it goes to the log before it is hidden.
            _log.error("subgraph_error", request_id=request_id, message=formatted.get("message"), **_where(formatted))
            extensions["requestId"] = request_id
            formatted["message"] = _internal_error(request_id)["message"]
        elif extensions["code"] == ErrorCode.GRAPHQL_VALIDATION_FAILED:
            formatted["message"] = _SUGGESTION.sub("", str(formatted.get("message", "")))
        return formatted


def _internal_error(request_id: str) -> dict[str, Any]:
    return {
        "message": f"Something went wrong on our side. Quote {request_id} when you report it.",
        "extensions": {"code": ErrorCode.INTERNAL.value, "requestId": request_id},
    }


def _where(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"path": error.get("path"), "service": error.get("extensions", {}).get("service")}
