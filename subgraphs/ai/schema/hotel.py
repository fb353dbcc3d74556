"""What this domain adds to hotels."""

# mypy: disallow-untyped-decorators=False

from typing import Any, Self
from uuid import UUID

import strawberry

from subgraphs.ai.schema.context import Info, uuid_or_none


@strawberry.federation.type(keys=["id"], description="A property that people can stay in.")
class Hotel:
    """Whether a hotel exists is the hotels subgraph's business. Make one of these with ``Hotel(hotel_id=...)``."""

    hotel_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The hotels behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if hotel_id is None else cls(hotel_id=hotel_id) for hotel_id in ids]

    @strawberry.field(description="Identifies the hotel.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.hotel_id))
