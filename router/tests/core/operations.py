"""A hypothesis strategy for valid operations on a schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    parse,
    validate,
)
from hypothesis import strategies as st

CONDITION_VARIABLES = ("p", "q")
MAX_DEPTH = 5


@st.composite
def operations(draw: Any, schema: GraphQLSchema, root: str = "Query") -> tuple[str, dict[str, Any]]:
    """A valid operation with variables."""
    generator = _Generator(draw, schema)
    text = generator.operation(root)
    if validate(schema, parse(text)):
        # The aliases clash in a way that GraphQL does not allow: tell all of them apart.
        text = generator.with_unique_aliases(text)
    variables = {name: draw(st.booleans()) for name in CONDITION_VARIABLES}
    return text, variables


class _Generator:
    def __init__(self, draw: Callable[[Any], Any], schema: GraphQLSchema) -> None:
        self._draw = draw
        self._schema = schema
        self._fragments: list[str] = []
        self._names = sorted(
            {
                field
                for type_ in schema.type_map.values()
                if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__")
                for field in type_.fields
            }
        )

        self._calls: dict[str, str] = {}
        self._swapped = self._chance(40)

    def operation(self, root: str) -> str:
        body = self._selection(self._schema.type_map[root], 0)
        declared = ", ".join(f"${name}: Boolean!" for name in CONDITION_VARIABLES)
        uses = "\n".join([body, *self._fragments])
        used = [name for name in CONDITION_VARIABLES if f"${name}" in uses]
        head = f"query Generated({declared})" if len(used) == len(CONDITION_VARIABLES) else "query Generated"
        if 0 < len(used) < len(CONDITION_VARIABLES):
            head = f"query Generated(${used[0]}: Boolean!)"
        return "\n".join([f"{head} {body}", *self._fragments])

    def with_unique_aliases(self, text: str) -> str:
        """``text`` with each alias made unique."""
        parts = _split_aliases(text)
        return "".join(f"{part}u{index}_" if index < len(parts) - 1 else part for index, part in enumerate(parts))

    def _chance(self, percent: int) -> bool:
        return bool(self._draw(st.integers(0, 99)) < percent)

    def _selection(self, type_: GraphQLNamedType, depth: int) -> str:
        count = self._draw(st.integers(1, 4 if depth < 3 else 2))
        return "{ " + " ".join(self._item(type_, depth) for _ in range(count)) + " }"

    def _item(self, type_: GraphQLNamedType, depth: int) -> str:
        if depth < MAX_DEPTH and self._chance(22):
            return self._fragment(type_, depth)
        if isinstance(type_, GraphQLUnionType) or self._chance(8):
            alias = "" if self._swapped or self._chance(60) else self._alias()
            return f"{alias}__typename{self._directives()}"
        return self._field(type_, depth)

    def _field(self, type_: GraphQLNamedType, depth: int) -> str:
        assert isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
        names = sorted(
            name
            for name, field in type_.fields.items()
            if depth < MAX_DEPTH or not is_composite_type(get_named_type(field.type))
        )
        if not names:
            return "__typename"
        name = self._draw(st.sampled_from(names))
        field = type_.fields[name]
        arguments = [
            f"{argument}: {self._literal(definition.type, argument)}"
            for argument, definition in field.args.items()
            if isinstance(definition.type, GraphQLNonNull) or self._chance(40)
        ]
        call = name + (f"({', '.join(arguments)})" if arguments else "")
        if self._swapped:
            text = self._swapped_alias(name, call) + call
        else:
            text = (self._alias() if self._chance(30) or arguments else "") + call
        text += self._directives()
        named = get_named_type(field.type)
        return f"{text} {self._selection(named, depth + 1)}" if is_composite_type(named) else text

    def _alias(self) -> str:
        return f"{self._draw(st.sampled_from(self._names))}: "

    def _swapped_alias(self, name: str, call: str) -> str:
        """The name of another field, the same one wherever this call is made: valid, and in the way of keys."""
        known = self._calls.setdefault(call, f"c{len(self._calls)}_" if call != name else "")
        swapped = self._names[-1 - self._names.index(name)]
        return f"{known}{swapped}: "

    def _fragment(self, type_: GraphQLNamedType, depth: int) -> str:
        condition = type_
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType) and self._chance(70):
            condition = self._draw(st.sampled_from(self._overlapping(type_)))
        body = self._selection(condition, depth + 1)
        if self._chance(30):
            name = f"F{len(self._fragments)}"
            self._fragments.append(f"fragment {name} on {condition.name} {body}")
            return f"...{name}{self._directives()}"
        on = f" on {condition.name}" if condition is not type_ or self._chance(50) else ""
        return f"...{on}{self._directives()} {body}"

    def _overlapping(self, type_: Any) -> list[Any]:
        possible = {one.name for one in self._schema.get_possible_types(type_)}
        found = []
        for name, other in sorted(self._schema.type_map.items()):
            if isinstance(other, GraphQLObjectType):
                members = {name}
            elif isinstance(other, GraphQLInterfaceType | GraphQLUnionType):
                members = {one.name for one in self._schema.get_possible_types(other)}
            else:
                continue
            if possible & members:
                found.append(other)
        return found

    def _directives(self) -> str:
        if not self._chance(12):
            return ""
        name = self._draw(st.sampled_from(["skip", "include"]))
        value = self._draw(st.sampled_from([*(f"${one}" for one in CONDITION_VARIABLES), "true", "false"]))
        return f" @{name}(if: {value})"

    def _literal(self, type_: Any, argument: str) -> str:
        if isinstance(type_, GraphQLNonNull):
            return self._literal(type_.of_type, argument)
        if isinstance(type_, GraphQLList):
            return f"[{self._literal(type_.of_type, argument)}]"
        if isinstance(type_, GraphQLEnumType):
            return str(self._draw(st.sampled_from(sorted(type_.values))))
        if isinstance(type_, GraphQLInputObjectType):
            fields = [
                f"{name}: {self._literal(field.type, name)}"
                for name, field in type_.fields.items()
                if isinstance(field.type, GraphQLNonNull) or self._chance(50)
            ]
            return f"{{{', '.join(fields)}}}"
        assert isinstance(type_, GraphQLScalarType)
        if type_ is GraphQLBoolean:
            return "true"
        if type_.name == "Int":
            return str(self._draw(st.integers(0, 3)))
        choices = ["USD", "BRL"] if argument == "currency" else ["1", "u1", "p1", "b1", "c1", "o1", "nope"]
        return f'"{self._draw(st.sampled_from(choices))}"'


def _split_aliases(text: str) -> list[str]:
    """``text`` cut before each alias."""
    parts, start, index = [], 0, 0
    words = text.split(" ")
    for word in words:
        is_alias = word.endswith(":") and word[:-1].isidentifier() and not _inside_arguments(text, index)
        if is_alias:
            parts.append(text[start:index])
            start = index
        index += len(word) + 1
    parts.append(text[start:])
    return parts


def _inside_arguments(text: str, index: int) -> bool:
    before = text[:index]
    return before.count("(") > before.count(")")
