"""The query graph: look-ups over the supergraph that planning repeats, answered from caches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode

from router.supergraph.model import FieldInGraph, Key, Supergraph

TYPENAME = "__typename"

Provided: TypeAlias = tuple[SelectionSetNode, ...]
"""Selections that ``@provides`` makes resolvable at a place."""


@dataclass(frozen=True, slots=True)
class FieldSource:
    """A subgraph that declares a field of an object type.

    ``owner`` is the type under which it does: the object type, or an interface object that stands for it.
    """

    graph: str
    owner: str
    field: FieldInGraph


class EntryKind(Enum):
    """How a subgraph looks at the entity that a key leads to."""

    DIRECT = "direct"
    """As the object type itself."""
    INTERFACE_OBJECT = "interface object"
    """As an interface object: the subgraph does not know the object type."""
    INTERFACE = "interface"
    """As an interface whose implementations it knows: it tells the object type."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into a subgraph through ``_entities``: ``type_name`` is what the representation says it is."""

    graph: str
    type_name: str
    key: Key
    kind: EntryKind


@dataclass(frozen=True, slots=True)
class View:
    """How a subgraph sees the objects at a place.

    Attributes:
        type_name: Their type as the subgraph declares it.
        covers: The object types they can have.
        is_opaque: The subgraph cannot tell which one it is, because ``type_name`` is an interface object.
    """

    type_name: str
    covers: frozenset[str]
    is_opaque: bool


