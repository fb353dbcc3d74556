"""Why an operation has no plan."""

from __future__ import annotations


class PlanningError(Exception):
    """The operation cannot be planned; the message may be shown to the client."""


class PlanningBudgetError(PlanningError):
    """Planning was given up because the operation is too large."""


class DeadEndError(PlanningError):
    """A series of decisions does not lead to a plan; another one may."""


class CircularFetchesError(DeadEndError):
    """Two fetches would wait for each other."""


class UnreachableFieldError(DeadEndError):
    """No chain of subgraphs leads to a field: the supergraph is not as composition promised."""
