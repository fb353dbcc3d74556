"""From a validated operation to slots, needs and the shape of the answer.

Fragments are spread out, and selections on abstract types are split by the object types they apply to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    print_ast,
    visit,
)

from router.planner.budget import Budget
from router.planner.conditions import ALWAYS, ConditionPath, Conditions, conditions_of
from router.planner.graph import TYPENAME, QueryGraph
from router.planner.shape import Shape, ShapeField
from router.planner.slots import EXISTS_CALL, TYPENAME_CALL, FieldCall, Slot

INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Need:
    """A leaf that some subgraph has to be asked for.

    Attributes:
        types: Object types of the slot on which it is wanted.
        key: Where it is stored in the slot's objects.
        conditions: Of the leaf itself.
        path: Conditions of the slot and of those above it.
    """

    slot: Slot
    types: frozenset[str]
    call: FieldCall
    key: str
    conditions: Conditions
    path: ConditionPath


@dataclass(frozen=True, slots=True)
class _Source:
    """A selection set that contributes to a slot, with the conditions of each level and all of them together."""

    selection_set: SelectionSetNode
    path: ConditionPath
    cumulative: Conditions


@dataclass(frozen=True, slots=True)
class _Occurrence:
    types: frozenset[str]
    node: FieldNode
    call: FieldCall
    conditions: Conditions
    source: _Source

    @property
    def cumulative(self) -> Conditions:
        return self.source.cumulative | self.conditions


class OperationExpander:
    """Expands one operation; afterwards ``root``, ``needs`` and ``shape`` say what to plan for."""

    def __init__(
        self,
        graph: QueryGraph,
        operation: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        budget: Budget,
    ) -> None:
        self._graph = graph
        self._schema: GraphQLSchema = graph.supergraph.api_schema
        self._fragments = fragments
        self._budget = budget
        self._calls: dict[int, FieldCall] = {}
        self.needs: list[Need] = []
        self.introspects = False
        root_type = graph.supergraph.root_types[operation.operation.value]
        self.root = Slot.root(root_type)
        source = _Source(operation.selection_set, (ALWAYS,), ALWAYS)
        self.shape = self._expand(self.root, [source])

    def _expand(self, slot: Slot, sources: Sequence[_Source]) -> Shape:
        types = frozenset(type_name for type_name in slot.types if type_name in self._schema.type_map)
        occurrences = [
            occurrence for source in sources for occurrence in self._visit(source, source.selection_set, types, ALWAYS)
        ]
        self._budget.spend(1 + len(occurrences) * (1 + len(types) // 8))
        by_key: dict[str, list[int]] = {}
        for index, occurrence in enumerate(occurrences):
            response_key = (occurrence.node.alias or occurrence.node.name).value
            by_key.setdefault(response_key, []).append(index)
        slot.reserve(by_key)
        shape = Shape(types, has_typename=self._wants_typename(slot, types, occurrences))
        if slot.parent is not None:
            # Even if every field is skipped, the answer says whether the object is there.
            call = TYPENAME_CALL if shape.has_typename else EXISTS_CALL
            for path in {source.path for source in sources}:
                self.needs.append(Need(slot, slot.types, call, TYPENAME, ALWAYS, path))
        by_occurrence: dict[int, list[ShapeField]] = {}
        for response_key, indexes in by_key.items():
            group = [occurrences[index] for index in indexes]
            expand = self._expand_composite if group[0].node.selection_set else self._expand_leaf
            by_occurrence.update(zip(indexes, expand(slot, response_key, group), strict=True))
        for index in range(len(occurrences)):
            shape.fields.extend(by_occurrence[index])
        return shape

    def _visit(
        self, source: _Source, selection_set: SelectionSetNode, types: frozenset[str], outer: Conditions
    ) -> Iterator[_Occurrence]:
        self._budget.spend()
        for selection in selection_set.selections:
            conditions = conditions_of(selection.directives, outer)
            if conditions is None:
                continue
            if isinstance(selection, FieldNode):
                yield _Occurrence(types, selection, self._call(selection), conditions, source)
                continue
            if isinstance(selection, FragmentSpreadNode):
                fragment: FragmentDefinitionNode | InlineFragmentNode = self._fragments[selection.name.value]
            else:
                assert isinstance(selection, InlineFragmentNode)
                fragment = selection
            condition = fragment.type_condition
            inner = types & self._graph.types[condition.name.value].possible_types if condition else types
            if inner:
                yield from self._visit(source, fragment.selection_set, inner, conditions)

    def _call(self, node: FieldNode) -> FieldCall:
        call = self._calls.get(id(node))
        if call is None:
            call = self._calls[id(node)] = field_call(node)
        return call

    def _wants_typename(self, slot: Slot, types: frozenset[str], occurrences: Iterable[_Occurrence]) -> bool:
        """Whether the data must name each object's type.

        An interface object is worth a look: there, asking for the type may cost a fetch of its own.
        """
        if not slot.is_abstract:
            return False
        if not self._graph.has_interface_object(slot.type.named):
            return True
        return any(occurrence.call.name == TYPENAME or occurrence.types != types for occurrence in occurrences)

    def _expand_leaf(self, slot: Slot, response_key: str, group: Sequence[_Occurrence]) -> Iterator[list[ShapeField]]:
        seen: set[tuple[frozenset[str], str, Conditions, ConditionPath]] = set()
        for occurrence in group:
            call, fields = occurrence.call, []
            if slot.parent is None and call.name in INTROSPECTION_FIELDS | {TYPENAME}:
                yield [ShapeField(response_key, TYPENAME, call.name, occurrence.types, occurrence.cumulative)]
                continue
            for types in self._graph.alike(occurrence.types, call.name):
                key = slot.store_leaf(self._graph, response_key, call, types)
                fields.append(ShapeField(response_key, key, call.name, types, occurrence.cumulative))
                need = Need(slot, types, call, key, occurrence.conditions, occurrence.source.path)
                identity = (types, key, need.conditions, need.path)
                if identity not in seen:
                    seen.add(identity)
                    self.needs.append(need)
            yield fields

    def _expand_composite(
        self, slot: Slot, response_key: str, group: Sequence[_Occurrence]
    ) -> Iterator[list[ShapeField]]:
        if slot.parent is None and group[0].call.name in INTROSPECTION_FIELDS:
            self.introspects = True
            for occurrence in group:
                yield [
                    ShapeField(
                        response_key, response_key, occurrence.call.name, occurrence.types, occurrence.cumulative
                    )
                ]
            return
        children: list[tuple[frozenset[str], Slot, Shape]] = []
        for types, members in self._partition(group):
            child = slot.add_child(self._graph, response_key, members[0].call, types)
            sources = [self._below(member) for member in members]
            children.append((types, child, self._expand(child, sources)))
        for occurrence in group:
            yield [
                ShapeField(
                    response_key,
                    child.key,
                    occurrence.call.name,
                    types & occurrence.types,
                    occurrence.cumulative,
                    child_shape,
                )
                for types, child, child_shape in children
                if types & occurrence.types
            ]

    def _below(self, occurrence: _Occurrence) -> _Source:
        assert occurrence.node.selection_set is not None
        path = (*occurrence.source.path, occurrence.conditions)
        return _Source(occurrence.node.selection_set, path, occurrence.cumulative)

    def _partition(self, group: Sequence[_Occurrence]) -> Iterator[tuple[frozenset[str], list[_Occurrence]]]:
        """Object types that can share a slot: same selections, and the same ways to resolve the field."""
        by_members: dict[tuple[int, ...], set[str]] = {}
        for type_name in sorted(frozenset().union(*(occurrence.types for occurrence in group))):
            members = tuple(index for index, occurrence in enumerate(group) if type_name in occurrence.types)
            by_members.setdefault(members, set()).add(type_name)
        by_text: dict[tuple[object, ...], tuple[list[_Occurrence], set[str]]] = {}
        for members, types in by_members.items():
            selected = [group[index] for index in members]
            text: tuple[object, ...] = members
            if len(by_members) > 1:
                text = tuple((print_ast(one.node), one.conditions, one.source.path) for one in selected)
            by_text.setdefault(text, (selected, set()))[1].update(types)
        for selected, types in by_text.values():
            for alike in self._graph.alike(frozenset(types), selected[0].call.name):
                yield alike, selected


def field_call(node: FieldNode) -> FieldCall:
    """The call that a field node makes: its arguments in a canonical order, and its directives but skip and include."""
    directives = [d for d in node.directives or () if d.name.value not in ("skip", "include")]
    if not node.arguments and not directives:
        return FieldCall(node.name.value)
    texts = [print_ast(argument) for argument in sorted(node.arguments or (), key=lambda a: a.name.value)]
    text = f"({', '.join(texts)})" if texts else ""
    text += "".join(f" {print_ast(directive)}" for directive in directives)
    variables = _Variables()
    for part in (*(node.arguments or ()), *directives):
        visit(part, variables)
    return FieldCall(node.name.value, text, frozenset(variables.names))


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.names.add(node.name.value)
