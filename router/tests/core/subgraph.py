"""A subgraph under test.

It is strict: it validates what it is asked, it finds entities by complete keys only, and it has no value for an
``@external`` field unless the router gives it one, or it provides it on that path. So a wrong plan shows.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    SelectionSetNode,
    execute,
    parse,
    print_ast,
    subscribe,
    validate,
)

from router.execution import SubgraphRequest, TransportError
from router.tests.core.local_schema import local_ast, local_schema
from router.tests.core.world import FieldFailed, Ref, World


@dataclass(frozen=True)
class Seen:
    """A record as one subgraph sees it, with what the router gave it and what it provides on this path."""

    ref: Ref
    given: Mapping[str, Any] = field(default_factory=dict)
    provided: tuple[SelectionSetNode, ...] = ()


class SubgraphUnderTest:
    """An executable subgraph over a world; also the transport that reaches it."""

    def __init__(self, name: str, sdl: str, world: World) -> None:
        self.name = name
        self._world = world
        self._ast = local_ast(sdl)
        self._schema = local_schema(sdl)
        self._fields = {
            node.name.value: {one.name.value: one for one in node.fields or ()}
            for node in self._ast.definitions
            if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
        }
        self._keys = {
            node.name.value: list(_directive_texts(node, "key"))
            for node in self._ast.definitions
            if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
        }
        self.requests: list[SubgraphRequest] = []
        self.down = False
        self.answer: Callable[[SubgraphRequest], dict[str, Any]] | None = None

    async def execute(self, request: SubgraphRequest) -> dict[str, Any]:
        self.requests.append(request)
        self._world.log.append(self.name)
        if self.down:
            raise TransportError(self.name, "The subgraph is not reachable.")
        if self.answer is not None:
            return self.answer(request)
        document = parse(request.query)
        if errors := validate(self._schema, document):
            messages = [error.message for error in errors]
            raise AssertionError(f"invalid operation for {self.name}: {messages}\n{print_ast(document)}")
        self._check_variables(document, request)
        result = execute(
            self._schema,
            document,
            variable_values=dict(request.variables),
            field_resolver=self._resolve,
            type_resolver=self._resolve_type,
        )
        if hasattr(result, "__await__"):
            result = await result
        return json.loads(json.dumps(result.formatted))

    async def subscribe(self, request: SubgraphRequest) -> AsyncIterator[dict[str, Any]]:
        self.requests.append(request)
        if self.down:
            raise TransportError(self.name, "The subgraph is not reachable.")
        stream = subscribe(
            self._schema,
            parse(request.query),
            variable_values=dict(request.variables),
            field_resolver=self._resolve,
            type_resolver=self._resolve_type,
            subscribe_field_resolver=self._source,
        )
        if hasattr(stream, "__await__"):
            stream = await stream
        if not hasattr(stream, "__aiter__"):
            yield stream.formatted
            return
        try:
            async for result in stream:
                yield json.loads(json.dumps(result.formatted))
        finally:
            await stream.aclose()

    async def aclose(self) -> None:
        pass

    def _check_variables(self, document: DocumentNode, request: SubgraphRequest) -> None:
        declared = {one.variable.name.value for one in document.definitions[0].variable_definitions or ()}
        assert set(request.variables) <= declared, "variables that the operation does not use"

    def _source(self, _root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        return self._world.computed[f"{info.parent_type.name}.{info.field_name}"](self._world, **arguments)

    def _resolve(self, source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
        parent, name = info.parent_type.name, info.field_name
        if name == "_entities" and parent == "Query":
            return [self._entity(representation) for representation in arguments["representations"]]
        where = f"{parent}.{name}"
        if parent == "Subscription":
            return self._see(source, ())
        if not isinstance(source, Seen):
            if isinstance(source, dict):
                return source.get(name)
            self._world.log.append(f"{self.name}:{name}")
            value = self._world.computed[where](self._world, **arguments)
            return self._see(value, self._provides(parent, name, ()))
        real = f"{source.ref.type}.{name}"
        if (self.name, real, source.ref.id) in self._world.failing:
            raise FieldFailed(f"{real} of {source.ref.id} failed")
        below = self._provides(parent, name, source.provided)
        return self._see(self._value(source, parent, name, arguments), below)

    def _value(self, source: Seen, parent: str, name: str, arguments: Mapping[str, Any]) -> Any:
        if self._is_external(parent, name):
            if name in source.given:
                return source.given[name]
            if name not in _selected(source.provided) and not self._is_in_key(parent, name):
                raise AssertionError(f"{self.name} was asked for the external field {parent}.{name}")
        computed = self._world.computed.get(f"{source.ref.type}.{name}")
        if computed is not None:
            return computed(lambda other, **inner: self._raw(source, parent, other, inner), **arguments)
        return self._world.find(source.ref).get(name)

    def _raw(self, source: Seen, parent: str, name: str, arguments: Mapping[str, Any]) -> Any:
        """What a computed field may know: given values for external fields, own ones for the rest."""
        if name in source.given:
            return source.given[name]
        if name.startswith("_"):
            return self._world.find(source.ref)[name]
        if name not in self._fields[parent] or self._is_external(parent, name):
            raise AssertionError(f"{self.name} was not given {parent}.{name}")
        return self._value(source, parent, name, arguments)

    def _see(self, value: Any, provided: tuple[SelectionSetNode, ...]) -> Any:
        if isinstance(value, Ref):
            return Seen(value, {}, provided)
        if isinstance(value, list):
            return [self._see(item, provided) for item in value]
        return value

    def _entity(self, representation: Mapping[str, Any]) -> Any:
        type_name = representation["__typename"]
        if type_name not in self._fields:
            return AssertionError(f"{self.name} does not know the entity type {type_name}")
        for key in self._keys[type_name]:
            selection = parse(f"{{{key}}}").definitions[0].selection_set
            wanted = _project(representation, selection)
            if wanted is not None:
                found = self._find(type_name, selection, wanted)
                if found is None or (self.name, found.type, found.id) in self._world.hidden:
                    return None
                if (self.name, found.type, found.id) in self._world.failing:
                    return FieldFailed(f"{found.type} {found.id} failed")
                return Seen(found, {name: value for name, value in representation.items() if name != "__typename"})
        return AssertionError(f"{self.name} got no key of {type_name}: {dict(representation)}")

    def _find(self, type_name: str, key: SelectionSetNode, wanted: Any) -> Ref | None:
        types = [type_name] if type_name in self._world.records else self._world.abstract[type_name]
        for one in types:
            for record_id, record in self._world.records[one].items():
                if self._matches(record, key, wanted):
                    return Ref(one, record_id)
        return None

    def _matches(self, record: Mapping[str, Any], key: SelectionSetNode, wanted: Mapping[str, Any]) -> bool:
        for selection in key.selections:
            name = selection.name.value
            value = record.get(name)
            if selection.selection_set is None:
                if value != wanted[name]:
                    return False
            elif not isinstance(value, Ref) or not self._matches(
                self._world.find(value), selection.selection_set, wanted[name]
            ):
                return False
        return True

    def _resolve_type(self, value: Any, info: GraphQLResolveInfo, _abstract: Any) -> str:
        assert isinstance(value, Seen)
        if value.ref.type in info.schema.type_map:
            return value.ref.type
        (stand_in,) = [
            name
            for name in self._fields
            if value.ref.type in self._world.abstract.get(name, ())
            and isinstance(info.schema.type_map[name], GraphQLObjectType)
        ]
        return stand_in

    def _provides(self, parent: str, name: str, outer: tuple[SelectionSetNode, ...]) -> tuple[SelectionSetNode, ...]:
        node = self._fields[parent][name]
        own = [parse(f"{{{text}}}").definitions[0].selection_set for text in _directive_texts(node, "provides")]
        inner = [one.selection_set for one in _fields_in(outer) if one.name.value == name and one.selection_set]
        return (*own, *inner)

    def _is_external(self, parent: str, name: str) -> bool:
        node = self._fields[parent].get(name)
        return node is not None and any(directive.name.value == "external" for directive in node.directives or ())

    def _is_in_key(self, parent: str, name: str) -> bool:
        return any(name in key.replace("{", " ").split() for key in self._keys[parent])


def _directive_texts(node: Any, name: str) -> Iterator[str]:
    for directive in node.directives or ():
        if directive.name.value == name:
            for argument in directive.arguments or ():
                if argument.name.value == "fields":
                    yield argument.value.value


def _fields_in(selection_sets: Sequence[SelectionSetNode]) -> Iterator[FieldNode]:
    for selection_set in selection_sets:
        for selection in selection_set.selections:
            if isinstance(selection, InlineFragmentNode):
                yield from _fields_in([selection.selection_set])
            elif isinstance(selection, FieldNode):
                yield selection


def _selected(selection_sets: Sequence[SelectionSetNode]) -> set[str]:
    return {one.name.value for one in _fields_in(selection_sets)}


def _project(value: Any, selection: SelectionSetNode) -> Any:
    """The part of a representation that a key selects, ``None`` if it is not complete."""
    if not isinstance(value, Mapping):
        return None
    result = {}
    for one in selection.selections:
        inner = value.get(one.name.value)
        if one.selection_set is not None:
            inner = _project(inner, one.selection_set)
        if inner is None:
            return None
        result[one.name.value] = inner
    return result
