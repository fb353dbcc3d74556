"""Refuse operations that could return too many objects, before anything is planned or fetched.

Depth and number of fields do not bound an answer: lists inside lists multiply. This counts the objects that an
operation may return at most by what it asks for: a field with ``first`` or ``last`` as often as that says, another
connection as often as its default, a plain list a few times. It is the estimate of IBM's cost directives
(https://ibm.github.io/graphql-specs/cost-spec.html) with assumed sizes in place of ``@listSize``.
"""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_composite_type,
)

from router.execution import DocumentCheck
from router.policies.errors import ErrorCode

LARGEST_PAGE = 100
"""What a page size in a variable is counted as: variables are not known when a document is checked."""
DEFAULT_PAGE = 20
PLAIN_LIST = 5
_PAGE_ARGUMENTS = ("first", "last", "limit")


def cost_check(schema: GraphQLSchema, max_objects: int) -> DocumentCheck:
    """A check that refuses documents which may return more than ``max_objects`` objects of ``schema``."""

    def check(document: DocumentNode, operation: OperationDefinitionNode) -> list[GraphQLError]:
        root = schema.get_root_type(operation.operation)
        if root is None:  # validation says so in its own words
            return []
        objects = _Estimate(schema, document, max_objects).of(operation.selection_set, root)
        if objects <= max_objects:
            return []
        return [
            GraphQLError(
                f"The operation may return more than {max_objects:,} objects. Ask for smaller pages (`first`), "
                "or for fewer lists inside lists.",
                operation,
                extensions={"code": ErrorCode.BAD_USER_INPUT.value},
            )
        ]

    return check


class _Estimate:
    """Counts up to a little over the limit; what is unknown to the schema counts nothing, for validation refuses it."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, limit: int) -> None:
        self._schema = schema
        self._ceiling = limit + 1
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._counted: dict[str, int] = {}

    def of(self, selections: SelectionSetNode, parent: GraphQLNamedType) -> int:
        """Objects below one object of type ``parent``."""
        total = 0
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                total += self._field(selection, parent)
            elif isinstance(selection, FragmentSpreadNode):
                total += self._fragment(selection.name.value)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = parent if condition is None else self._schema.get_type(condition.name.value)
                total += 0 if kind is None else self.of(selection.selection_set, kind)
            if total > self._ceiling:
                return self._ceiling
        return total

    def _fragment(self, name: str) -> int:
        if name not in self._counted:
            self._counted[name] = 0  # a fragment that spreads itself is for validation to refuse
            definition = self._fragments.get(name)
            kind = None if definition is None else self._schema.get_type(definition.type_condition.name.value)
            if definition is not None and kind is not None:
                self._counted[name] = self.of(definition.selection_set, kind)
        return self._counted[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType) -> int:
        if node.selection_set is None or node.name.value.startswith("__"):
            return 0
        fields: dict[str, GraphQLField] = getattr(parent, "fields", {})
        field = fields.get(node.name.value)
        if field is None:
            return 0
        kind = get_named_type(field.type)
        if not is_composite_type(kind):
            return 0
        if _is_connection(kind):
            # The connection and its `edges` are wrappers: what counts is how many nodes come through them.
            return min(_page_size(node) * self._inside(node.selection_set, kind), self._ceiling)
        size = 1
        if _is_list(field) and not _is_edges(parent, node):
            size = _page_size(node) if _has_page_argument(field) else PLAIN_LIST
        return min(size * (1 + self.of(node.selection_set, kind)), self._ceiling)

    def _inside(self, selections: SelectionSetNode, connection: GraphQLNamedType) -> int:
        return max(1, self.of(selections, connection))


def _is_connection(kind: GraphQLNamedType) -> bool:
    return kind.name.endswith("Connection") and "edges" in getattr(kind, "fields", {})


def _is_edges(parent: GraphQLNamedType, node: FieldNode) -> bool:
    return node.name.value in ("edges", "nodes") and _is_connection(parent)


def _is_list(field: GraphQLField) -> bool:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(kind, GraphQLList)


def _has_page_argument(field: GraphQLField) -> bool:
    return any(name in field.args for name in _PAGE_ARGUMENTS)


def _page_size(node: FieldNode) -> int:
    for argument in node.arguments or ():
        if argument.name.value in _PAGE_ARGUMENTS:
            if isinstance(argument.value, IntValueNode):
                return min(max(int(argument.value.value), 0), LARGEST_PAGE)
            return LARGEST_PAGE
    return DEFAULT_PAGE
