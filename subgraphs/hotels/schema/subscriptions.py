"""Subscriptions of the hotels domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from shared.graphql import BadUserInput, NotFound, parse_id
from subgraphs.hotels.schema.context import Info
from subgraphs.hotels.schema.hotel import Hotel, load_hotel


@strawberry.type(description="What one can watch.")
class Subscription:
    """What one can watch about hotels."""

    @strawberry.subscription(
        description=(
            "Watch a hotel: first as it is now, then after each change of its data, rooms, rates, inventory or "
            "reviews. Changes in quick succession arrive as one. For everybody."
        )
    )
    async def hotel_updated(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The hotel's id.")] = None,
        slug: Annotated[str | None, strawberry.argument(description="The hotel's slug, instead of the id.")] = None,
    ) -> AsyncGenerator[Hotel, None]:
        if (id is None) == (slug is None):
            raise BadUserInput("Give the id or the slug.", field="id")
        context = info.context
        watched = await load_hotel(info, None if id is None else parse_id(id), slug)
        if watched is None:
            raise NotFound("There is no such hotel.")
        async with context.live.changes(f"hotels:{watched.id}") as changes:
            shown = 0
            while True:
                context.look_again()
                row = await load_hotel(info, watched.id, None)
                if row is not None and row.version > shown:
                    shown = row.version
                    yield Hotel(row=row)
                await anext(changes)