class QueryGraph:
    """Answers what subgraphs can resolve, with the given progressive overrides switched on."""

    def __init__(self, supergraph: Supergraph, active_labels: frozenset[str] = frozenset()) -> None:
        self.supergraph = supergraph
        self.types = supergraph.types
        self._active_labels = active_labels
        self._sources: dict[tuple[str, str], dict[str, FieldSource]] = {}
        self._entries: dict[str, dict[str, list[Entry]]] = {}
        self._views: dict[tuple[str, str], View] = {}
        self._interface_objects = {
            name: [graph for graph, in_graph in type_.graphs.items() if in_graph.is_interface_object]
            for name, type_ in self.types.items()
        }
        self.interfaces_of: dict[str, list[str]] = {name: [] for name in self.types}
        for name, type_ in self.types.items():
            if type_.is_abstract:
                for possible in type_.possible_types:
                    self.interfaces_of[possible].append(name)

    def sources(self, type_name: str, field: str) -> Mapping[str, FieldSource]:
        """The subgraphs that declare ``field`` for the object type, by name."""
        found = self._sources.get((type_name, field))
        if found is None:
            found = self._sources[type_name, field] = self._find_sources(type_name, field)
        return found

    def _find_sources(self, type_name: str, field: str) -> dict[str, FieldSource]:
        sources: dict[str, FieldSource] = {}
        for owner in (type_name, *self.interfaces_of[type_name]):
            declared = self.types[owner].fields.get(field)
            if declared is None:
                continue
            graphs = declared.graphs if owner == type_name else self._interface_objects[owner]
            for graph in graphs:
                if graph not in sources and graph in declared.graphs:
                    sources[graph] = FieldSource(graph, owner, self._effective(declared.graphs, graph))
        return sources

    def _effective(self, graphs: Mapping[str, FieldInGraph], graph: str) -> FieldInGraph:
        """The field in ``graph``, external if an override takes it away."""
        field = graphs[graph]
        overridden = any(
            other.overrides == graph and (other.override_label is None or other.override_label in self._active_labels)
            for other in graphs.values()
        )
        label = field.override_label if field.overrides is not None else None
        dormant = label is not None and label not in self._active_labels
        return replace(field, external=True) if overridden or dormant else field

    def entries(self, type_name: str) -> Mapping[str, Sequence[Entry]]:
        """The ways into each subgraph for entities of the object type, by subgraph."""
        found = self._entries.get(type_name)
        if found is None:
            found = self._entries[type_name] = {}
            for owner in (type_name, *self.interfaces_of[type_name]):
                for graph, in_graph in self.types[owner].graphs.items():
                    if owner == type_name:
                        kind = EntryKind.DIRECT
                    elif in_graph.is_interface_object:
                        kind = EntryKind.INTERFACE_OBJECT
                    elif type_name in self.types[owner].possible_in.get(graph, ()):
                        kind = EntryKind.INTERFACE
                    else:
                        continue
                    for key in in_graph.keys:
                        if key.resolvable:
                            found.setdefault(graph, []).append(Entry(graph, owner, key, kind))
        return found

    def view(self, graph: str, type_name: str) -> View:
        """How ``graph`` sees values that it declares as ``type_name``."""
        found = self._views.get((graph, type_name))
        if found is None:
            type_ = self.types[type_name]
            in_graph = type_.graphs.get(graph)
            if in_graph is not None and in_graph.is_interface_object:
                found = View(type_name, type_.possible_types, is_opaque=True)
            else:
                found = View(type_name, type_.possible_in.get(graph, frozenset()), is_opaque=False)
            self._views[graph, type_name] = found
        return found

    def entry_view(self, entry: Entry, type_name: str) -> View:
        """How the subgraph that ``entry`` leads to sees an entity of the object type."""
        if entry.kind is EntryKind.DIRECT:
            return View(type_name, frozenset((type_name,)), is_opaque=False)
        return self.view(entry.graph, entry.type_name)

    def has_interface_object(self, type_name: str) -> bool:
        """Whether some subgraph sees the interface without its implementations."""
        return bool(self._interface_objects.get(type_name))

    def declares(self, graph: str, type_name: str, field: str) -> bool:
        """Whether ``field`` can be selected on ``type_name`` itself in ``graph``."""
        if field == TYPENAME:
            return True
        declared = self.types[type_name].fields.get(field)
        return declared is not None and graph in declared.graphs

    def signature(self, type_name: str, field: str) -> frozenset[tuple[object, ...]]:
        """Equal for two object types when the same subgraphs resolve ``field`` under the same conditions."""
        return frozenset(
            (graph, source.field.type, source.field.external, id(source.field.requires), id(source.field.provides))
            for graph, source in self.sources(type_name, field).items()
        )

    def alike(self, types: frozenset[str], field: str) -> list[frozenset[str]]:
        """``types`` in parts within which the same subgraphs resolve ``field`` in the same way."""
        if len(types) == 1 or field == TYPENAME:
            return [types]
        parts: dict[frozenset[tuple[object, ...]], set[str]] = {}
        for type_name in sorted(types):
            parts.setdefault(self.signature(type_name, field), set()).add(type_name)
        return [frozenset(part) for part in parts.values()]

    def resolves(self, graph: str, views: Iterable[View], provided: Provided, type_name: str, field: str) -> bool:
        """Whether ``graph`` resolves ``field`` of the object type where it sees it through ``views``, as it is.

        A field that requires others does not count: they have to be brought first. The empty field name stands for
        the object itself.
        """
        if not field or field == TYPENAME:
            return any(type_name in view.covers and not (field and view.is_opaque) for view in views)
        source = self.sources(type_name, field).get(graph)
        if source is None or source.field.requires or not any(type_name in view.covers for view in views):
            return False
        return not source.field.external or self.provided_below(provided, type_name, field)[0]

    def provided_below(self, provided: Provided, type_name: str, field: str) -> tuple[bool, Provided]:
        """Whether ``provided`` includes ``field`` on the object type, and what it provides below that field."""
        is_provided, below = False, []
        pending = list(provided)
        while pending:
            for selection in pending.pop().selections:
                if isinstance(selection, FieldNode):
                    if selection.name.value == field:
                        is_provided = True
                        if selection.selection_set:
                            below.append(selection.selection_set)
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    if condition is None or type_name in self.types[condition.name.value].possible_types:
                        pending.append(selection.selection_set)
        return is_provided, tuple(below)
