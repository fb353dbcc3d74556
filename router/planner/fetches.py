"""The fetches of a plan under construction: what each one asks for, and what it must be given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import SelectionSetNode

from router.planner.conditions import ConditionPath, Conditions, implies
from router.planner.graph import Provided, View
from router.planner.operation import Need
from router.planner.slots import FieldCall, Slot


@dataclass(slots=True, eq=False)
class InputField:
    """A field of a representation.

    Attributes:
        name: What the subgraph calls it.
        key: Where the merged data has it.
        types: Object types to which it belongs.
        is_required_value: Without a value there is no representation: it is part of a key, or not nullable.
        child: The fields below, ``None`` for a leaf.
    """

    name: str
    key: str
    types: frozenset[str]
    is_required_value: bool
    child: InputSelection | None = None


@dataclass(slots=True, eq=False)
class InputSelection:
    """The part of a representation that belongs to one slot."""

    slot: Slot
    fields: list[InputField] = field(default_factory=list)

    def agrees_with(self, other: InputSelection) -> bool:
        """Whether both can be given at once: they take each field from the same place."""
        for ours in self.fields:
            for theirs in other.fields:
                if ours.name != theirs.name or not ours.types & theirs.types:
                    continue
                if ours.key != theirs.key:
                    return False
                if ours.child and theirs.child and not ours.child.agrees_with(theirs.child):
                    return False
        return True

    def add(self, other: InputSelection) -> None:
        """Take in the fields of ``other``, with which this one agrees."""
        for field_ in other.fields:
            self.add_field(field_)

    def add_field(self, field_: InputField) -> None:
        """Take in one field."""
        for ours in self.fields:
            if ours.name == field_.name and ours.key == field_.key:
                ours.types |= field_.types
                ours.is_required_value |= field_.is_required_value
                if ours.child and field_.child:
                    ours.child.add(field_.child)
                return
        self.fields.append(field_)


@dataclass(slots=True, eq=False)
class Input:
    """The representations of one kind that an entity fetch sends.

    Attributes:
        types: Object types of the slot that it is for.
        type_name: What the representation says it is.
        is_typed: Whether each object must be asked for its type first; else all objects of the slot are meant.
        sets: The field sets that it gives, and whether each is a key.
    """

    types: frozenset[str]
    type_name: str
    is_typed: bool
    selection: InputSelection
    sets: list[tuple[SelectionSetNode, bool]]


@dataclass(slots=True, eq=False)
class SelectionNode:
    """What a fetch selects at a slot under certain conditions.

    ``leaves`` holds the object types on which each leaf is wanted, by its storage key, call and own conditions.
    """

    slot: Slot
    leaves: dict[tuple[str, FieldCall, Conditions], frozenset[str]] = field(default_factory=dict)
    children: dict[tuple[Slot, Conditions], SelectionNode] = field(default_factory=dict)

    def count(self) -> int:
        """The number of fields selected here and below."""
        return len(self.leaves) + sum(1 + child.count() for child in self.children.values())


@dataclass(slots=True, eq=False)
class Presence:
    """A fetch that passes a slot, and how its subgraph sees the objects there.

    Attributes:
        parents: Object types of the parent for which it does; of no meaning where the fetch starts.
    """

    group: FetchGroup
    slot: Slot
    views: list[View]
    provided: Provided
    parents: set[str]

    @property
    def is_origin(self) -> bool:
        """Whether the fetch brings the objects, rather than adding to them."""
        return self.group.slot is not self.slot or self.slot.parent is None


class FetchGroup:
    """One fetch.

    Attributes:
        graph: The subgraph it asks.
        slot: Where it starts: at the root, or where the entities are that it adds to.
        is_entity: Whether it goes through ``_entities``.
        dependencies: Fetches that must be done before, because they bring its inputs.
        satisfied: Object types and ``@requires`` texts for which it is given what they require.
        contexts: Conditions under which something is selected, as paths to the start slot, followed by what holds
            further down. Its inputs have to be there under each of them.
    """

    def __init__(self, graph: str, slot: Slot, *, is_entity: bool) -> None:
        self.graph = graph
        self.slot = slot
        self.is_entity = is_entity
        self.dependencies: set[FetchGroup] = set()
        self.inputs: list[Input] = []
        self.satisfied: set[tuple[str, str]] = set()
        self.root = SelectionNode(slot)
        self.presences: dict[Slot, Presence] = {}
        self.conditions: Conditions | None = None
        self._nodes: dict[Slot, list[tuple[ConditionPath, SelectionNode]]] = {slot: [((), self.root)]}
        self.contexts: list[ConditionPath] = []

    def select(self, need: Need) -> None:
        """Select the leaf of ``need``, whose slot this fetch passes."""
        conditions = need.conditions.union(*need.path)
        self.conditions = conditions if self.conditions is None else self.conditions & conditions
        path = need.path[self.slot.depth + 1 :]
        if self._has(need, path):
            return
        node = self._node(need.slot, path)
        if not need.call.name:
            return
        leaf = (need.key, need.call, need.conditions)
        node.leaves[leaf] = node.leaves.get(leaf, frozenset()) | need.types

    def _has(self, need: Need, path: ConditionPath) -> bool:
        """Whether the leaf is selected already, under conditions that hold whenever those of ``need`` do."""
        for known, node in self._nodes.get(need.slot, ()):
            if not implies(path, known):
                continue
            if not need.call.name:
                return True
            for (key, call, conditions), types in node.leaves.items():
                if key == need.key and call == need.call and conditions <= need.conditions and need.types <= types:
                    return True
        return False

    def _node(self, slot: Slot, path: ConditionPath) -> SelectionNode:
        if slot is self.slot:
            return self.root
        assert slot.parent is not None
        parent = self._node(slot.parent, path[:-1])
        node = parent.children.get((slot, path[-1]))
        if node is None:
            node = parent.children[slot, path[-1]] = SelectionNode(slot)
            self._nodes.setdefault(slot, []).append((path, node))
        return node

    def depends_on(self, other: FetchGroup) -> bool:
        """Whether this fetch is ``other`` or must wait for it."""
        seen = {self}
        pending = [self]
        while pending:
            group = pending.pop()
            if group is other:
                return True
            fresh = group.dependencies - seen
            seen |= fresh
            pending.extend(fresh)
        return False

    def slots(self) -> Iterator[Slot]:
        """The slots it selects in."""
        return iter(self._nodes)
