"""Compiles query plans: each node becomes a function, once, and a run only calls them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLSchema

from router.execution.completion import Completion
from router.execution.fetching import EntityFetcher, RootFetcher, Step
from router.execution.shaping import IRREGULAR, IrregularDataError, ShapeData, compile_shape
from router.execution.state import ExecutionState
from router.execution.transport import Transport
from router.planner.nodes import Condition, Fetch, Flatten, Parallel, PlanNode, QueryPlan, Sequence_, Subscription
from shared.graphql.messages import GraphQLResponse

_MAX_SHAPES = 64
"""How many combinations of ``@skip`` and ``@include`` values keep a compiled shape for one operation."""


class CompiledPlan:
    """A plan ready to run.

    Attributes:
        run: All fetches of a query or mutation; for a subscription, those that follow each event.
        primary: The fetch that starts a subscription.
    """

    def __init__(self, plan: QueryPlan, transports: Mapping[str, Transport], schema: GraphQLSchema) -> None:
        self._plan = plan
        self._schema = schema
        self._transports = transports
        self._shapes: OrderedDict[tuple[bool, ...], ShapeData] = OrderedDict()
        node = plan.node
        self.primary: RootFetcher | None = None
        self.service: str | None = None
        if isinstance(node, Subscription):
            self.service = node.primary.service
            self.primary = RootFetcher(node.primary, transports[node.primary.service])
            node = node.rest
        self.run: Step = _nothing if node is None else self._compile(node)

    def new_state(self, variables: Mapping[str, Any], context: Any) -> ExecutionState:
        """A state for one run."""
        return ExecutionState(self._plan.shape, variables, context)

    def respond(self, state: ExecutionState) -> GraphQLResponse:
        """The client's answer from what a run brought."""
        values = {name: state.variables.get(name) for name in self._plan.condition_variables}
        errors = state.errors
        try:
            data: dict[str, Any] | None = self._shape(values)(state.data)
        except (IrregularDataError, *IRREGULAR):
            completion = Completion(self._schema, values, state.explained)
            data = completion.complete(self._plan.shape, self._plan.root_type, state.data)
            errors = errors + completion.errors
        return {"data": data, "errors": errors} if errors else {"data": data}

    def _shape(self, values: Mapping[str, Any]) -> ShapeData:
        key = tuple(values.values())
        found = self._shapes.get(key)
        if found is None:
            found = compile_shape(self._plan.shape, self._plan.root_type, self._schema, values)
            self._shapes[key] = found
            if len(self._shapes) > _MAX_SHAPES:
                self._shapes.popitem(last=False)
        return found

    def _compile(self, node: PlanNode) -> Step:
        if isinstance(node, Flatten):
            return self._compile(node.node)
        if isinstance(node, Fetch):
            transport = self._transports[node.service]
            if node.representations is not None:
                return EntityFetcher(node, transport, self._schema).run
            return RootFetcher(node, transport).run
        if isinstance(node, Condition):
            return _conditional(node.variable, node.wanted, self._compile(node.node))
        if isinstance(node, Sequence_):
            return _in_sequence([self._compile(child) for child in node.nodes])
        if isinstance(node, Parallel):
            return _in_parallel([self._compile(child) for child in node.nodes])
        raise TypeError(f"a {type(node).__name__} node cannot be nested")


async def _nothing(_state: ExecutionState) -> None:
    """A plan without fetches."""


def _conditional(variable: str, wanted: bool, step: Step) -> Step:
    async def run(state: ExecutionState) -> None:
        if state.variables.get(variable) is wanted:
            await step(state)

    return run


def _in_sequence(steps: list[Step]) -> Step:
    async def run(state: ExecutionState) -> None:
        for step in steps:
            await step(state)

    return run


def _in_parallel(steps: list[Step]) -> Step:
    async def run(state: ExecutionState) -> None:
        await asyncio.gather(*[step(state) for step in steps])

    return run
