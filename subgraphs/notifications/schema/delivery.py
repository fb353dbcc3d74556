"""The queue and log of deliveries, for our staff."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime

import strawberry

from subgraphs.notifications import models
from subgraphs.notifications.schema.context import Info
from subgraphs.notifications.schema.enums import AttemptOutcome, DeliveryState, NotificationChannel, NotificationKind


@strawberry.type(description="One attempt at a delivery.")
class DeliveryAttempt:
    """A line of the log."""

    number: int = strawberry.field(description="1 for the first.")
    provider: str = strawberry.field(description="Who was to send it, such as `smtp`.")
    started_at: datetime = strawberry.field(description="When the provider was asked.")
    ended_at: datetime | None = strawberry.field(description="When it answered; null when it never did.")
    outcome: AttemptOutcome = strawberry.field(description="What became of it.")
    detail: str | None = strawberry.field(description="What the provider said.")


@strawberry.type(description="One message by one channel. Neither its words nor the address are shown.")
class Delivery:
    """A place in the queue, afterwards a line of the log."""

    row: strawberry.Private[models.Delivery]

    @strawberry.field(description="Identifies the delivery.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="To whom, by the id of the account.")
    def user_id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.user_id))

    @strawberry.field(description="What it is about.")
    def kind(self) -> NotificationKind:
        return NotificationKind(self.row.kind)

    @strawberry.field(description="How it is sent.")
    def channel(self) -> NotificationChannel:
        return NotificationChannel(self.row.channel)

    @strawberry.field(description="What became of it.")
    def state(self) -> DeliveryState:
        return DeliveryState(self.row.state)

    @strawberry.field(description="Why it is not sent (yet), as a code or in the provider's words.")
    def reason(self) -> str | None:
        return self.row.reason

    @strawberry.field(description="When it is tried next; null unless it is in the queue.")
    def next_attempt_at(self) -> datetime | None:
        return self.row.next_attempt_at if self.row.state == "PENDING" else None

    @strawberry.field(description="When it came into the queue.")
    def created_at(self) -> datetime:
        return self.row.created_at

    @strawberry.field(description="When its fate was settled.")
    def settled_at(self) -> datetime | None:
        return self.row.settled_at

    @strawberry.field(description="Every attempt, the first one first.")
    async def attempts(self, info: Info) -> list[DeliveryAttempt]:
        rows = await info.context.loaders.attempts.load(self.row.id) or ()
        return [
            DeliveryAttempt(
                number=row.number,
                provider=row.provider,
                started_at=row.started_at,
                ended_at=row.ended_at,
                outcome=AttemptOutcome(row.outcome),
                detail=row.detail,
            )
            for row in rows
        ]
