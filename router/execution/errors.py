"""GraphQL errors as clients see them: with a code, with the client's paths, without what is nobody's business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from graphql import GraphQLError

from router.planner.shape import Shape

Path: TypeAlias = tuple[str | int, ...]

_PRIVATE_EXTENSIONS = frozenset({"stacktrace", "exception", "debug"})


def with_code(error: GraphQLError, code: str) -> GraphQLError:
    """``error`` with ``extensions.code``, unless it has one."""
    extensions = {"code": code, **(error.extensions or {})}
    return GraphQLError(
        error.message,
        error.nodes,
        error.source,
        error.positions,
        error.path,
        error.original_error,
        extensions,
    )


def formatted(errors: Iterable[GraphQLError]) -> list[dict[str, Any]]:
    """``errors`` as a response has them."""
    return [dict(error.formatted) for error in errors]


def client_error(message: str, code: str, *, path: Path | None = None, service: str | None = None) -> dict[str, Any]:
    """An error of our own as a response has it."""
    error: dict[str, Any] = {"message": message}
    if path:
        error["path"] = list(path)
    error["extensions"] = {"code": code, **({"service": service} if service else {})}
    return error


def subgraph_error(error: Any, service: str, path: Path | None) -> dict[str, Any]:
    """An error that a subgraph gave, at ``path`` of the client's answer.

    Its locations are left out, since they belong to an operation that the client never saw.
    """
    given = error if isinstance(error, Mapping) else {}
    message = given.get("message")
    extensions = given.get("extensions")
    kept = extensions if isinstance(extensions, Mapping) else {}
    result: dict[str, Any] = {"message": message if isinstance(message, str) else "The subgraph reported an error."}
    if path:
        result["path"] = list(path)
    result["extensions"] = {
        "code": "INTERNAL",
        **{key: value for key, value in kept.items() if key not in _PRIVATE_EXTENSIONS},
        "service": service,
    }
    return result


def client_path(shape: Shape, path: Iterable[str | int]) -> Path:
    """A path in the merged data as the client knows it, as far as the client selected it."""
    result: list[str | int] = []
    current: Shape | None = shape
    for step in path:
        if isinstance(step, int):
            result.append(step)
            continue
        field = next((field for field in current.fields if field.key == step), None) if current is not None else None
        if field is None:
            break
        result.append(field.response_key)
        current = field.child
    return tuple(result)


def error_path(error: Any) -> Sequence[str | int] | None:
    """The path of a subgraph's error, if it has one that makes sense."""
    path = error.get("path") if isinstance(error, Mapping) else None
    if isinstance(path, list | tuple) and path and all(isinstance(step, str | int) for step in path):
        return path
    return None


class Explanations:
    """Places of the answer about which an error has been reported, so that a null there needs no error of its own."""

    def __init__(self) -> None:
        self._paths: list[Path] = []

    def add(self, path: Path) -> None:
        """Note that there is an error at ``path``; the empty path stands for the whole answer."""
        self._paths.append(path)

    def cover(self, path: Path) -> bool:
        """Whether an error at, above or below ``path`` says why there is a null."""
        return any(path[: len(known)] == known or known[: len(path)] == path for known in self._paths)
