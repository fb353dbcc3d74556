"""What this domain adds to users."""

# mypy: disallow-untyped-decorators=False

from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, Forbidden, page_size
from subgraphs.ai.learning.recommending import service
from subgraphs.ai.learning.shelf import recommendation_shelf
from subgraphs.ai.schema.context import Info, language_of, uuid_or_none
from subgraphs.ai.schema.recommendations import First, RecommendedHotel


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

    @strawberry.field(
        description=(
            "Hotels for the user that they have not booked yet, the best first: by what travelers like them booked, by "
            "what their hotels are like, and by the season. Whether one is free, its `availability` tells. For the "
            "user; null with an error for others."
        )
    )
    async def recommendations(
        self,
        info: Info,
        first: First = None,
        check_in_date: Annotated[
            date | None, strawberry.argument(description="First night of the journey: its month is the season. Today.")
        ] = None,
        check_out_date: Annotated[date | None, strawberry.argument(description="Day of departure.")] = None,
    ) -> list[RecommendedHotel] | None:
        if info.context.require_principal().user_id != self.user_id:
            raise Forbidden("Recommendations are for the traveler alone.")
        if check_out_date is not None and (check_in_date is None or check_out_date <= check_in_date):
            raise BadUserInput("The day of departure must be after the first night.", field="checkOutDate")
        month = (check_in_date or info.context.now.date()).month
        model = await recommendation_shelf(info.context.database).current()
        async with info.context.database.read() as session:
            found = await service.recommend(session, model, self.user_id, page_size(first), month, info.context.now)
        return [RecommendedHotel.of(each, month, language_of(info)) for each in found]
