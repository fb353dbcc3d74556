"""Notifications."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime
from functools import cached_property
from typing import Any, Self

import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet

from subgraphs.notifications import models
from subgraphs.notifications.kinds import Kind
from subgraphs.notifications.links import link_of
from subgraphs.notifications.schema.context import Info, language_of, uuid_or_none
from subgraphs.notifications.schema.enums import NotificationKind
from subgraphs.notifications.words import Language, Words, words_of


@strawberry.federation.type(keys=[Key(fields=FieldSet("id"), resolvable=False)], description="A stay that was booked.")
class Booking:
    """A booking, which bookings knows all about."""

    id: strawberry.ID = strawberry.field(description="Identifies the booking.")


@strawberry.federation.type(keys=["id"], description="Something that a traveler was told.")
class Notification:
    """A notification of the caller's own."""

    row: strawberry.Private[models.Notification]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The notifications behind entity references: the caller's own, in one query."""
        principal = info.context.principal
        ids = [uuid_or_none(key.get("id")) for key in keys]
        if principal is None:
            return [None] * len(keys)
        known = [notification_id for notification_id in ids if notification_id is not None]
        loaded = await info.context.loaders.notification.load_many(known)
        rows = {row.id: row for row in loaded if row is not None}
        found = [None if notification_id is None else rows.get(notification_id) for notification_id in ids]
        return [
            cls(row=row) if row is not None and row.user_id == principal.user_id and row.is_in_app else None
            for row in found
        ]

    @strawberry.field(description="Identifies the notification.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(
        description=(
            "Rises with each notification of the traveler, with gaps: pass it as `after` to `notificationReceived`."
        )
    )
    def sequence(self) -> int:
        return self.row.sequence

    @strawberry.field(description="What it is about.")
    def kind(self) -> NotificationKind:
        return NotificationKind(self.row.kind)

    @strawberry.field(description="One line, in the language of the request.")
    def title(self, info: Info) -> str:
        return self._words(language_of(info)).title

    @strawberry.field(description="One or two lines more, in the language of the request.")
    def body(self, info: Info) -> str:
        return self._words(language_of(info)).short

    @strawberry.field(description="Something to copy, such as the PIX code of a payment that is due.")
    def code(self, info: Info) -> str | None:
        return self._words(language_of(info)).code

    @strawberry.field(description="Where to go on: a path on the platform's site, such as `/bookings/7KX2M9QD`.")
    def path(self) -> str:
        return link_of(Kind(self.row.kind), self.row.data)

    @strawberry.field(description="The booking that it is about, if any.")
    def booking(self) -> Booking | None:
        return None if self.row.booking_id is None else Booking(id=strawberry.ID(str(self.row.booking_id)))

    @strawberry.field(description="Whether the traveler has read it.")
    def is_read(self) -> bool:
        return self.row.read_at is not None

    @strawberry.field(description="When it was marked as read.")
    def read_at(self) -> datetime | None:
        return self.row.read_at

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @cached_property
    def _made(self) -> dict[Language, Words]:
        return {}

    def _words(self, language: Language) -> Words:
        if language not in self._made:
            self._made[language] = words_of(Kind(self.row.kind), language, self.row.data)
        return self._made[language]
