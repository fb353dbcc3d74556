"""Queries of the AI domain."""

import strawberry


@strawberry.type
class Query:
    """What one can ask of search, recommendations and the assistant."""

    @strawberry.field(description="Whether it is there.")
    def ai_placeholder(self) -> bool:
        return True
