"""Everything a domain needs to be a subgraph: schema and subgraph factories, scalars, errors, pagination."""

from shared.graphql.context import Caller, Locale, SubgraphContext
from shared.graphql.errors import (
    ApiError,
    BadUserInput,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from shared.graphql.messages import GraphQLExecutor, GraphQLRequest, GraphQLResponse, OperationExecutor
from shared.graphql.money import Money, MoneyInput
from shared.graphql.pagination import Connection, Edge, PageInfo, decode_cursor, encode_cursor, page_size
from shared.graphql.problems import InvalidInput, Problem
from shared.graphql.scalars import CurrencyCode, Email, Url, parse_id
from shared.graphql.schema import create_schema
from shared.graphql.subgraph import Subgraph, SubgraphRuntime, create_subgraph

__all__ = [
    "ApiError",
    "BadUserInput",
    "Caller",
    "Connection",
    "CurrencyCode",
    "Edge",
    "Email",
    "Forbidden",
    "GraphQLExecutor",
    "GraphQLRequest",
    "GraphQLResponse",
    "InvalidInput",
    "Locale",
    "Money",
    "MoneyInput",
    "NotFound",
    "OperationExecutor",
    "PageInfo",
    "Problem",
    "RateLimited",
    "Subgraph",
    "SubgraphContext",
    "SubgraphRuntime",
    "Unauthenticated",
    "Unavailable",
    "Url",
    "create_schema",
    "create_subgraph",
    "decode_cursor",
    "encode_cursor",
    "page_size",
    "parse_id",
]
