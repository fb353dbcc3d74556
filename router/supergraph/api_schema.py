"""The schema that clients see: the supergraph without inaccessible elements and without federation machinery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DirectiveLocation,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLSchema,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    SchemaDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    build_ast_schema,
    validate_schema,
)

from router.supergraph.errors import SupergraphError
from router.supergraph.features import Feature

_CLIENT_DIRECTIVES = frozenset({"deprecated", "specifiedBy", "oneOf"})
_EXECUTABLE_LOCATIONS = frozenset(
    {
        DirectiveLocation.QUERY,
        DirectiveLocation.MUTATION,
        DirectiveLocation.SUBSCRIPTION,
        DirectiveLocation.FIELD,
        DirectiveLocation.FRAGMENT_DEFINITION,
        DirectiveLocation.FRAGMENT_SPREAD,
        DirectiveLocation.INLINE_FRAGMENT,
        DirectiveLocation.VARIABLE_DEFINITION,
    }
)


def build_api_schema(document: DocumentNode, features: Mapping[str, Feature]) -> GraphQLSchema:
    """Build the client's schema from the supergraph document.

    Raises:
        SupergraphError: what is left for clients is not a valid schema.
    """
    document = DocumentNode(definitions=tuple(_Visible(document, features).definitions()))
    try:
        schema = build_ast_schema(document, assume_valid_sdl=True)
    except TypeError as error:
        raise SupergraphError(f"the API schema cannot be built: {error}") from error
    if errors := validate_schema(schema):
        raise SupergraphError("the API schema is not valid: " + "; ".join(error.message for error in errors))
    return schema


class _Visible:
    """Copies the visible part of a document, element by element."""

    def __init__(self, document: DocumentNode, features: Mapping[str, Feature]) -> None:
        self._document = document
        self._features = features.values()
        inaccessible = features.get("inaccessible")
        self._inaccessible = inaccessible.directive("inaccessible") if inaccessible else None
        self._hidden_types = {
            definition.name.value
            for definition in document.definitions
            if isinstance(definition, TypeDefinitionNode) and self._is_hidden_type(definition)
        }

    def definitions(self) -> Iterable[DefinitionNode]:
        for definition in self._document.definitions:
            if isinstance(definition, SchemaDefinitionNode):
                yield replace(definition, directives=())
            elif isinstance(definition, DirectiveDefinitionNode):
                if self._is_client_directive(definition):
                    yield replace(definition, arguments=self._inputs(definition.arguments))
            elif isinstance(definition, TypeDefinitionNode) and definition.name.value not in self._hidden_types:
                yield self._type(definition)

    def _type(self, definition: TypeDefinitionNode) -> TypeDefinitionNode:
        changes: dict[str, Any] = {"directives": self._directives(definition.directives)}
        if isinstance(definition, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
            changes["interfaces"] = self._named(definition.interfaces)
            changes["fields"] = tuple(
                replace(field, arguments=self._inputs(field.arguments), directives=self._directives(field.directives))
                for field in self._kept(definition.fields)
            )
        elif isinstance(definition, UnionTypeDefinitionNode):
            changes["types"] = self._named(definition.types)
        elif isinstance(definition, InputObjectTypeDefinitionNode):
            changes["fields"] = self._inputs(definition.fields)
        elif isinstance(definition, EnumTypeDefinitionNode):
            changes["values"] = tuple(
                replace(value, directives=self._directives(value.directives))
                for value in definition.values or ()
                if not self._is_inaccessible(value.directives)
            )
        return replace(definition, **changes)

    def _is_hidden_type(self, definition: TypeDefinitionNode) -> bool:
        name = definition.name.value
        return self._is_inaccessible(definition.directives) or any(f.owns_type(name) for f in self._features)

    def _is_client_directive(self, definition: DirectiveDefinitionNode) -> bool:
        name = definition.name.value
        return not any(feature.owns_directive(name) for feature in self._features) and any(
            DirectiveLocation[location.value] in _EXECUTABLE_LOCATIONS for location in definition.locations
        )

    def _is_inaccessible(self, directives: Iterable[ConstDirectiveNode] | None) -> bool:
        return any(directive.name.value == self._inaccessible for directive in directives or ())

    def _directives(self, directives: Iterable[ConstDirectiveNode] | None) -> tuple[ConstDirectiveNode, ...]:
        return tuple(d for d in directives or () if d.name.value in _CLIENT_DIRECTIVES)

    def _named(self, types: Iterable[NamedTypeNode] | None) -> tuple[NamedTypeNode, ...]:
        return tuple(t for t in types or () if t.name.value not in self._hidden_types)

    def _kept(self, fields: Iterable[FieldDefinitionNode] | None) -> Iterable[FieldDefinitionNode]:
        return (field for field in fields or () if not self._is_inaccessible(field.directives))

    def _inputs(self, inputs: Iterable[InputValueDefinitionNode] | None) -> tuple[InputValueDefinitionNode, ...]:
        return tuple(
            replace(value, directives=self._directives(value.directives))
            for value in inputs or ()
            if not self._is_inaccessible(value.directives)
        )
