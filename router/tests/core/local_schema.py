"""The executable schema of a subgraph under test, from its federation SDL."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from graphql import (
    DocumentNode,
    GraphQLSchema,
    GraphQLUnionType,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    build_ast_schema,
    concat_ast,
    parse,
)

_MACHINERY = """
scalar _Any
scalar FieldSet
directive @key(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
directive @requires(fields: FieldSet!) on FIELD_DEFINITION
directive @provides(fields: FieldSet!) on FIELD_DEFINITION
directive @external on OBJECT | FIELD_DEFINITION
directive @extends on OBJECT | INTERFACE
directive @shareable repeatable on OBJECT | FIELD_DEFINITION
directive @override(from: String!, label: String) on FIELD_DEFINITION
directive @interfaceObject on OBJECT
directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE | SCALAR
directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ENUM | ENUM_VALUE | SCALAR | INPUT_OBJECT |
  INPUT_FIELD_DEFINITION | ARGUMENT_DEFINITION
"""


@cache
def local_ast(sdl: str) -> DocumentNode:
    """The subgraph's types, with ``extend type`` of foreign types read as definitions."""
    definitions = []
    for node in parse(sdl).definitions:
        if isinstance(node, ObjectTypeExtensionNode):
            node = ObjectTypeDefinitionNode(
                name=node.name, interfaces=node.interfaces, directives=node.directives, fields=node.fields
            )
        elif isinstance(node, InterfaceTypeExtensionNode):
            node = InterfaceTypeDefinitionNode(
                name=node.name, interfaces=node.interfaces, directives=node.directives, fields=node.fields
            )
        definitions.append(node)
    return DocumentNode(definitions=tuple(definitions))


@cache
def local_schema(sdl: str) -> GraphQLSchema:
    ast = local_ast(sdl)
    entities = [
        node.name.value
        for node in ast.definitions
        if isinstance(node, ObjectTypeDefinitionNode) and any(d.name.value == "key" for d in node.directives or ())
    ]
    machinery = _MACHINERY
    names = {getattr(node, "name", None) and node.name.value for node in ast.definitions}
    if entities:
        machinery += f"union _Entity = {' | '.join(entities)}\n"
        machinery += "extend type Query { _entities(representations: [_Any!]!): [_Entity]! }\n"
    if "Query" not in names:
        machinery += "type Query { _service: String }\n"
    document = concat_ast([ast, parse(machinery)])
    schema = build_ast_schema(_merge_query(document))
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLUnionType):
            type_.resolve_type = None
    return schema


def _merge_query(document: DocumentNode) -> DocumentNode:
    extra = [
        one
        for node in document.definitions
        if isinstance(node, ObjectTypeExtensionNode) and node.name.value == "Query"
        for one in node.fields
    ]
    definitions = []
    for node in document.definitions:
        if isinstance(node, ObjectTypeExtensionNode):
            continue
        if isinstance(node, ObjectTypeDefinitionNode) and node.name.value == "Query":
            node = replace(node, fields=(*node.fields, *extra))
        definitions.append(node)
    return DocumentNode(definitions=tuple(definitions))
