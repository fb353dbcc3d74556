"""What travelers chose."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry

from shared.contracts.users import DEFAULT_TIME_ZONE
from subgraphs.notifications import models
from subgraphs.notifications.kinds import CHOOSABLE, Channel, is_locked
from subgraphs.notifications.schema.context import Info, uuid_or_none
from subgraphs.notifications.schema.enums import NotificationChannel, NotificationKind
from subgraphs.notifications.service.notify import is_wanted


@strawberry.type(description="Whether a kind of notification comes by a channel.")
class Preference:
    """A choice."""

    kind: NotificationKind = strawberry.field(description="What it is about.")
    channel: NotificationChannel = strawberry.field(description="How it comes.")
    is_enabled: bool = strawberry.field(description="Whether it comes.")
    is_locked: bool = strawberry.field(description="Whether this cannot be changed, as with security alerts.")


@strawberry.type(description="A daily span in which nothing disturbs that can wait. It may go over midnight.")
class QuietHours:
    """Quiet hours, in the traveler's time zone."""

    starts_at: str = strawberry.field(description="Local time, `HH:MM`.")
    ends_at: str = strawberry.field(description="Local time, `HH:MM`.")


@strawberry.federation.type(keys=["id"], description="A browser that takes web push.")
class PushSubscription:
    """A browser of the caller's own."""

    row: strawberry.Private[models.PushSubscription]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The browsers behind entity references: the caller's own, in one query."""
        principal = info.context.principal
        rows = [] if principal is None else await info.context.loaders.subscriptions.load(principal.user_id) or []
        own = {row.id: row for row in rows}
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [cls(row=own[each]) if each is not None and each in own else None for each in ids]

    @strawberry.field(description="Identifies the subscription.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="What the traveler calls the browser.")
    def label(self) -> str | None:
        return self.row.label

    @strawberry.field(description="Host of the browser's push service.")
    def service(self) -> str:
        return self.row.endpoint.split("/")[2]

    @strawberry.field(description="When it was registered.")
    def created_at(self) -> datetime:
        return self.row.created_at


@strawberry.type(description="What a traveler chose about notifications.")
class NotificationPreferences:
    """The caller's own choices."""

    user_id: strawberry.Private[UUID]

    @strawberry.field(description="Every kind by every channel.")
    async def preferences(self, info: Info) -> list[Preference]:
        choices = await info.context.loaders.choices.load(self.user_id) or {}
        return [
            Preference(
                kind=NotificationKind(kind),
                channel=NotificationChannel(channel),
                is_enabled=is_wanted(kind, channel, choices),
                is_locked=is_locked(kind, channel),
            )
            for kind in CHOOSABLE
            for channel in Channel
        ]

    @strawberry.field(description="When nothing disturbs that can wait; null when none are set.")
    async def quiet_hours(self, info: Info) -> QuietHours | None:
        chosen = await info.context.loaders.settings.load(self.user_id)
        if chosen is None or chosen.quiet_from is None or chosen.quiet_until is None:
            return None
        return QuietHours(starts_at=f"{chosen.quiet_from:%H:%M}", ends_at=f"{chosen.quiet_until:%H:%M}")

    @strawberry.field(description="The time zone of the quiet hours and the digest: the one of the account.")
    async def time_zone(self, info: Info) -> str:
        contact = await info.context.loaders.contact.load(self.user_id)
        return DEFAULT_TIME_ZONE if contact is None else contact.time_zone

    @strawberry.field(description="Whether mails that can wait are gathered into one a day.")
    async def has_daily_digest(self, info: Info) -> bool:
        chosen = await info.context.loaders.settings.load(self.user_id)
        return chosen is not None and chosen.has_daily_digest

    @strawberry.field(description="Where SMS go to; null when none is set.")
    async def phone_number(self, info: Info) -> str | None:
        chosen = await info.context.loaders.settings.load(self.user_id)
        return None if chosen is None else chosen.phone_number

    @strawberry.field(description="The browsers that take web push, the oldest first.")
    async def push_subscriptions(self, info: Info) -> list[PushSubscription]:
        rows = await info.context.loaders.subscriptions.load(self.user_id) or ()
        return [PushSubscription(row=row) for row in rows]
