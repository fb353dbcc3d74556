"""Answers ``__schema`` and ``__type`` from the API schema, without asking a subgraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    execute_sync,
)

from router.planner.operation import INTROSPECTION_FIELDS


class Introspection:
    """The introspecting part of one operation."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        kept = replace(operation, selection_set=_introspecting(operation.selection_set, fragments))
        self._document = DocumentNode(definitions=(kept, *fragments.values()))
        self._is_constant = not operation.variable_definitions
        self._known: dict[str, Any] | None = None

    def answer(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], list[GraphQLError]]:
        """Introspection data by response key, and errors."""
        if self._known is not None:
            return dict(self._known), []
        result = execute_sync(self._schema, self._document, variable_values=dict(variables))
        data = dict(result.data or {})
        if self._is_constant and not result.errors:
            self._known = data
        return dict(data), list(result.errors or ())


def _introspecting(
    selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> SelectionSetNode:
    """The introspection fields of a root selection set, with named fragments spread out."""
    kept: list[SelectionNode] = []
    for selection in selection_set.selections:
        if isinstance(selection, FieldNode):
            if selection.name.value in INTROSPECTION_FIELDS:
                kept.append(selection)
        elif isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
            inner = _introspecting(fragment.selection_set, fragments)
            kept.append(InlineFragmentNode(directives=selection.directives, selection_set=inner))
        elif isinstance(selection, InlineFragmentNode):
            kept.append(replace(selection, selection_set=_introspecting(selection.selection_set, fragments)))
    return SelectionSetNode(selections=tuple(one for one in kept if not _is_empty(one)))


def _is_empty(selection: SelectionNode) -> bool:
    return isinstance(selection, InlineFragmentNode) and not selection.selection_set.selections
