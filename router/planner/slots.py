"""Slots: the places of a response where objects appear, and the keys under which their fields are stored.

A field's value is stored under the client's response key where that is possible. It is not where the client uses one
key for different things on different types, or where the key that a plan needs for itself is taken by an alias.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from router.planner.graph import TYPENAME, QueryGraph
from router.supergraph.model import TypeRef


@dataclass(frozen=True, slots=True)
class FieldCall:
    """A field with its arguments.

    Attributes:
        name: Name in the schema.
        arguments: Arguments and custom directives as GraphQL text, empty without.
        variables: The variables that they use.
    """

    name: str
    arguments: str = ""
    variables: frozenset[str] = frozenset()


TYPENAME_CALL = FieldCall(TYPENAME)

EXISTS_CALL = FieldCall("")
"""Asks for nothing but the object itself."""


@dataclass(slots=True)
class StoredLeaf:
    """A leaf stored in the objects of a slot that have one of ``types``."""

    call: FieldCall
    types: frozenset[str]
    shape: dict[str, tuple[str, str]]


class Slot:
    """A place in the response: the objects that one field, selected on some types of its parent, leads to.

    Attributes:
        key: Key in the parent object; no two slots of one parent share it.
        parent_types: Object types of the parent on which the field is selected.
        type: The field's type in the supergraph.
        types: Object types that a value can have.
        depth: Number of fields on the way here; 0 for the root.
    """

    __slots__ = ("_leaves", "_reserved", "call", "children", "depth", "key", "parent", "parent_types", "type", "types")

    def __init__(
        self,
        *,
        parent: Slot | None,
        key: str,
        call: FieldCall,
        parent_types: frozenset[str],
        type_: TypeRef,
        types: frozenset[str],
    ) -> None:
        self.parent = parent
        self.key = key
        self.call = call
        self.parent_types = parent_types
        self.type = type_
        self.types = types
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: list[Slot] = []
        self._leaves: dict[str, list[StoredLeaf]] = {TYPENAME: [StoredLeaf(TYPENAME_CALL, types, {})]}
        self._reserved: set[str] = set()

    @classmethod
    def root(cls, type_name: str) -> Slot:
        """The slot of the root object."""
        return cls(
            parent=None,
            key="",
            call=FieldCall(""),
            parent_types=frozenset(),
            type_=TypeRef(type_name, "*"),
            types=frozenset((type_name,)),
        )

    @property
    def is_abstract(self) -> bool:
        """Whether the type of a value must be asked for."""
        return len(self.types) > 1

    @property
    def path(self) -> tuple[str, ...]:
        """Storage keys from the root, with ``@`` for each list."""
        if self.parent is None:
            return ()
        return (*self.parent.path, self.key, *("@",) * self.type.list_depth)

    def reserve(self, keys: Iterable[str]) -> None:
        """Let no variation of another key take one of ``keys``, under which the client selects fields."""
        self._reserved.update(keys)

    def add_child(self, graph: QueryGraph, base: str, call: FieldCall, parent_types: frozenset[str]) -> Slot:
        """A new slot for a composite field, stored under ``base`` or a variation of it."""
        type_ = _field_type(graph, parent_types, call)
        child = Slot(
            parent=self,
            key=next(key for key in self._variations(base) if self._is_free(key)),
            call=call,
            parent_types=parent_types,
            type_=type_,
            types=graph.types[type_.named].possible_types,
        )
        self.children.append(child)
        return child

    def child(self, graph: QueryGraph, call: FieldCall, types: frozenset[str]) -> Slot:
        """The slot of a composite field that the plan needs for itself; the client's if it selects the same field."""
        for child in self.children:
            if child.call == call and types <= child.parent_types:
                return child
        return self.add_child(graph, call.name, call, types)

    def store_leaf(self, graph: QueryGraph, base: str, call: FieldCall, types: frozenset[str]) -> str:
        """The key under which a leaf that the client selects as ``base`` is stored in objects of ``types``."""
        if call.name == TYPENAME:
            return TYPENAME
        return self._store(graph, base, call, types, own_types_only=False)

    def leaf(self, graph: QueryGraph, call: FieldCall, types: frozenset[str]) -> str:
        """The key of a leaf that the plan needs for itself; the client's if it selects the same field."""
        if call.name == TYPENAME:
            return TYPENAME
        for key, stored in self._leaves.items():
            if any(leaf.call == call and types <= leaf.types for leaf in stored):
                return key
        return self._store(graph, call.name, call, types, own_types_only=True)

    def _store(
        self, graph: QueryGraph, base: str, call: FieldCall, types: frozenset[str], *, own_types_only: bool
    ) -> str:
        """Store a leaf under the first variation of ``base`` where a subgraph can merge it with what is there.

        Other fields on other types are no hindrance if they have the same type in every subgraph, unless
        ``own_types_only``.
        """
        shape = _shape(graph, call, types)
        for key in self._variations(base):
            if any(child.key == key for child in self.children):
                continue
            stored = self._leaves.setdefault(key, [])
            if all(
                (leaf.call == call or not (own_types_only or leaf.types & types)) and _agree(leaf.shape, shape)
                for leaf in stored
            ):
                stored.append(StoredLeaf(call, types, shape))
                return key
        raise AssertionError("variations never end")

    def _variations(self, base: str) -> Iterator[str]:
        yield base
        for number in count(1):
            if (key := f"{base}__{number}") not in self._reserved:
                yield key

    def _is_free(self, key: str) -> bool:
        return not self._leaves.get(key) and all(child.key != key for child in self.children)


def _field_type(graph: QueryGraph, types: frozenset[str], call: FieldCall) -> TypeRef:
    """The most general supergraph type of the field on ``types``."""
    references = {graph.types[type_name].fields[call.name].type for type_name in types}
    return max(references, key=lambda reference: (len(graph.types[reference.named].possible_types), reference.named))


def _shape(graph: QueryGraph, call: FieldCall, types: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Wrappers and named type of the field in each subgraph; different ones on different types count as unlike any."""
    shape: dict[str, tuple[str, str]] = {}
    for type_name in types:
        for source in graph.sources(type_name, call.name).values():
            here = (source.field.type.wrappers, source.field.type.named)
            if shape.setdefault(source.graph, here) != here:
                shape[source.graph] = ("", type_name)
    return shape


def _agree(one: dict[str, tuple[str, str]], other: dict[str, tuple[str, str]]) -> bool:
    return all(other.get(graph, shape) == shape for graph, shape in one.items())
