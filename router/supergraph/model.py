"""The supergraph as data: which subgraph resolves what, and under which conditions.

Subgraphs are named as their authors named them ("hotels"), not by the enum values of the SDL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from graphql import GraphQLSchema, SelectionSetNode


@dataclass(frozen=True, slots=True)
class SubgraphInfo:
    """A subgraph as the supergraph lists it."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as a field declares it.

    Attributes:
        named: The type inside all wrappers.
        wrappers: The wrappers with ``*`` in place of the named type: ``[*!]!``.
    """

    named: str
    wrappers: str

    @property
    def list_depth(self) -> int:
        """How many lists wrap the named type."""
        return self.wrappers.count("[")

    @property
    def is_non_null(self) -> bool:
        """Whether the outermost wrapper refuses null."""
        return self.wrappers.endswith("!")


@dataclass(frozen=True, slots=True)
class FieldInGraph:
    """One subgraph's part in a field.

    Attributes:
        type: The type there, which may be stricter than the supergraph's.
        external: The subgraph declares the field without resolving it (``@external``, or overridden by another one).
        requires: Fields of the same object that the subgraph needs to be given first.
        provides: Fields below this one that the subgraph can resolve on this path only.
        overrides: The subgraph from which this one takes the field over.
        override_label: The condition of the override, given at both subgraphs; ``None`` for always.
    """

    type: TypeRef
    external: bool = False
    requires: SelectionSetNode | None = None
    provides: SelectionSetNode | None = None
    overrides: str | None = None
    override_label: str | None = None


@dataclass(frozen=True, slots=True)
class SupergraphField:
    """A field of an object or interface type, with the subgraphs that declare it."""

    name: str
    type: TypeRef
    graphs: Mapping[str, FieldInGraph]


@dataclass(frozen=True, slots=True)
class Key:
    """A ``@key``: with these fields a subgraph finds the entity, if it is ``resolvable`` there."""

    text: str
    selection: SelectionSetNode
    resolvable: bool


@dataclass(slots=True)
class TypeInGraph:
    """What one subgraph says about a type as a whole."""

    keys: list[Key] = field(default_factory=list)
    is_interface_object: bool = False


class TypeKind(Enum):
    """The kinds of types that a selection can be made on."""

    OBJECT = "object"
    INTERFACE = "interface"
    UNION = "union"


@dataclass(frozen=True, slots=True)
class CompositeType:
    """An object, interface or union type of the supergraph, accessible to clients or not.

    Attributes:
        graphs: The subgraphs that declare the type.
        fields: By name; empty for a union.
        possible_types: The object types that a value can have, in the whole supergraph.
        possible_in: The same as far as one subgraph knows. An interface object has no entry: the subgraph does not
            know its implementations.
    """

    name: str
    kind: TypeKind
    graphs: Mapping[str, TypeInGraph]
    fields: Mapping[str, SupergraphField]
    possible_types: frozenset[str]
    possible_in: Mapping[str, frozenset[str]]

    @property
    def is_abstract(self) -> bool:
        """Whether a value's type is only known at run time."""
        return self.kind is not TypeKind.OBJECT


@dataclass(frozen=True, slots=True)
class Supergraph:
    """A composed schema: what clients see, and who resolves what.

    Attributes:
        api_schema: The schema for clients, without inaccessible elements and federation machinery.
        subgraphs: By name.
        types: Every composite type by name, inaccessible ones included.
        root_types: Type name by operation kind ("query", "mutation", "subscription").
        override_labels: Labels that progressive overrides wait for.
    """

    sdl: str
    api_schema: GraphQLSchema
    subgraphs: Mapping[str, SubgraphInfo]
    types: Mapping[str, CompositeType]
    root_types: Mapping[str, str]
    override_labels: frozenset[str]
