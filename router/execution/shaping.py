"""Compiles how the client's answer is made from the merged data, as long as that keeps the schema's promises.

The compiled function copies what the client selected, in the client's order and under the client's names. It checks
nulls, lists, enum values and object types on the way, and raises ``IrregularDataError`` at the first surprise; the
careful path in ``completion`` then finds out what is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
)

from router.execution.generated import SourceWriter
from router.planner.graph import TYPENAME
from router.planner.operation import INTROSPECTION_FIELDS
from router.planner.shape import Shape, ShapeField

ShapeData: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]

IRREGULAR = (KeyError, TypeError, AttributeError)
"""What the compiled function raises, besides ``IrregularDataError``, when data is missing or of the wrong kind."""


class IrregularDataError(Exception):
    """The data does not have the promised shape."""


def selected_fields(shape: Shape, type_name: str, values: Mapping[str, Any]) -> dict[str, ShapeField]:
    """The fields of one object type by response key, in the order of the answer.

    Args:
        shape: The selections at a place.
        type_name: The object type.
        values: Of the variables that ``@skip`` and ``@include`` use.
    """
    selected: dict[str, ShapeField] = {}
    for field in shape.fields:
        if type_name in field.types and all(values.get(variable) is wanted for variable, wanted in field.conditions):
            selected.setdefault(field.response_key, field)
    return selected


def field_type(schema: GraphQLSchema, type_name: str, field: str) -> GraphQLOutputType:
    """The type that the client sees for a field of an object type."""
    parent = schema.type_map[type_name]
    assert isinstance(parent, GraphQLObjectType | GraphQLInterfaceType)
    type_: GraphQLOutputType = parent.fields[field].type
    return type_


def compile_shape(shape: Shape, root_type: str, schema: GraphQLSchema, values: Mapping[str, Any]) -> ShapeData:
    """A function from the merged data to the client's data, for given values of the condition variables."""
    return _Compiler(schema, values).compile(shape, root_type)


class _Compiler:
    def __init__(self, schema: GraphQLSchema, values: Mapping[str, Any]) -> None:
        self._schema = schema
        self._values = values
        self._writer = SourceWriter()
        self._writer.share({"bad": _bad})
        self._functions: dict[tuple[int, str | None], str] = {}

    def compile(self, shape: Shape, root_type: str) -> ShapeData:
        return self._writer.function(self._object_function(shape, root_type))

    def _function(self, shape: Shape) -> str:
        """Name of a function that shapes any object of the place."""
        if not shape.has_typename:
            return self._object_function(shape, min(shape.types)) if shape.types else "bad"
        known = self._functions.get((id(shape), None))
        if known is None:
            by_type = {type_name: self._object_function(shape, type_name) for type_name in sorted(shape.types)}
            name = self._functions[id(shape), None] = f"any{len(self._functions)}"
            entries = ", ".join(f"{type_name!r}: {function}" for type_name, function in by_type.items())
            self._writer.line(0, f"{name}_by_type = {{{entries}}}")
            self._writer.line(0, f"def {name}(o): return {name}_by_type[o[{TYPENAME!r}]](o)")
            known = name
        return known

    def _object_function(self, shape: Shape, type_name: str) -> str:
        mark = (id(shape), type_name)
        known = self._functions.get(mark)
        if known is not None:
            return known
        items = []
        for response_key, field in selected_fields(shape, type_name, self._values).items():
            items.append(f"{response_key!r}: {self._field(shape, type_name, field)}")
        name = self._functions[mark] = f"object{len(self._functions)}"
        self._writer.line(0, f"def {name}(o):")
        if not any("o[" in item for item in items):
            self._writer.line(1, "if o is None: bad()")
        self._writer.line(1, f"return {{{', '.join(items)}}}")
        return name

    def _field(self, shape: Shape, type_name: str, field: ShapeField) -> str:
        if field.name == TYPENAME:
            return f"o[{TYPENAME!r}]" if shape.has_typename else repr(type_name)
        if field.name in INTROSPECTION_FIELDS:
            return f"o[{field.key!r}]"
        type_ = field_type(self._schema, type_name, field.name)
        return self._value(type_, f"o[{field.key!r}]", "v", field.child)

    def _value(self, type_: GraphQLOutputType, source: str, name: str, child: Shape | None) -> str:
        """An expression for the completed value of ``source``; ``name`` is a variable that it may use."""
        non_null = isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        checked = self._non_null(inner, name, child)
        if checked is None:
            return f"({name} if ({name} := {source}) is not None else bad())" if non_null else source
        if non_null:
            if child is not None and not isinstance(inner, GraphQLList):
                # The function fails on null by itself.
                return f"{self._function(child)}({source})"
            return f"(bad() if ({name} := {source}) is None else {checked})"
        return f"(None if ({name} := {source}) is None else {checked})"

    def _non_null(self, type_: Any, name: str, child: Shape | None) -> str | None:
        """An expression that completes the variable ``name``, which is not null; ``None`` if nothing is to be done."""
        if isinstance(type_, GraphQLList):
            item = f"{name}x"
            completed = self._item(type_.of_type, item, child)
            if completed is None:
                return f"({name} if {name}.__class__ is list else bad())"
            return f"([{completed} for {item} in {name}] if {name}.__class__ is list else bad())"
        if isinstance(type_, GraphQLEnumType):
            return f"({name} if {name} in {self._writer.bind('enum', frozenset(type_.values))} else bad())"
        if child is not None:
            return f"{self._function(child)}({name})"
        return None

    def _item(self, type_: GraphQLOutputType, name: str, child: Shape | None) -> str | None:
        """Like ``_value`` for the loop variable ``name``; ``None`` if items need no look."""
        non_null = isinstance(type_, GraphQLNonNull)
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        checked = self._non_null(inner, name, child)
        if checked is None:
            return f"({name} if {name} is not None else bad())" if non_null else None
        return f"({'bad()' if non_null else 'None'} if {name} is None else {checked})"


def _bad(_value: object = None) -> Any:
    raise IrregularDataError
