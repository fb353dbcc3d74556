"""Queries of the AI domain, from its parts."""

import strawberry

from subgraphs.ai.schema.search import SearchQueries


@strawberry.type
class Query(SearchQueries):
    """What one can ask of search, recommendations and the assistant."""
