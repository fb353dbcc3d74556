"""The GraphQL schema of the analytics domain."""

import strawberry

from shared.graphql import create_schema
from subgraphs.analytics.schema.mutations import Mutation


@strawberry.type
class Query:
    """What one can ask about numbers."""

    @strawberry.field(description="Whether it is there.")
    def analytics_placeholder(self) -> bool:
        return True


schema = create_schema(query=Query, mutation=Mutation)
