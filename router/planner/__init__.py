"""Plans client operations as fetches from subgraphs."""

from router.planner.errors import PlanningBudgetError, PlanningError, UnreachableFieldError
from router.planner.nodes import Condition, Fetch, Flatten, Parallel, PlanNode, QueryPlan, Sequence_, Subscription
from router.planner.planner import Planner

__all__ = [
    "Condition",
    "Fetch",
    "Flatten",
    "Parallel",
    "PlanNode",
    "Planner",
    "PlanningBudgetError",
    "PlanningError",
    "QueryPlan",
    "Sequence_",
    "Subscription",
    "UnreachableFieldError",
]
