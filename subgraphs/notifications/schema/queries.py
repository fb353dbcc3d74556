"""Queries of the notifications domain."""

# mypy: disallow-untyped-decorators=False

from typing import Annotated
from uuid import UUID

import strawberry

from shared.graphql import Connection, decode_cursor, encode_cursor, page_size, parse_id
from subgraphs.notifications.repository import deliveries as rows_of
from subgraphs.notifications.schema.context import STAFF, Info
from subgraphs.notifications.schema.delivery import Delivery
from subgraphs.notifications.schema.enums import DeliveryState
from subgraphs.notifications.schema.user import After, First


@strawberry.type
class Query:
    """What one can ask about notifications."""

    @strawberry.field(
        description=(
            "The public key that `PushManager.subscribe` takes as `applicationServerKey`, base64url. For everybody. "
            "Null when web push is not set up."
        )
    )
    def web_push_key(self, info: Info) -> str | None:
        return info.context.vapid_public_key

    @strawberry.field(
        description="The queue and log of what is sent, the newest first. For our staff; null with an error for others."
    )
    async def deliveries(
        self,
        info: Info,
        states: Annotated[
            list[DeliveryState] | None, strawberry.argument(description="Only in these states; all when left out.")
        ] = None,
        user_id: Annotated[strawberry.ID | None, strawberry.argument(description="Only to this user.")] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Delivery] | None:
        info.context.require_role(*STAFF)
        size = page_size(first)
        position = decode_cursor(after, UUID)
        async with info.context.database.read() as session:
            rows = await rows_of.listed(
                session,
                states=[str(state.value) for state in states or ()],
                user_id=None if user_id is None else parse_id(user_id, "userId"),
                before=None if position is None else position[0],
                limit=size + 1,
            )
        return Connection[Delivery].from_rows(
            rows, size, lambda row: Delivery(row=row), lambda row: encode_cursor(row.id), after=after
        )
