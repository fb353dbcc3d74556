"""What this domain adds to users."""

# mypy: disallow-untyped-decorators=False

from typing import Any, Self
from uuid import UUID

import strawberry

from subgraphs.ai.schema.context import Info, uuid_or_none


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    """Whether a user exists is the users subgraph's business. Make one of these with ``User(user_id=...)``."""

    user_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The users behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if user_id is None else cls(user_id=user_id) for user_id in ids]

    @strawberry.field(description="Identifies the user.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.user_id))
