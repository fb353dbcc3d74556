"""One schema over all the data: what the answers of a supergraph are measured by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLResolveInfo,
    GraphQLSchema,
    execute,
    parse,
    validate,
)

from router.tests.core.world import Ref, World


class Monolith:
    """One schema over all the data, run by graphql-core.

    ``types`` has the declared type at each path of the last answer.
    """

    def __init__(self, schema: GraphQLSchema, world: World) -> None:
        self._schema = schema
        self._world = world
        self.types: dict[tuple[str | int, ...], Any] = {}

    def execute(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        document = parse(query)
        assert not (errors := validate(self._schema, document)), errors
        result = execute(
            self._schema,
            document,
            variable_values=dict(variables),
            field_resolver=self._resolve,
            type_resolver=lambda value, _info, _type: value.type,
        )
        return json.loads(json.dumps(result.formatted))

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        name = info.field_name
        self.types[tuple(info.path.as_list())] = info.return_type
        if isinstance(source, dict):
            return source.get(name)
        if not isinstance(source, Ref):
            return self._world.computed[f"{info.parent_type.name}.{name}"](self._world, **arguments)
        computed = self._world.computed.get(f"{source.type}.{name}")
        record = self._world.find(source)
        if computed is not None:
            return computed(lambda other, **inner: self._plain(source, other, inner), **arguments)
        return record.get(name)

    def _plain(self, source: Ref, name: str, arguments: Mapping[str, Any]) -> Any:
        """A field as a representation would have it: links replaced by the objects they lead to."""
        computed = self._world.computed.get(f"{source.type}.{name}")
        if computed is not None:
            return computed(lambda other, **inner: self._plain(source, other, inner), **arguments)
        return _expand(self._world, self._world.find(source).get(name))


def _expand(world: World, value: Any, depth: int = 3) -> Any:
    if isinstance(value, Ref):
        if depth == 0:
            return None
        inner = {name: _expand(world, one, depth - 1) for name, one in world.find(value).items()}
        return {"__typename": value.type} | inner
    if isinstance(value, list):
        return [_expand(world, item, depth) for item in value]
    return value
