"""What this domain adds to users."""

# mypy: disallow-untyped-decorators=False

from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import Connection, decode_cursor, encode_cursor, page_size
from subgraphs.notifications.repository.notifications import NotificationPage
from subgraphs.notifications.schema.context import Info, require_self, uuid_or_none
from subgraphs.notifications.schema.notification import Notification
from subgraphs.notifications.schema.preferences import NotificationPreferences

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")]
After = Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")]


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    """Whether a user exists is the users subgraph's business."""

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
        description="What the user was told, the newest first. For the user alone; null with an error for others."
    )
    async def notifications(
        self,
        info: Info,
        unread_only: Annotated[bool, strawberry.argument(description="Only those that are not read yet.")] = False,
        first: First = None,
        after: After = None,
    ) -> Connection[Notification] | None:
        require_self(info, self.user_id)
        position = decode_cursor(after, int)
        size = page_size(first)
        page = NotificationPage(self.user_id, unread_only, None if position is None else position[0], size + 1)
        rows = await info.context.loaders.page.load(page) or ()
        return Connection[Notification].from_rows(
            rows, size, lambda row: Notification(row=row), lambda row: encode_cursor(row.sequence), after=after
        )

    @strawberry.field(
        description="How many notifications are not read yet. For the user alone; null with an error for others."
    )
    async def unread_count(self, info: Info) -> int | None:
        require_self(info, self.user_id)
        return await info.context.loaders.unread_count.load(self.user_id)

    @strawberry.field(description="What the user is told, and how. For the user alone; null with an error for others.")
    def notification_preferences(self, info: Info) -> NotificationPreferences | None:
        require_self(info, self.user_id)
        return NotificationPreferences(user_id=self.user_id)
