"""Writes the operations that fetches send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from router.planner.conditions import ALWAYS, Conditions
from router.planner.fetches import FetchGroup, SelectionNode
from router.planner.graph import TYPENAME, QueryGraph, View
from router.planner.slots import FieldCall

_EXISTS_ALIAS = "__exists"
"""Storage key for ``__typename`` where it would name an interface object, and nobody must read it."""


@dataclass(frozen=True, slots=True)
class EmittedOperation:
    """GraphQL text, with the client's variables that it uses."""

    text: str
    variables: tuple[str, ...]
    representations: str | None


def emit(
    graph: QueryGraph,
    group: FetchGroup,
    kind: str,
    name: str | None,
    definitions: Mapping[str, str],
    root_order: Mapping[str, int],
) -> EmittedOperation:
    """Write the operation of ``group``.

    Args:
        graph: The supergraph that it was planned on.
        group: The fetch.
        kind: Of the operation.
        name: Its name, ``None`` for an anonymous one.
        definitions: The client's variable definitions as GraphQL text, by name.
        root_order: Positions of root fields by storage key, for operations whose root fields have effects.
    """
    emitter = _Emitter(graph, group, root_order)
    selection = emitter.selection(group.root, group.conditions or ALWAYS)
    variables = tuple(variable for variable in definitions if variable in emitter.variables)
    declared = [definitions[variable] for variable in variables]
    representations = None
    if group.is_entity:
        representations = "representations"
        while representations in variables:
            representations += "_"
        declared.insert(0, f"${representations}: [_Any!]!")
        selection = f"{{ _entities(representations: ${representations}) {selection} }}"
    head = kind + (f" {name}" if name else "") + (f"({', '.join(declared)})" if declared else "")
    text = selection if head == "query" else f"{head} {selection}"
    return EmittedOperation(text, variables, representations)


@dataclass(frozen=True, slots=True)
class _Item:
    """A field as it is written, wanted on some object types."""

    key: str
    text: str
    field: str
    types: frozenset[str]
    is_at_root: bool


class _Emitter:
    def __init__(self, graph: QueryGraph, group: FetchGroup, root_order: Mapping[str, int]) -> None:
        self._graph = graph
        self._group = group
        self._root_order = root_order
        self._visible = graph.supergraph.api_schema.type_map
        self.variables: set[str] = set()

    def selection(self, node: SelectionNode, known: Conditions) -> str:
        """The selection set of ``node``, where the conditions ``known`` hold anyway."""
        presence = self._group.presences[node.slot]
        starts_at_entities = self._group.is_entity and node.slot is self._group.slot
        parts = []
        for view in presence.views:
            text = " ".join(self._view(node, view, known))
            parts.append(f"... on {view.type_name} {{ {text} }}" if starts_at_entities else text)
        return f"{{ {' '.join(parts)} }}"

    def _view(self, node: SelectionNode, view: View, known: Conditions) -> list[str]:
        """What to select on the objects as the subgraph sees them through ``view``."""
        direct: list[str] = []
        by_type: dict[str, list[str]] = {}
        for item in sorted(self._items(node, view, known), key=self._position):
            self._place(item, view, direct, by_type)
        fragments = [f"... on {type_name} {{ {' '.join(texts)} }}" for type_name, texts in by_type.items()]
        if not direct and not fragments:
            return [f"{_EXISTS_ALIAS}: {TYPENAME}" if view.is_opaque else TYPENAME]
        return direct + fragments

    def _position(self, item: _Item) -> int:
        """Root fields of a mutation keep the client's order; it does not matter for others."""
        return self._root_order.get(item.key, 0) if item.is_at_root else 0

    def _items(self, node: SelectionNode, view: View, known: Conditions) -> Iterator[_Item]:
        is_at_root = node.slot.parent is None
        for (key, call, conditions), types in node.leaves.items():
            wanted = types & view.covers
            if wanted and not self._is_selected_anyway(node, key, call, conditions, types):
                text = self._conditional(_call_text(key, call), conditions - known)
                self.variables |= call.variables
                yield _Item(key, text, call.name, wanted, is_at_root)
        for (slot, conditions), child in node.children.items():
            wanted = slot.parent_types & self._group.presences[slot].parents & view.covers
            if wanted:
                selection = self.selection(child, known | conditions)
                text = self._conditional(_call_text(slot.key, slot.call), conditions - known, selection)
                self.variables |= slot.call.variables
                yield _Item(slot.key, text, slot.call.name, wanted, is_at_root)

    def _is_selected_anyway(
        self, node: SelectionNode, key: str, call: FieldCall, conditions: Conditions, types: frozenset[str]
    ) -> bool:
        """Whether the leaf is also selected under weaker conditions."""
        return bool(conditions) and any(
            other_key == key and other_call == call and other < conditions and types <= other_types
            for (other_key, other_call, other), other_types in node.leaves.items()
        )

    def _place(self, item: _Item, view: View, direct: list[str], by_type: dict[str, list[str]]) -> None:
        """Put a field where it is selected for its types, in as few fragments as possible."""
        text, field, types = item.text, item.field, item.types
        if self._reaches_only(view.type_name, view, types, field):
            direct.append(text)
            return
        if len(types) > 1:
            for type_name in sorted(frozenset().union(*(self._graph.interfaces_of[one] for one in types))):
                if self._reaches_only(type_name, view, types, field):
                    by_type.setdefault(type_name, []).append(text)
                    return
        for type_name in sorted(types):
            by_type.setdefault(type_name, []).append(text)

    def _reaches_only(self, type_name: str, view: View, types: frozenset[str], field: str) -> bool:
        """Whether ``field`` on ``type_name`` is selected for ``types`` and for no other that clients can see."""
        if view.is_opaque and type_name == view.type_name:
            return True
        graph = self._group.graph
        if graph not in self._graph.types[type_name].graphs or not self._graph.declares(graph, type_name, field):
            return False
        reached = self._graph.view(graph, type_name).covers & view.covers
        return types <= reached and not any(one in self._visible for one in reached - types)

    def _conditional(self, text: str, conditions: Conditions, selection: str = "") -> str:
        """A field under ``@include`` and ``@skip``; what is left after one of each goes around it."""
        if not conditions:
            return f"{text} {selection}" if selection else text
        self.variables.update(variable for variable, _ in conditions)
        include, skip = _directives(conditions, wanted=True), _directives(conditions, wanted=False)
        result = " ".join(part for part in (text, *include[:1], *skip[:1], selection) if part)
        for directive in (*include[1:], *skip[1:]):
            result = f"... {directive} {{ {result} }}"
        return result


def _directives(conditions: Iterable[tuple[str, bool]], *, wanted: bool) -> list[str]:
    name = "include" if wanted else "skip"
    return [f"@{name}(if: ${variable})" for variable, value in sorted(conditions) if value is wanted]


def _call_text(key: str, call: FieldCall) -> str:
    return f"{call.name}{call.arguments}" if key == call.name else f"{key}: {call.name}{call.arguments}"
