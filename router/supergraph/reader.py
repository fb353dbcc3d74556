"""From supergraph SDL to the model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLError,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    OperationDefinitionNode,
    SchemaDefinitionNode,
    SelectionSetNode,
    TypeNode,
    UnionTypeDefinitionNode,
    parse,
    parse_type,
)

from router.supergraph.api_schema import build_api_schema
from router.supergraph.errors import SupergraphError
from router.supergraph.features import Feature, directive_arguments, read_features
from router.supergraph.model import (
    CompositeType,
    FieldInGraph,
    Key,
    SubgraphInfo,
    Supergraph,
    SupergraphField,
    TypeInGraph,
    TypeKind,
    TypeRef,
)

_CompositeNode: TypeAlias = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode | UnionTypeDefinitionNode


def read_supergraph(sdl: str) -> Supergraph:
    """Read composed supergraph SDL, of join v0.1 to v0.5.

    Raises:
        SupergraphError: the SDL cannot be parsed, or needs a feature that this router does not have.
    """
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as error:
        raise SupergraphError(f"the supergraph SDL cannot be parsed: {error.message}") from error
    features = read_features(document)
    return _Reader(sdl, document, features).read()


class _Reader:
    """Reads one document; holds what several steps look up."""

    def __init__(self, sdl: str, document: DocumentNode, features: Mapping[str, Feature]) -> None:
        self._sdl = sdl
        self._document = document
        self._features = features
        self._join = features["join"]
        self._graph_names: dict[str, str] = {}
        self._labels: set[str] = set()

    def read(self) -> Supergraph:
        subgraphs = self._read_subgraphs()
        nodes = [node for node in self._document.definitions if isinstance(node, _CompositeNode)]
        self._graphs_of = {node.name.value: self._type_graphs(node) for node in nodes}
        possible = self._possible_types(nodes)
        types = {}
        for node in nodes:
            name = node.name.value
            in_graphs = possible[name]
            types[name] = CompositeType(
                name=name,
                kind=_KINDS[type(node)],
                graphs=self._graphs_of[name],
                fields={} if isinstance(node, UnionTypeDefinitionNode) else self._fields(node),
                possible_types=frozenset().union(*in_graphs.values()) if in_graphs else frozenset(),
                possible_in={graph: frozenset(members) for graph, members in in_graphs.items()},
            )
        return Supergraph(
            sdl=self._sdl,
            api_schema=build_api_schema(self._document, self._features),
            subgraphs=subgraphs,
            types=types,
            root_types=self._root_types(types),
            override_labels=frozenset(self._labels),
        )

    def _read_subgraphs(self) -> dict[str, SubgraphInfo]:
        subgraphs = {}
        for node in self._document.definitions:
            if isinstance(node, EnumTypeDefinitionNode) and node.name.value == f"{self._join.prefix}__Graph":
                for value in node.values or ():
                    for arguments in self._applications(value.directives, "graph"):
                        name = arguments["name"]
                        self._graph_names[value.name.value] = name
                        subgraphs[name] = SubgraphInfo(name, arguments["url"])
        if not subgraphs:
            raise SupergraphError("the supergraph lists no subgraph")
        return subgraphs

    def _applications(self, directives: Iterable[ConstDirectiveNode] | None, name: str) -> Iterable[dict[str, Any]]:
        """Arguments of each application of the join directive ``name``, with graph enum values as subgraph names."""
        local = self._join.directive(name)
        for directive in directives or ():
            if directive.name.value == local:
                arguments = directive_arguments(directive)
                if (graph := arguments.get("graph")) is not None:
                    if graph not in self._graph_names:
                        raise SupergraphError(f"@{local} names the graph {graph}, which the supergraph does not list")
                    arguments["graph"] = self._graph_names[graph]
                yield arguments

    def _type_graphs(self, node: _CompositeNode) -> dict[str, TypeInGraph]:
        graphs: dict[str, TypeInGraph] = {}
        for arguments in self._applications(node.directives, "type"):
            in_graph = graphs.setdefault(arguments["graph"], TypeInGraph())
            in_graph.is_interface_object |= bool(arguments.get("isInterfaceObject"))
            if (key := arguments.get("key")) is not None:
                resolvable = arguments.get("resolvable", True)
                in_graph.keys.append(Key(key, parse_field_set(key), resolvable))
        if not graphs:
            # join v0.1 says nothing about value types: any subgraph may have them.
            graphs = {graph: TypeInGraph() for graph in self._graph_names.values()}
        return graphs

    def _possible_types(self, nodes: Iterable[_CompositeNode]) -> dict[str, dict[str, set[str]]]:
        """Object types by abstract (or object) type and subgraph."""
        possible: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for node in nodes:
            name = node.name.value
            if isinstance(node, ObjectTypeDefinitionNode):
                for graph in self._graphs_of[name]:
                    possible[name][graph].add(name)
                for graph, interface in self._implementations(node):
                    in_graph = self._graphs_of[interface].get(graph)
                    if in_graph and not in_graph.is_interface_object:
                        possible[interface][graph].add(name)
            elif isinstance(node, UnionTypeDefinitionNode):
                for graph, member in self._members(node):
                    possible[name][graph].add(member)
        return possible

    def _implementations(self, node: ObjectTypeDefinitionNode) -> Iterable[tuple[str, str]]:
        applications = list(self._applications(node.directives, "implements"))
        if applications:
            return [(arguments["graph"], arguments["interface"]) for arguments in applications]
        graphs = self._graphs_of[node.name.value]
        return [(graph, interface.name.value) for graph in graphs for interface in node.interfaces or ()]

    def _members(self, node: UnionTypeDefinitionNode) -> Iterable[tuple[str, str]]:
        applications = list(self._applications(node.directives, "unionMember"))
        if applications:
            return [(arguments["graph"], arguments["member"]) for arguments in applications]
        graphs = self._graphs_of[node.name.value]
        members = [member.name.value for member in node.types or ()]
        return [(graph, member) for graph in graphs for member in members if graph in self._graphs_of[member]]

    def _fields(self, node: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode) -> dict[str, SupergraphField]:
        graphs = self._graphs_of[node.name.value]
        owner = next((arguments["graph"] for arguments in self._applications(node.directives, "owner")), None)
        fields = {}
        for field in node.fields or ():
            in_graphs = self._field_graphs(node.name.value, field, [owner] if owner else list(graphs))
            fields[field.name.value] = SupergraphField(field.name.value, read_type(field.type), in_graphs)
        if owner:
            _add_key_fields(fields, graphs)
        return fields

    def _field_graphs(
        self, type_name: str, field: FieldDefinitionNode, default: Iterable[str]
    ) -> dict[str, FieldInGraph]:
        supergraph_type = read_type(field.type)
        applications = list(self._applications(field.directives, "field"))
        if not applications:
            return {graph: FieldInGraph(supergraph_type) for graph in default}
        graphs = {}
        for arguments in applications:
            graph = arguments.get("graph")
            if graph is None:
                # Contributed by an interface object: no subgraph has it on this very type.
                continue
            if arguments.get("contextArguments"):
                raise SupergraphError(
                    f"{type_name}.{field.name.value} takes arguments from a @context, which this router does not have"
                )
            label = arguments.get("overrideLabel")
            if label:
                self._labels.add(label)
            requires, provides = arguments.get("requires"), arguments.get("provides")
            graphs[graph] = FieldInGraph(
                type=read_type(parse_type(arguments["type"])) if arguments.get("type") else supergraph_type,
                external=bool(arguments.get("external") or arguments.get("usedOverridden")),
                requires=parse_field_set(requires) if requires else None,
                provides=parse_field_set(provides) if provides else None,
                overrides=arguments.get("override"),
                override_label=label,
            )
        return graphs

    def _root_types(self, types: Mapping[str, CompositeType]) -> dict[str, str]:
        for node in self._document.definitions:
            if isinstance(node, SchemaDefinitionNode):
                return {root.operation.value: root.type.name.value for root in node.operation_types}
        conventional = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
        return {kind: name for kind, name in conventional.items() if name in types}


_KINDS: dict[type[_CompositeNode], TypeKind] = {
    ObjectTypeDefinitionNode: TypeKind.OBJECT,
    InterfaceTypeDefinitionNode: TypeKind.INTERFACE,
    UnionTypeDefinitionNode: TypeKind.UNION,
}


def parse_field_set(text: str) -> SelectionSetNode:
    """Parse the field set of a ``@key``, ``@requires`` or ``@provides``, with or without its outer braces.

    Raises:
        SupergraphError: it is not a selection of fields.
    """
    braced = text if text.lstrip().startswith("{") else f"{{{text}}}"
    try:
        definition = parse(braced, no_location=True).definitions[0]
    except GraphQLError as error:
        raise SupergraphError(f'"{text}" is not a field set: {error.message}') from error
    if not isinstance(definition, OperationDefinitionNode):
        raise SupergraphError(f'"{text}" is not a field set')
    return definition.selection_set


def read_type(node: TypeNode) -> TypeRef:
    """The reference that a type node stands for."""
    if isinstance(node, NonNullTypeNode):
        inner = read_type(node.type)
        return TypeRef(inner.named, f"{inner.wrappers}!")
    if isinstance(node, ListTypeNode):
        inner = read_type(node.type)
        return TypeRef(inner.named, f"[{inner.wrappers}]")
    if isinstance(node, NamedTypeNode):
        return TypeRef(node.name.value, "*")
    raise SupergraphError(f"unexpected type reference {node!r}")


def _add_key_fields(fields: dict[str, SupergraphField], graphs: Mapping[str, TypeInGraph]) -> None:
    """In join v0.1 a subgraph that extends a type can resolve its keys although only the owner is named for them."""
    for graph, in_graph in graphs.items():
        for key in in_graph.keys:
            for selection in key.selection.selections:
                name = getattr(selection, "name", None)
                known = fields.get(name.value) if name else None
                if known and graph not in known.graphs:
                    in_graphs = {**known.graphs, graph: FieldInGraph(known.type)}
                    fields[known.name] = SupergraphField(known.name, known.type, in_graphs)
