"""The features (``@link``, formerly ``@core``) that a supergraph declares, and which of them this router has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import ConstDirectiveNode, DocumentNode, SchemaDefinitionNode, SchemaExtensionNode
from graphql.utilities import value_from_ast_untyped

from router.supergraph.errors import SupergraphError

_APOLLO = "https://specs.apollo.dev/"
_URL = re.compile(r"^(?P<identity>.+)/v(?P<major>\d+)\.(?P<minor>\d+)/?$")

_ENFORCED = frozenset({"link", "core", "join", "inaccessible", "tag"})
"""Apollo features that mean something to a router and that this one carries out."""

_JOIN_VERSIONS = frozenset({(0, 1), (0, 2), (0, 3), (0, 4), (0, 5)})


@dataclass(frozen=True, slots=True)
class Feature:
    """One linked specification.

    Attributes:
        name: The specification's own name for Apollo's, else its whole identity.
        prefix: The name under which the document refers to it.
        purpose: ``SECURITY`` or ``EXECUTION`` when a router must not ignore it.
        imports: Local names of imported elements, by their name in the specification; directives start with ``@``.
    """

    name: str
    prefix: str
    version: tuple[int, int]
    purpose: str | None
    imports: dict[str, str]

    def directive(self, name: str) -> str:
        """The local name of the specification's directive ``name``, without ``@``."""
        if imported := self.imports.get(f"@{name}"):
            return imported.removeprefix("@")
        return self.prefix if name == self.name else f"{self.prefix}__{name}"

    def owns_directive(self, local_name: str) -> bool:
        """Whether the directive called ``local_name`` in this document belongs to the specification."""
        return (
            local_name == self.prefix
            or local_name.startswith(f"{self.prefix}__")
            or f"@{local_name}" in self.imports.values()
        )

    def owns_type(self, local_name: str) -> bool:
        """Whether the type called ``local_name`` in this document belongs to the specification."""
        return local_name.startswith(f"{self.prefix}__") or local_name in self.imports.values()


def read_features(document: DocumentNode) -> dict[str, Feature]:
    """The linked features by name.

    Raises:
        SupergraphError: one is marked for security or execution and this router does not have it, or there is no
            supported ``join`` specification.
    """
    features = {feature.name: feature for feature in _linked(_schema_directives(document))}
    for feature in features.values():
        if feature.purpose and feature.name not in _ENFORCED:
            raise SupergraphError(
                f'the supergraph needs "{feature.name}" for {feature.purpose}, a feature that this router does not have'
            )
    join = features.get("join")
    if join is None:
        raise SupergraphError("this is not a supergraph: it does not link the join specification")
    if join.version not in _JOIN_VERSIONS:
        raise SupergraphError(f"join v{join.version[0]}.{join.version[1]} is not supported (v0.1 to v0.5 are)")
    return features


def directive_arguments(directive: ConstDirectiveNode) -> dict[str, Any]:
    """The arguments of ``directive`` as Python values; enum values become strings."""
    return {argument.name.value: value_from_ast_untyped(argument.value) for argument in directive.arguments or ()}


def _schema_directives(document: DocumentNode) -> Iterable[ConstDirectiveNode]:
    for definition in document.definitions:
        if isinstance(definition, (SchemaDefinitionNode, SchemaExtensionNode)):
            yield from definition.directives or ()


def _linked(directives: Iterable[ConstDirectiveNode]) -> Iterable[Feature]:
    for directive in directives:
        arguments = directive_arguments(directive)
        # `@link(url:)` since federation 2, `@core(feature:)` before.
        url = arguments.get("url") or arguments.get("feature")
        if not isinstance(url, str):
            continue
        match = _URL.match(url)
        identity, version = (match["identity"], (int(match["major"]), int(match["minor"]))) if match else (url, (0, 0))
        short = identity.rstrip("/").rsplit("/", 1)[-1]
        name = short if identity.startswith(_APOLLO) else identity
        imports = {}
        for item in arguments.get("import") or ():
            source = item if isinstance(item, str) else item["name"]
            imports[source] = source if isinstance(item, str) else item.get("as", source)
        yield Feature(name, arguments.get("as") or short, version, arguments.get("for"), imports)
