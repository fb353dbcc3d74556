"""What one run of a plan works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.execution.context import RequestContext
from router.execution.errors import Explanations, Path
from router.planner.shape import Shape


class ExecutionState:
    """Data, errors and circumstances of one run.

    Attributes:
        data: What fetches have brought so far.
        errors: For the client, in the order in which they arose.
        variables: The client's, coerced.
    """

    __slots__ = ("_explained", "context", "data", "errors", "shape", "variables")

    def __init__(self, shape: Shape, variables: Mapping[str, Any], context: RequestContext) -> None:
        self.shape = shape
        self.variables = variables
        self.context = context
        self.data: dict[str, Any] = {}
        self.errors: list[dict[str, Any]] = []
        self._explained: Explanations | None = None

    @property
    def explained(self) -> Explanations:
        """Where ``errors`` and what else was noted explain nulls."""
        if self._explained is None:
            self._explained = Explanations()
        return self._explained

    def report(self, error: dict[str, Any], *places: Path) -> None:
        """Add an error for the client, which explains nulls at ``places``."""
        self.errors.append(error)
        for place in places:
            self.explained.add(place)
