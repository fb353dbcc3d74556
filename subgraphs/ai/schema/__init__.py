"""The GraphQL schema of the AI domain."""

from shared.graphql import create_schema
from subgraphs.ai.schema.hotel import Hotel
from subgraphs.ai.schema.queries import Query
from subgraphs.ai.schema.user import User

schema = create_schema(query=Query, types=[Hotel, User])
