"""What a GraphQL request consists of, whatever carried it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.policies.errors import RequestRefused
from shared.graphql.messages import GraphQLRequest


def parse_parameters(content: Mapping[str, Any]) -> GraphQLRequest:
    """The request that a JSON object spells. Raises :class:`RequestRefused` naming the parameter that is wrong."""
    query = content.get("query")
    if query is None or query == "":
        raise RequestRefused("The request has no `query`.")
    if not isinstance(query, str):
        raise RequestRefused("`query` must be a string.")
    operation_name = content.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise RequestRefused("`operationName` must be a string.")
    variables = content.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise RequestRefused("`variables` must be an object.")
    extensions = content.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise RequestRefused("`extensions` must be an object.")
    return GraphQLRequest(
        query=query,
        variables=variables or {},
        # Some clients send "" for none; as a name it could not exist.
        operation_name=operation_name or None,
        extensions=extensions or {},
    )
