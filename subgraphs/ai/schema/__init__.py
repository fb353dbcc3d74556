"""The GraphQL schema of the AI domain."""

from shared.graphql import create_schema
from subgraphs.ai.schema.queries import Query

schema = create_schema(query=Query)
