"""Our federated schema: scalars, limits, caches, and an ``_entities`` that one bad representation cannot spoil."""

from __future__ import annotations

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from graphql import ASTValidationRule, FieldNode, GraphQLError, OperationDefinitionNode, SelectionSetNode, parse
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.extensions.max_aliases import create_validator as alias_rule
from strawberry.extensions.query_depth_limiter import create_validator as depth_rule
from strawberry.federation import Schema as StrawberryFederationSchema
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema_directives import External, Key
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.info import Info

from shared.graphql.errors import BadUserInput, PublicErrors
from shared.graphql.scalars import SCALARS

FEDERATION_VERSION: Final = "2.9"
"""The newest version that our composer knows; Strawberry would stamp a newer one."""
MAX_DEPTH = 20
MAX_ALIASES = 300
MAX_TOKENS = 20_000
MAX_REPRESENTATIONS = 20_000
"""As many objects as the router lets one operation ask for, and fewer than PostgreSQL takes parameters."""
CACHED_DOCUMENTS = 1_000
LONGEST_CACHED_DOCUMENT = 20_000
"""Characters."""

# Made once: the validation cache is keyed by the rule classes, and a class made per request would never hit it.
_LIMIT_RULES: list[type[ASTValidationRule]] = [depth_rule(MAX_DEPTH, None), alias_rule(MAX_ALIASES)]


class Limits(AddValidationRules):
    """Depth and alias limits, as validation rules."""

    def __init__(self) -> None:
        super().__init__(_LIMIT_RULES)


class BoundedTokens(MaxTokensLimiter):
    """Refuse a document of too many tokens before the parser has read all of it."""

    def __init__(self) -> None:
        super().__init__(max_token_count=MAX_TOKENS)


class ParseOnce(ParserCache):
    """Remember parsed documents, bounded."""

    def __init__(self) -> None:
        super().__init__(maxsize=CACHED_DOCUMENTS)

    def on_parse(self) -> Iterator[None]:
        """Look the document up, unless it is so long that remembering many like it would fill the memory."""
        if len(self.execution_context.query or "") > LONGEST_CACHED_DOCUMENT:
            yield
        else:
            yield from super().on_parse()


class ValidateOnce(ValidationCache):
    """Remember validation results, bounded."""

    def __init__(self) -> None:
        super().__init__(maxsize=CACHED_DOCUMENTS)


EXTENSIONS: Final[tuple[type[SchemaExtension], ...]] = (PublicErrors, BoundedTokens, Limits, ParseOnce, ValidateOnce)


