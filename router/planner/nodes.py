"""Query plans, in the node types that Apollo's planners use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from graphql import parse, print_ast

from router.planner.fetches import Input, InputField, InputSelection
from router.planner.graph import TYPENAME
from router.planner.shape import Shape
from router.planner.slots import Slot

OperationKind: TypeAlias = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True, eq=False)
class Fetch:
    """One operation for one subgraph.

    Attributes:
        operation: GraphQL text.
        variables: Names of the client's variables that it uses.
        representations: Name of the variable for entity representations; ``None`` if it fetches root fields.
        inputs: How to make the representations.
        slot: Where its result belongs.
        merges_deeply: Whether another fetch may have brought parts of the objects that it brings.
    """

    service: str
    kind: OperationKind
    operation: str
    operation_name: str | None
    variables: tuple[str, ...]
    representations: str | None
    inputs: tuple[Input, ...]
    slot: Slot
    merges_deeply: bool

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        return {
            "kind": "Fetch",
            "serviceName": self.service,
            **({"requires": [_requirement(input_) for input_ in self.inputs]} if self.inputs else {}),
            "variableUsages": list(self.variables),
            "operation": self.operation,
            "operationKind": self.kind,
            **({"operationName": self.operation_name} if self.operation_name else {}),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Flatten:
    """A fetch whose result belongs at ``path``, where ``@`` stands for each item of a list."""

    path: tuple[str, ...]
    node: Fetch

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        return {"kind": "Flatten", "path": list(self.path), "node": self.node.to_json()}


@dataclass(frozen=True, slots=True, eq=False)
class Sequence_:  # noqa: N801 -- the standard library has the plain name
    """Nodes that run one after the other."""

    nodes: tuple[PlanNode, ...]

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        return {"kind": "Sequence", "nodes": [node.to_json() for node in self.nodes]}


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """Nodes that run at the same time."""

    nodes: tuple[PlanNode, ...]

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        return {"kind": "Parallel", "nodes": [node.to_json() for node in self.nodes]}


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A node that runs if a Boolean variable is ``wanted``."""

    variable: str
    wanted: bool
    node: PlanNode

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        clause = "ifClause" if self.wanted else "elseClause"
        return {"kind": "Condition", "condition": self.variable, clause: self.node.to_json()}


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """A fetch that gives a stream, and what to do for each of its events."""

    primary: Fetch
    rest: PlanNode | None

    def to_json(self) -> dict[str, Any]:
        """The node as JSON."""
        rest = {"rest": self.rest.to_json()} if self.rest else {}
        return {"kind": "Subscription", "primary": self.primary.to_json(), **rest}


PlanNode: TypeAlias = Fetch | Flatten | Sequence_ | Parallel | Condition | Subscription


@dataclass(frozen=True, slots=True, eq=False)
class QueryPlan:
    """How to answer one operation.

    Attributes:
        node: ``None`` if no subgraph is needed.
        shape: What the client's answer looks like.
        root_type: Name of the operation's root type.
        introspects: Whether parts of the answer come from the API schema.
        condition_variables: Boolean variables that ``@skip`` and ``@include`` use, sorted.
    """

    kind: OperationKind
    node: PlanNode | None
    shape: Shape
    root_type: str
    introspects: bool
    condition_variables: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The plan as Apollo's planners serialise it."""
        return {"kind": "QueryPlan", **({"node": self.node.to_json()} if self.node else {})}

    def pretty(self) -> str:
        """The plan as Apollo's planners print it for people."""
        if self.node is None:
            return "QueryPlan {}"
        return "\n".join(["QueryPlan {", *_indented(_pretty(self.node)), "}"])

    def fetches(self) -> Iterator[Fetch]:
        """All fetches, in the order of the plan."""
        if self.node is not None:
            yield from _fetches(self.node)


def _fetches(node: PlanNode) -> Iterator[Fetch]:
    if isinstance(node, Fetch):
        yield node
    elif isinstance(node, Flatten | Condition):
        yield from _fetches(node.node)
    elif isinstance(node, Subscription):
        yield node.primary
        if node.rest:
            yield from _fetches(node.rest)
    else:
        for child in node.nodes:
            yield from _fetches(child)


def _requirement(input_: Input) -> dict[str, Any]:
    selections = [{"kind": "Field", "name": TYPENAME}, *_required_fields(input_.selection, input_.types)]
    return {"kind": "InlineFragment", "typeCondition": input_.type_name, "selections": selections}


def _required_fields(selection: InputSelection, types: frozenset[str]) -> list[dict[str, Any]]:
    selections: list[dict[str, Any]] = []
    by_condition: dict[str, list[dict[str, Any]]] = {}
    for field in selection.fields:
        node = _required_field(field)
        if types <= field.types:
            selections.append(node)
        else:
            for type_name in sorted(field.types & types):
                by_condition.setdefault(type_name, []).append(node)
    for type_name, nodes in by_condition.items():
        selections.append({"kind": "InlineFragment", "typeCondition": type_name, "selections": nodes})
    return selections


def _required_field(field: InputField) -> dict[str, Any]:
    node: dict[str, Any] = {"kind": "Field", "name": field.name}
    if field.child is not None:
        slot = field.child.slot
        typename = [{"kind": "Field", "name": TYPENAME}] if slot.is_abstract else []
        node["selections"] = [*typename, *_required_fields(field.child, slot.types)]
    return node


def _pretty(node: PlanNode) -> list[str]:
    if isinstance(node, Fetch):
        return _pretty_fetch(node)
    if isinstance(node, Flatten):
        return _block(f'Flatten(path: "{".".join(node.path)}")', _pretty(node.node))
    if isinstance(node, Sequence_ | Parallel):
        name = "Parallel" if isinstance(node, Parallel) else "Sequence"
        return _block(name, [line for child in node.nodes for line in _pretty(child)])
    if isinstance(node, Condition):
        name = "Include" if node.wanted else "Skip"
        return _block(f"{name}(if: ${node.variable})", _pretty(node.node))
    lines = _block("Primary:", _pretty(node.primary))
    if node.rest:
        lines += _block("Rest:", _pretty(node.rest))
    return _block("Subscription", lines)


def _pretty_fetch(fetch: Fetch) -> list[str]:
    lines: list[str] = []
    if fetch.inputs:
        lines += ["{", *_indented(_pretty_selections([_requirement(one) for one in fetch.inputs])), "} =>"]
    text = print_ast(parse(fetch.operation, no_location=True)).splitlines()
    if fetch.inputs:
        # What _entities wraps is said by the representations above.
        text = ["{", *(line[2:] for line in text[2:-2]), "}"]
    return _block(f'Fetch(service: "{fetch.service}")', lines + text)


def _pretty_selections(selections: Sequence[dict[str, Any]]) -> Iterator[str]:
    for selection in selections:
        name = f"... on {selection['typeCondition']}" if "typeCondition" in selection else selection["name"]
        if "selections" in selection:
            yield f"{name} {{"
            yield from _indented(_pretty_selections(selection["selections"]))
            yield "}"
        else:
            yield name


def _block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head} {{", *_indented(lines), "},"]


def _indented(lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
