"""A client's operation after parse, validation and planning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from router.execution.compilation import CompiledPlan
from router.execution.introspection import Introspection
from router.planner import QueryPlan


@dataclass(frozen=True, slots=True)
class DocumentStats:
    """The size of an operation with its fragments spread out; each number counts every use.

    Attributes:
        fields: Selected fields.
        depth: Deepest nesting of fields; ``{ a { b } }`` has depth 2.
        aliases: Fields that carry an alias.
        root_fields: Fields selected on the root type.
    """

    fields: int
    depth: int
    aliases: int
    root_fields: int


@dataclass(frozen=True, slots=True, eq=False)
class PreparedOperation:
    """What the engine keeps of an operation between requests.

    Attributes:
        root_fields: Names of the fields selected on the root type, every use counted.
    """

    kind: Literal["query", "mutation", "subscription"]
    name: str | None
    document: DocumentNode
    operation: OperationDefinitionNode
    root_fields: tuple[str, ...]
    stats: DocumentStats
    plan: QueryPlan
    compiled: CompiledPlan
    introspection: Introspection | None


def document_stats(document: DocumentNode, operation: OperationDefinitionNode) -> DocumentStats:
    """Measure an operation of a valid document, without spreading fragments out."""
    return _Measure(document).operation(operation)


def root_field_names(document: DocumentNode, operation: OperationDefinitionNode) -> tuple[str, ...]:
    """Names of the fields that an operation of a valid document selects on the root type."""
    fragments = _fragments(document)
    names: list[str] = []
    pending = [operation.selection_set]
    while pending:
        for selection in pending.pop().selections:
            if isinstance(selection, FieldNode):
                names.append(selection.name.value)
            elif isinstance(selection, FragmentSpreadNode):
                pending.append(fragments[selection.name.value].selection_set)
            elif isinstance(selection, InlineFragmentNode):
                pending.append(selection.selection_set)
    return tuple(names)


class _Measure:
    """Measures selection sets; each fragment once, however often it is used."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = _fragments(document)
        self._known: dict[str, DocumentStats] = {}

    def operation(self, operation: OperationDefinitionNode) -> DocumentStats:
        return self._selection_set(operation.selection_set)

    def _selection_set(self, selection_set: SelectionSetNode) -> DocumentStats:
        fields = depth = aliases = root_fields = 0
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                fields += 1
                root_fields += 1
                aliases += selection.alias is not None
                depth = max(depth, 1)
                if selection.selection_set is None:
                    continue
                below = self._selection_set(selection.selection_set)
                depth = max(depth, below.depth + 1)
            else:
                below = self._fragment(selection)
                depth = max(depth, below.depth)
                root_fields += below.root_fields
            fields += below.fields
            aliases += below.aliases
        return DocumentStats(fields, depth, aliases, root_fields)

    def _fragment(self, selection: object) -> DocumentStats:
        if isinstance(selection, FragmentSpreadNode):
            name = selection.name.value
            if name not in self._known:
                self._known[name] = self._selection_set(self._fragments[name].selection_set)
            return self._known[name]
        assert isinstance(selection, InlineFragmentNode)
        return self._selection_set(selection.selection_set)


def _fragments(document: DocumentNode) -> Mapping[str, FragmentDefinitionNode]:
    return {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