class FederatedSchema(StrawberryFederationSchema):
    """A Strawberry federation schema with a robust ``_entities``.

    A type offers ``resolve_references(cls, info, keys)``, called once per request with all its keys in order, and
    answers as many entities or ``None``; or ``resolve_reference(cls, info, **key)``. Keys hold the ``@key`` and
    ``@external`` fields by their GraphQL names and nothing else that the caller may have sent.
    """

    async def entities_resolver(  # type: ignore[override]
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Resolve each representation; a failing one is an error at its own place, and ``None`` for its value."""
        if len(representations) > MAX_REPRESENTATIONS:
            raise BadUserInput(f"At most {MAX_REPRESENTATIONS} representations at once.", field="representations")
        results: list[Any] = [None] * len(representations)
        by_type: defaultdict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
        for index, representation in enumerate(representations):
            try:
                type_name, key = self._read(cast("Any", representation))
            except BadUserInput as error:
                results[index] = error
            else:
                by_type[type_name].append((index, key))

        async def resolve(type_name: str, items: list[tuple[int, dict[str, Any]]]) -> None:
            keys = [key for _, key in items]
            for (index, _), entity in zip(items, await self._resolve_type(type_name, info, keys), strict=True):
                results[index] = entity

        await asyncio.gather(*(resolve(type_name, items) for type_name, items in by_type.items()))
        return results

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Log nothing here: ``PublicErrors`` logs the unexpected ones, with the request id."""

    async def _resolve_type(self, type_name: str, info: Info, keys: list[dict[str, Any]]) -> list[Any]:
        origin: Any = self._definition(type_name).origin
        if hasattr(origin, "resolve_references"):
            try:
                entities = list(await origin.resolve_references(info, keys))
            except Exception as error:  # noqa: BLE001  # it becomes the error of each of these entities
                return [error] * len(keys)
            if len(entities) != len(keys):
                return [RuntimeError(f"{type_name}.resolve_references answered {len(entities)} of {len(keys)}")] * len(
                    keys
                )
            return entities

        async def one(key: dict[str, Any]) -> Any:
            entity = origin.resolve_reference(info, **key)
            return await entity if inspect.isawaitable(entity) else entity

        return await asyncio.gather(*(one(key) for key in keys), return_exceptions=True)

    def _definition(self, type_name: str) -> StrawberryObjectDefinition:
        concrete = self.schema_converter.type_map.get(type_name)
        definition = getattr(concrete, "definition", None)
        if not isinstance(definition, StrawberryObjectDefinition) or not _keys(definition):
            raise BadUserInput(f"There is no entity type {type_name!r} here.", field="representations")
        return definition

    def _read(self, representation: object) -> tuple[str, dict[str, Any]]:
        """The entity type and key of a representation, without whatever else the caller put in."""
        if not isinstance(representation, dict) or not isinstance(type_name := representation.get("__typename"), str):
            raise BadUserInput("A representation must be an object with a __typename.", field="representations")
        definition = self._definition(type_name)
        for field_set in _keys(definition):
            try:
                key = dict(_pick(representation, _selection(field_set)))
            except KeyError:
                continue
            for name in _external_fields(self, definition):
                if name in representation:
                    key[name] = representation[name]
            return type_name, key
        raise BadUserInput(f"The representation carries no complete key of {type_name}.", field="representations")


def _keys(definition: StrawberryObjectDefinition) -> list[str]:
    return [str(directive.fields) for directive in definition.directives or () if isinstance(directive, Key)]


def _external_fields(schema: FederatedSchema, definition: StrawberryObjectDefinition) -> Iterator[str]:
    for field in definition.fields:
        if any(isinstance(directive, External) for directive in field.directives):
            yield schema.config.name_converter.get_graphql_name(field)


_selections: dict[str, SelectionSetNode] = {}


def _selection(field_set: str) -> SelectionSetNode:
    if field_set not in _selections:  # as many as the schema has keys
        operation = parse(f"{{{field_set}}}", no_location=True).definitions[0]
        assert isinstance(operation, OperationDefinitionNode)
        _selections[field_set] = operation.selection_set
    return _selections[field_set]


def _pick(source: Mapping[str, Any], selection: SelectionSetNode) -> Iterator[tuple[str, Any]]:
    """The parts of ``source`` that ``selection`` names. Raises ``KeyError`` when one is missing or null."""
    for node in selection.selections:
        assert isinstance(node, FieldNode)
        name = node.name.value
        value = source[name]
        if value is None or isinstance(value, dict | list) != (node.selection_set is not None):
            raise KeyError(name)
        if node.selection_set is None:
            yield name, value
        elif isinstance(value, dict):
            yield name, dict(_pick(value, node.selection_set))
        else:
            raise KeyError(name)


def create_schema(
    query: type,
    mutation: type | None = None,
    subscription: type | None = None,
    types: Iterable[type] = (),
) -> FederatedSchema:
    """A domain's schema with our scalars, limits and caches, for federation :data:`FEDERATION_VERSION`."""
    return FederatedSchema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=types,
        extensions=EXTENSIONS,
        # Not `sort_schema`: the sorted copy has other type objects, and Strawberry 0.341 then refuses union members.
        config=StrawberryConfig(scalar_map=SCALARS),
        federation_version=FEDERATION_VERSION,
    )


__all__ = ["FEDERATION_VERSION", "FederatedSchema", "create_schema"]
