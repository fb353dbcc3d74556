"""What this domain adds to hotels."""

# mypy: disallow-untyped-decorators=False

from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import page_size
from subgraphs.ai.schema.context import Info, language_of, uuid_or_none

if TYPE_CHECKING:
    from subgraphs.ai.schema.recommendations import RecommendedHotel

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")]


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

    @strawberry.field(
        description=(
            "Hotels like this one, the most alike first: by what they say of themselves, and by who stays there. Empty "
            "while neither is known."
        )
    )
    async def similar(
        self, info: Info, first: First = None
    ) -> list[Annotated["RecommendedHotel", strawberry.lazy("subgraphs.ai.schema.recommendations")]] | None:
        from subgraphs.ai.schema.recommendations import RecommendedHotel, similar_hotels

        found = await similar_hotels(info.context).load((self.hotel_id, page_size(first)))
        return [RecommendedHotel.of(each, info.context.now.month, language_of(info)) for each in found]
