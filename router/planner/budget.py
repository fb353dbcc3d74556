"""A bound on the work that one operation may cause."""

from __future__ import annotations

from router.planner.errors import PlanningBudgetError

DEFAULT_BUDGET = 20_000
"""Steps; a large operation of a real client takes some thousands. All of them take about half a second, during which
the router does nothing else."""


class Budget:
    """Counts steps down."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = DEFAULT_BUDGET) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take ``steps``.

        Raises:
            PlanningBudgetError: they are used up.
        """
        self._left -= steps
        if self._left < 0:
            raise PlanningBudgetError("the operation is too complex to be planned")

    @property
    def left(self) -> int:
        """Steps that may still be taken."""
        return self._left
