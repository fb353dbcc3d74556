"""Python functions from generated source.

Plans are compiled once and run many times, so what a plan settles (names, types, nesting) is written into source text
instead of being looked up for each object of each request. All names in that text are ours; strings that come from
schemas and documents enter as literals (``repr``) only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class SourceWriter:
    """Collects lines of source and the objects that they refer to."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._scope: dict[str, Any] = {}

    def line(self, indent: int, text: str) -> None:
        """Write one line, ``indent`` levels deep."""
        self._lines.append("    " * indent + text)

    def bind(self, prefix: str, value: Any) -> str:
        """Let the source refer to ``value``; returns the name to use."""
        name = f"{prefix}{len(self._scope)}"
        self._scope[name] = value
        return name

    def share(self, names: Mapping[str, Any]) -> None:
        """Let the source refer to several objects by given names."""
        self._scope.update(names)

    @property
    def source(self) -> str:
        """What was written so far."""
        return "\n".join(self._lines) + "\n"

    def function(self, name: str) -> Callable[..., Any]:
        """Compile the source and return its function ``name``, whose ``__source__`` is the text."""
        scope = dict(self._scope)
        exec(compile(self.source, "<generated>", "exec"), scope)  # noqa: S102 -- see the module's docstring
        function: Callable[..., Any] = scope[name]
        function.__dict__["__source__"] = self.source
        return function
