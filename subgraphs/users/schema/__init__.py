"""The GraphQL schema of the users domain."""

from shared.graphql import create_schema
from subgraphs.users.schema.mutations import Mutation
from subgraphs.users.schema.queries import Query
from subgraphs.users.schema.types import User

schema = create_schema(query=Query, mutation=Mutation, types=[User])
