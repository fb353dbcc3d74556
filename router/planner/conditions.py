"""``@skip`` and ``@include`` as sets of literals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from graphql import BooleanValueNode, DirectiveNode, VariableNode

Literal: TypeAlias = tuple[str, bool]
"""A Boolean variable and the value it must have."""

Conditions: TypeAlias = frozenset[Literal]
"""Literals that must all hold; empty for always."""

ConditionPath: TypeAlias = tuple[Conditions, ...]
"""Conditions level by level: the n-th belongs to the field at depth n of a response path, the first to the root."""

ALWAYS: Conditions = frozenset()


def conditions_of(directives: Iterable[DirectiveNode] | None, outer: Conditions = ALWAYS) -> Conditions | None:
    """``outer`` together with the conditions that ``directives`` add; ``None`` if they can never all hold."""
    literals = set(outer)
    for directive in directives or ():
        name = directive.name.value
        if name not in ("skip", "include"):
            continue
        wanted = name == "include"
        condition = next(argument.value for argument in directive.arguments or () if argument.name.value == "if")
        if isinstance(condition, VariableNode):
            variable = condition.name.value
            if (variable, not wanted) in literals:
                return None
            literals.add((variable, wanted))
        elif isinstance(condition, BooleanValueNode) and condition.value is not wanted:
            return None
    return frozenset(literals)


def implies(specific: ConditionPath, general: ConditionPath) -> bool:
    """Whether ``general`` holds on each level whenever ``specific`` does."""
    return all(weaker <= stronger for stronger, weaker in zip(specific, general, strict=True))
