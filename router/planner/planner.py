"""From a validated document to a query plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, get_operation_ast, print_ast

from router.planner.assemble import assemble, sequence
from router.planner.budget import DEFAULT_BUDGET, Budget
from router.planner.builder import Builder
from router.planner.emit import emit
from router.planner.errors import DeadEndError, PlanningError, UnreachableFieldError
from router.planner.fetches import FetchGroup
from router.planner.graph import QueryGraph
from router.planner.nodes import Fetch, OperationKind, PlanNode, QueryPlan, Subscription
from router.planner.operation import Need, OperationExpander
from router.planner.shape import Shape
from router.planner.slots import Slot
from router.supergraph.model import Supergraph

_MAX_ATTEMPTS = 24
"""How many complete plans to compare at most."""


class Planner:
    """Plans operations on one supergraph."""

    def __init__(
        self,
        supergraph: Supergraph,
        *,
        active_labels: frozenset[str] = frozenset(),
        budget: int = DEFAULT_BUDGET,
    ) -> None:
        """Plan on ``supergraph``.

        Args:
            supergraph: What ``read_supergraph`` returned.
            active_labels: Progressive overrides to follow.
            budget: Steps that one plan may take.
        """
        self._graph = QueryGraph(supergraph, active_labels)
        self._budget = budget

    def plan(self, document: DocumentNode, operation_name: str | None = None) -> QueryPlan:
        """Plan an operation of ``document``, which must be valid for the API schema.

        Raises:
            PlanningError: there is no such operation, it is too complex, or a field cannot be reached.
        """
        operation = get_operation_ast(document, operation_name)
        if operation is None:
            raise PlanningError("the document has no such operation")
        fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        budget = Budget(self._budget)
        expander = OperationExpander(self._graph, operation, fragments, budget)
        kind: OperationKind = operation.operation.value
        return QueryPlan(
            kind=kind,
            node=_OperationPlanner(self._graph, operation, expander, budget).node(),
            shape=expander.shape,
            root_type=self._graph.supergraph.root_types[kind],
            introspects=expander.introspects,
            condition_variables=tuple(sorted(_condition_variables(expander.shape))),
        )


def _condition_variables(shape: Shape) -> set[str]:
    found: set[str] = set()
    seen: set[int] = set()
    pending = [shape]
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for field in current.fields:
            found.update(variable for variable, _ in field.conditions)
            if field.child is not None:
                pending.append(field.child)
    return found


@dataclass(slots=True)
class _Segment:
    """Needs that start from the same fetch of root fields, and the subgraphs that this fetch may go to."""

    needs: list[Need]
    graphs: list[str]


class _OperationPlanner:
    def __init__(
        self,
        graph: QueryGraph,
        operation: OperationDefinitionNode,
        expander: OperationExpander,
        budget: Budget,
    ) -> None:
        self._graph = graph
        self._budget = budget
        self._kind: OperationKind = operation.operation.value
        self._name = operation.name.value if operation.name else None
        self._definitions = {
            definition.variable.name.value: print_ast(replace(definition, directives=()))
            for definition in operation.variable_definitions or ()
        }
        self._needs = expander.needs
        self._root = expander.root
        self._shape = expander.shape
        self._root_order = (
            {}
            if self._kind == "query"
            else {field.key: position for position, field in reversed(list(enumerate(expander.shape.fields)))}
        )
        self._fetches = 0

    def node(self) -> PlanNode | None:
        if not self._needs:
            return None
        if self._kind == "query":
            graphs = frozenset(self._graph.types[min(self._root.types)].graphs)
            return self._assemble(self._best(self._needs, [graphs]).groups.all)
        # Root fields have effects: each must be resolved once, in the client's order.
        plans = [
            self._best(segment.needs, [frozenset((one,)) for one in segment.graphs]) for segment in self._segments()
        ]
        if self._kind == "mutation":
            return sequence(self._assemble(plan.groups.all) for plan in plans)
        (plan,) = plans
        primary, *rest = sorted(plan.groups.all, key=lambda group: group.slot.parent is not None)
        start = self._fetch(primary, _bringers(plan.groups.all))
        return Subscription(start, self._assemble(rest, beside=[primary]))

    def _best(self, needs: Sequence[Need], root_graphs: Iterable[frozenset[str]]) -> Builder:
        """The cheapest plan found, trying one other decision at a time while that helps."""
        best: Builder | None = None
        failure: DeadEndError | None = None
        for graphs in root_graphs:
            try:
                candidate = self._improve(needs, graphs, self._first(needs, graphs))
            except DeadEndError as error:
                failure = error
                continue
            if best is None or candidate.cost() < best.cost():
                best = candidate
        if best is None:
            raise failure or UnreachableFieldError("no subgraph resolves the operation's root type")
        return best

    def _first(self, needs: Sequence[Need], graphs: frozenset[str]) -> Builder:
        """A plan by the decisions that look best, or else by those that look best but for one."""
        builder = Builder(self._graph, graphs, self._budget)
        try:
            builder.build(needs)
            return builder
        except DeadEndError:
            for position, options in enumerate(builder.choices[:_MAX_ATTEMPTS]):
                for option in range(1, options):
                    with suppress(DeadEndError):
                        return self._build(needs, graphs, (*(0,) * position, option))
            raise

    def _build(self, needs: Sequence[Need], graphs: frozenset[str], decisions: Sequence[int]) -> Builder:
        builder = Builder(self._graph, graphs, self._budget, decisions)
        builder.build(needs)
        return builder

    def _improve(self, needs: Sequence[Need], graphs: frozenset[str], best: Builder) -> Builder:
        decisions: list[int] = []
        first_left = self._budget.left
        attempts = 0
        position = 0
        while position < len(best.choices):
            chosen = 0
            for option in range(1, best.choices[position]):
                if attempts >= _MAX_ATTEMPTS or self._budget.left < first_left // 2:
                    return best
                attempts += 1
                try:
                    other = self._build(needs, graphs, (*decisions, option))
                except DeadEndError:
                    continue
                if other.cost() < best.cost():
                    best, chosen = other, option
            decisions.append(chosen)
            position += 1
        return best

    def _segments(self) -> list[_Segment]:
        """Consecutive root fields that one subgraph resolves."""
        by_field: dict[str, list[Need]] = {}
        for need in self._needs:
            slot, key = need.slot, need.key
            while slot.parent is not None:
                slot, key = slot.parent, slot.key
            by_field.setdefault(key, []).append(need)
        segments: list[_Segment] = []
        root_type = min(self._root.types)
        for key, name in {field.key: field.name for field in self._shape.fields}.items():
            if key not in by_field:
                continue
            graphs = [
                graph for graph, source in self._graph.sources(root_type, name).items() if not source.field.external
            ]
            common = [graph for graph in graphs if segments and graph in segments[-1].graphs]
            if common:
                segments[-1].graphs = common
                segments[-1].needs.extend(by_field[key])
            else:
                segments.append(_Segment(by_field[key], graphs))
        return segments

    def _assemble(self, groups: Sequence[FetchGroup], beside: Sequence[FetchGroup] = ()) -> PlanNode | None:
        bringers = _bringers([*beside, *groups])
        return assemble(groups, lambda group: self._fetch(group, bringers))

    def _fetch(self, group: FetchGroup, bringers: Counter[Slot]) -> Fetch:
        name = f"{self._name}__{_identifier(group.graph)}__{self._fetches}" if self._name else None
        self._fetches += 1
        kind: OperationKind = self._kind if group.slot.parent is None else "query"
        emitted = emit(self._graph, group, kind, name, self._definitions, self._root_order)
        return Fetch(
            service=group.graph,
            kind=kind,
            operation=emitted.text,
            operation_name=name,
            variables=emitted.variables,
            representations=emitted.representations,
            inputs=tuple(group.inputs),
            slot=group.slot,
            merges_deeply=any(bringers[slot] > 1 for slot, presence in group.presences.items() if presence.is_origin),
        )


def _bringers(groups: Iterable[FetchGroup]) -> Counter[Slot]:
    """How many fetches bring the objects of each slot; the root object is there anyway."""
    return Counter(
        slot
        for group in groups
        for slot, presence in group.presences.items()
        if presence.is_origin and slot.parent is not None
    )


def _identifier(subgraph: str) -> str:
    """The subgraph's name with everything replaced that a GraphQL name cannot have."""
    return "".join(character if character.isascii() and character.isalnum() else "_" for character in subgraph)
