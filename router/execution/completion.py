"""Makes the client's answer from data that breaks the schema's promises: nulls spread, and each has its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
)

from router.execution.errors import Explanations, Path, client_error
from router.execution.shaping import field_type, selected_fields
from router.planner.graph import TYPENAME
from router.planner.operation import INTROSPECTION_FIELDS
from router.planner.shape import Shape, ShapeField


class _NullSpreads(Exception):
    pass


class Completion:
    """Completes one answer. Reports in ``errors`` what no earlier error explains."""

    def __init__(self, schema: GraphQLSchema, values: Mapping[str, Any], explained: Explanations) -> None:
        self._schema = schema
        self._values = values
        self._explained = explained
        self.errors: list[dict[str, Any]] = []

    def complete(self, shape: Shape, root_type: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """The client's data, ``None`` if a null spreads up to the root."""
        try:
            return self._object(shape, root_type, data, ())
        except _NullSpreads:
            return None

    def _object(self, shape: Shape, type_name: str, data: Mapping[str, Any], path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for response_key, field in selected_fields(shape, type_name, self._values).items():
            if field.name == TYPENAME:
                result[response_key] = type_name
            elif field.name in INTROSPECTION_FIELDS:
                result[response_key] = data.get(field.key)
            else:
                type_ = field_type(self._schema, type_name, field.name)
                where = f"{type_name}.{field.name}"
                result[response_key] = self._value(type_, data.get(field.key), field, where, (*path, response_key))
        return result

    def _value(self, type_: GraphQLOutputType, value: Any, field: ShapeField, where: str, path: Path) -> Any:
        if isinstance(type_, GraphQLNonNull):
            completed = self._value(type_.of_type, value, field, where, path)
            if completed is None:
                self._report(f"Cannot return null for non-nullable field {where}.", path)
                raise _NullSpreads
            return completed
        if value is None:
            return None
        try:
            return self._non_null(type_, value, field, where, path)
        except _NullSpreads:
            return None

    def _non_null(self, type_: GraphQLOutputType, value: Any, field: ShapeField, where: str, path: Path) -> Any:
        if isinstance(type_, GraphQLList):
            if not isinstance(value, list):
                return self._report(f"Expected a list for field {where}.", path)
            return [self._value(type_.of_type, item, field, where, (*path, index)) for index, item in enumerate(value)]
        if isinstance(type_, GraphQLEnumType):
            if not isinstance(value, str) or value not in type_.values:
                return self._report(f'Enum "{type_.name}" has no such value, for field {where}.', path)
            return value
        if field.child is None:
            return value
        if not isinstance(value, Mapping):
            return self._report(f"Expected an object for field {where}.", path)
        shape = field.child
        type_name = value.get(TYPENAME) if shape.has_typename else min(shape.types, default=None)
        if type_name not in shape.types:
            named = get_named_type(type_).name
            return self._report(f'"{named}" has no such object type, for field {where}.', path)
        return self._object(shape, type_name, value, path)

    def _report(self, message: str, path: Path) -> None:
        if not self._explained.cover(path):
            self._explained.add(path)
            self.errors.append(client_error(message, "INTERNAL", path=path))
