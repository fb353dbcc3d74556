"""The shape of the client's answer: what to read from the merged data, in which order, under which names."""

from __future__ import annotations

from dataclasses import dataclass, field

from router.planner.conditions import Conditions


@dataclass(slots=True, eq=False)
class ShapeField:
    """One occurrence of a field in the client's document.

    Attributes:
        response_key: Name in the answer.
        key: Name in the merged data.
        name: Name in the schema.
        types: Object types on which this occurrence applies.
        conditions: What must hold for it, counting all that it is nested in.
        child: The shape below, ``None`` for a leaf. Occurrences that merge share it.
    """

    response_key: str
    key: str
    name: str
    types: frozenset[str]
    conditions: Conditions
    child: Shape | None = None


@dataclass(slots=True, eq=False)
class Shape:
    """What the client selects on the objects of one place.

    Attributes:
        types: Object types that clients may see there.
        has_typename: Whether the merged data says the type of each object; if not, either there is only one type or
            all types have the same fields.
        fields: Occurrences in document order.
    """

    types: frozenset[str]
    has_typename: bool
    fields: list[ShapeField] = field(default_factory=list)
