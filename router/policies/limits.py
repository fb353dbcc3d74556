"""Refuse documents that ask for too much, before validation and planning spend anything on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
)

from router.config import LimitsConfig
from router.execution import DocumentCheck
from router.policies.errors import ErrorCode

_MAX_NESTING = 100
"""Fragments in fragments add no depth, yet each costs frames of the interpreter's stack, here and in validation."""


def document_checks(limits: LimitsConfig, *, introspection: bool) -> Sequence[DocumentCheck]:
    """What the engine asks about each document it has not seen before.

    Args:
        limits: the most that an operation may ask for.
        introspection: whether `__schema` and `__type` may be asked.
    """

    def check_size(document: DocumentNode, operation: OperationDefinitionNode) -> list[GraphQLError]:
        try:
            size = _Measure(document, limits.max_depth).operation(operation)
        except _NestedTooDeeplyError:
            return [_refusal("The operation is too large: its fragments are nested too deeply.", operation)]
        if size.introspects and not introspection:
            return [_refusal("Introspection is switched off on this router.", operation)]
        return [
            _refusal(f"The operation is too large: its {what} is over the limit of {maximum}.", operation)
            for what, amount, maximum in (
                ("depth", size.depth, limits.max_depth),
                ("number of aliases", size.aliases, limits.max_aliases),
                ("number of fields", size.fields, limits.max_fields),
                ("number of root fields", size.own_fields, limits.max_root_fields),
                ("number of directives", size.directives, limits.max_directives),
            )
            if amount > maximum
        ]

    return (check_size,)


@dataclass(frozen=True, slots=True)
class _Size:
    """How much a selection set asks for, its fragments spread out."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0
    """All fields, those below included."""
    own_fields: int = 0
    """Fields of the set itself only."""
    introspects: bool = False


class _NestedTooDeeplyError(Exception):
    """Going on would exhaust the interpreter's stack."""


class _Measure:
    """Sizes of selection sets; each fragment is measured once, so nested fragments cost linear time."""

    def __init__(self, document: DocumentNode, max_depth: int) -> None:
        self._max_depth = max_depth
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._sizes: dict[str, _Size] = {}
        self._nesting = 0

    def operation(self, node: OperationDefinitionNode) -> _Size:
        """The size of a whole operation. Raises :class:`_NestedTooDeeplyError`."""
        size = self._selection_set(node.selection_set, 1)
        return _Size(
            depth=size.depth,
            aliases=size.aliases,
            directives=size.directives + len(node.directives or ()),
            fields=size.fields,
            own_fields=size.own_fields,
            introspects=size.introspects,
        )

    def _selection_set(self, node: SelectionSetNode | None, level: int) -> _Size:
        """The size of ``node``, whose fields are ``level`` deep in the operation."""
        if node is None:
            return _Size()
        if level > self._max_depth:  # the verdict is fixed; going on would only cost time
            return _Size(depth=1)
        if self._nesting >= _MAX_NESTING:
            raise _NestedTooDeeplyError
        self._nesting += 1
        try:
            return self._sum(node, level)
        finally:
            self._nesting -= 1

    def _sum(self, node: SelectionSetNode, level: int) -> _Size:
        depth = aliases = directives = fields = own_fields = 0
        introspects = False
        for selection in node.selections:
            directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                inner = self._selection_set(selection.selection_set, level + 1)
                depth = max(depth, 1 + inner.depth)
                own_fields += 1
                fields += 1
                aliases += selection.alias is not None
                introspects = introspects or selection.name.value in ("__schema", "__type")
            else:
                if isinstance(selection, FragmentSpreadNode):
                    inner = self._fragment(selection.name.value, level)
                else:
                    inner = self._selection_set(selection.selection_set, level)  # type: ignore[attr-defined]
                depth = max(depth, inner.depth)
                own_fields += inner.own_fields
            fields += inner.fields
            aliases += inner.aliases
            directives += inner.directives
            introspects = introspects or inner.introspects
        return _Size(depth, aliases, directives, fields, own_fields, introspects)

    def _fragment(self, name: str, level: int) -> _Size:
        size = self._sizes.get(name)
        if size is None:
            fragment = self._fragments.get(name)
            if fragment is None:
                return _Size()  # validation says which spread has no fragment
            self._sizes[name] = _Size()  # a cycle ends here; validation refuses it by name
            size = self._sizes[name] = self._selection_set(fragment.selection_set, level)
        return size


def _refusal(message: str, operation: OperationDefinitionNode) -> GraphQLError:
    return GraphQLError(message, nodes=operation, extensions={"code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value})
