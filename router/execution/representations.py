"""Compiles how an entity fetch makes its representations from the data that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import orjson
from graphql import GraphQLSchema, get_named_type, is_interface_type, is_object_type, is_specified_scalar_type

from router.execution.generated import SourceWriter
from router.planner.fetches import Input, InputField, InputSelection
from router.planner.graph import TYPENAME
from router.planner.nodes import Fetch

Targets: TypeAlias = list[list[dict[str, Any]]]
"""For each representation, the objects that its entity is merged into."""

BuildRepresentations: TypeAlias = Callable[[dict[str, Any]], tuple[list[dict[str, Any]], Targets]]


class MissingInputError(Exception):
    """An object lacks a value without which it has no representation."""


def compile_representations(fetch: Fetch, schema: GraphQLSchema) -> BuildRepresentations:
    """A function from the root data to the distinct representations of ``fetch`` and the objects behind each."""
    return _Compiler(fetch, schema).compile()


def compile_targets(fetch: Fetch) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    """A function from the root data to the objects at the place of ``fetch``."""
    writer = SourceWriter()
    writer.line(0, "def targets(root):")
    writer.line(1, "found = []")
    indent, name = _write_walk(writer, fetch.slot.path, 1)
    writer.line(indent, f"found.append({name})")
    writer.line(1, "return found")
    return writer.function("targets")


def places(data: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """The objects at a plan's path, each with its own path in the data."""
    if data is None:
        return
    if not path:
        yield (), data
    elif path[0] == "@":
        for index, item in enumerate(data):
            for below, found in places(item, path[1:]):
                yield (index, *below), found
    else:
        for below, found in places(data.get(path[0]), path[1:]):
            yield (path[0], *below), found


def _write_walk(writer: SourceWriter, path: tuple[str, ...], indent: int) -> tuple[int, str]:
    """Write loops over the objects at ``path``; returns the depth inside them and the object's name."""
    name = "root"
    for number, step in enumerate(path):
        inner = f"v{number}"
        if step == "@":
            writer.line(indent, f"for {inner} in {name}:")
            indent += 1
        else:
            writer.line(indent, f"{inner} = {name}.get({step!r})")
        writer.line(indent, f"if {inner} is not None:")
        indent += 1
        name = inner
    return indent, name


class _Compiler:
    def __init__(self, fetch: Fetch, schema: GraphQLSchema) -> None:
        self._fetch = fetch
        self._schema = schema
        self._writer = SourceWriter()
        self._writer.share({"Missing": MissingInputError, "dumps": _dumps})
        self._selections = 0

    def compile(self) -> BuildRepresentations:
        writer = self._writer
        inputs = [(input_, self._write_selection(input_.selection, input_)) for input_ in self._fetch.inputs]
        writer.line(0, "def build(root):")
        writer.line(1, "representations = []; targets = []; known = {}")
        indent, name = _write_walk(writer, self._fetch.slot.path, 1)
        if any(input_.is_typed for input_, _ in inputs):
            writer.line(indent, f"typename = {name}.get({TYPENAME!r})")
        for input_, function in inputs:
            inner = indent
            if input_.is_typed:
                writer.line(indent, f"if typename in {writer.bind('types', input_.types)}:")
                inner += 1
            self._write_input(input_, function, name, inner)
        writer.line(1, "return representations, targets")
        return writer.function("build")

    def _write_input(self, input_: Input, function: str, name: str, indent: int) -> None:
        line = self._writer.line
        line(indent, "try:")
        line(indent + 1, f"representation = {function}({name})")
        line(indent, "except Missing:")
        line(indent + 1, "pass")
        line(indent, "else:")
        line(indent + 1, f"key = {self._identity(input_)}")
        line(indent + 1, "index = known.get(key)")
        line(indent + 1, "if index is None:")
        line(indent + 2, "known[key] = len(representations)")
        line(indent + 2, "representations.append(representation)")
        line(indent + 2, f"targets.append([{name}])")
        line(indent + 1, "else:")
        line(indent + 2, f"targets[index].append({name})")

    def _identity(self, input_: Input) -> str:
        """An expression that is equal for equal representations."""
        fields = input_.selection.fields
        if all(field.child is None and self._is_hashable(field) for field in fields):
            values = ", ".join(f"representation.get({field.name!r})" for field in fields)
            return f"({input_.type_name!r}, {values})"
        return "dumps(representation)"

    def _is_hashable(self, field: InputField) -> bool:
        """Whether values are surely strings, numbers or Booleans: a custom scalar may be anything, a list is none."""
        if field.name == TYPENAME:
            return True
        for type_name in field.types:
            parent = self._schema.type_map.get(type_name)
            if parent is None or not (is_object_type(parent) or is_interface_type(parent)):
                return False
            definition = parent.fields.get(field.name)
            if definition is None or "[" in str(definition.type):
                return False
            if not is_specified_scalar_type(get_named_type(definition.type)):
                return False
        return True

    def _write_selection(self, selection: InputSelection, input_: Input | None = None) -> str:
        """Write a function that makes the representation's part for one object; returns its name."""
        children = {
            id(field): self._write_selection(field.child) for field in selection.fields if field.child is not None
        }
        name = f"select{self._selections}"
        self._selections += 1
        line = self._writer.line
        line(0, f"def {name}(o):")
        types = input_.types if input_ is not None else selection.slot.types
        if input_ is not None:
            line(1, f"r = {{{TYPENAME!r}: {input_.type_name!r}}}")
        elif selection.slot.is_abstract:
            line(1, f"t = o.get({TYPENAME!r})")
            line(1, f"r = {{{TYPENAME!r}: t}}")
        else:
            line(1, "r = {}")
        for field in selection.fields:
            indent = 1
            if input_ is None and not types <= field.types:
                line(1, f"if t in {self._writer.bind('types', field.types)}:")
                indent = 2
            self._write_field(field, children.get(id(field)), indent)
        line(1, "return r")
        return name

    def _write_field(self, field: InputField, child: str | None, indent: int) -> None:
        line = self._writer.line
        if field.is_required_value:
            line(indent, f"v = o.get({field.key!r})")
            line(indent, "if v is None: raise Missing")
        else:
            # Null may be given; what a failed fetch did not bring must not pass for null.
            line(indent, f"if {field.key!r} not in o: raise Missing")
            line(indent, f"v = o[{field.key!r}]")
        value = "v"
        if child is not None and field.child is not None:
            value = _each("v", child, field.child.slot.type.list_depth)
            if not field.is_required_value:
                value = f"None if v is None else {value}"
        line(indent, f"r[{field.name!r}] = {value}")


def _each(name: str, function: str, list_depth: int) -> str:
    """An expression that applies ``function`` to each object in nested lists, leaving nulls."""
    if list_depth == 0:
        return f"{function}({name})"
    item = f"x{list_depth}"
    return f"[None if {item} is None else {_each(item, function, list_depth - 1)} for {item} in {name}]"


def _dumps(representation: dict[str, Any]) -> bytes:
    return orjson.dumps(representation, default=str)
