"""Mutations of the analytics domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import date, datetime
from enum import Enum
from typing import Annotated, TypeAlias, cast
from uuid import UUID

import strawberry

from shared.contracts.analytics import ClientEvent, ClientEventKind
from shared.graphql import Problem, RateLimited, parse_id
from shared.resilience import Rate
from subgraphs.analytics.schema.context import Info, language_of
from subgraphs.analytics.service import tracking


@strawberry.enum(description="What a visitor did.")
class TrackedEventKind(Enum):
    """The kinds of client events."""

    SEARCH = strawberry.enum_value("search", description="Searched for hotels.")
    VIEW = strawberry.enum_value("view", description="Looked at a hotel.")
    QUOTE = strawberry.enum_value("quote", description="Was shown the price of a stay.")
    CLICK = strawberry.enum_value("click", description="Chose a hotel in a list.")


@strawberry.enum(description="Why an event was not taken.")
class TrackingRejection(Enum):
    """The reasons, for clients to act on."""

    IN_THE_FUTURE = strawberry.enum_value(
        "IN_THE_FUTURE", description="More than five minutes ahead: set the clock right."
    )
    TOO_OLD = strawberry.enum_value("TOO_OLD", description="Older than seven days: throw it away.")
    DUPLICATE_ID = strawberry.enum_value("DUPLICATE_ID", description="An earlier event of this call has the same id.")
    MALFORMED = strawberry.enum_value("MALFORMED", description="A slug, a number or the dates of a stay make no sense.")


@strawberry.input(description="Something that a visitor did. There is no place for text that they typed.")
class TrackedEventInput:
    """One client event."""

    id: strawberry.ID = strawberry.field(
        description="A UUID made by the client; the same event sent again has the same id."
    )
    kind: TrackedEventKind = strawberry.field(description="What it was.")
    occurred_at: datetime = strawberry.field(description="When, by the client's clock.")
    hotel_id: strawberry.ID | None = strawberry.field(default=None, description="The hotel, if it was about one.")
    room_type_id: strawberry.ID | None = strawberry.field(
        default=None, description="The room type, if it was about one."
    )
    destination: str | None = strawberry.field(default=None, description="Slug of the place; 80 characters at most.")
    query_length: int | None = strawberry.field(
        default=None, description="How many characters were typed into the search."
    )
    check_in: date | None = strawberry.field(default=None, description="First night of the stay; with `checkOut`.")
    check_out: date | None = strawberry.field(default=None, description="Day of departure; with `checkIn`.")
    position: int | None = strawberry.field(default=None, description="Place in the list that was shown, from 1.")

    def to_event(self) -> ClientEvent:
        """As the other domains are told. Raises ``BadUserInput`` for an id that is none."""
        return ClientEvent(
            event_id=parse_id(self.id, "events.id"),
            kind=cast("ClientEventKind", self.kind.value),
            occurred_at=self.occurred_at,
            hotel_id=_optional_id(self.hotel_id, "events.hotelId"),
            room_type_id=_optional_id(self.room_type_id, "events.roomTypeId"),
            destination=self.destination,
            query_length=self.query_length,
            check_in=self.check_in,
            check_out=self.check_out,
            position=self.position,
        )


@strawberry.input(description="What a visitor did lately.")
class TrackEventsInput:
    """A batch of client events."""

    events: list[TrackedEventInput] = strawberry.field(description="At most 500.")
    visitor_id: strawberry.ID = strawberry.field(
        description="A UUID of this browser or app, made by it; nothing that names a person."
    )
    has_consent: bool = strawberry.field(description="Whether the visitor agreed to be counted.")


@strawberry.type(description="An event that was not taken.")
class RejectedEvent:
    """Which, and why."""

    id: strawberry.ID = strawberry.field(description="Id of the event.")
    reason: TrackingRejection = strawberry.field(description="Why.")


@strawberry.type(description="What became of the events.")
class TrackedEvents:
    """The outcome of `trackEvents`."""

    accepted: int = strawberry.field(description="How many were taken; 0 without consent.")
    rejected: list[RejectedEvent] = strawberry.field(description="Those that were not taken, the others were.")
    is_stored: bool = strawberry.field(description="False when there was no consent: nothing is kept then.")


@strawberry.type(description="More events than one call may have; none was taken. Send them in several calls.")
class TooManyEvents(Problem):
    """The limit, for clients that split."""

    limit: int = strawberry.field(description="How many one call may have.")


TrackEventsResult: TypeAlias = Annotated[
    TrackedEvents | TooManyEvents, strawberry.union("TrackEventsResult", description="Outcome of `trackEvents`.")
]


@strawberry.type
class Mutation:
    """What visitors tell analytics."""

    @strawberry.mutation(
        description=(
            "Tell what a visitor did, to be counted. Anybody may; who is signed in is known from the token alone, and "
            "counts only with consent. The same event again (same id, same visitor) is counted once, so a call whose "
            "answer was lost can be repeated. Limited per visitor and per internet address (`RATE_LIMITED`)."
        )
    )
    async def track_events(
        self, info: Info, input: Annotated[TrackEventsInput, strawberry.argument(description="Who, and what.")]
    ) -> TrackEventsResult:
        context = info.context
        limit = tracking.MOST_EVENTS
        if len(input.events) > limit:
            portuguese = f"No máximo {limit} eventos por chamada; divida-os em várias."
            english = f"At most {limit} events a call; send them in several."
            return TooManyEvents(message=portuguese if language_of(info) == "pt-BR" else english, limit=limit)
        if not input.has_consent:
            return TrackedEvents(accepted=0, rejected=[], is_stored=False)
        visitor_id = parse_id(input.visitor_id, "visitorId")
        events = tracking.sort_events([event.to_event() for event in input.events], context.now)
        if input.events:
            await _within_limits(info, visitor_id, len(input.events))
        if events.accepted:
            principal = context.principal
            await tracking.hand_over(
                context.resources.broker,
                visitor_id=visitor_id,
                user_id=None if principal is None else principal.user_id,
                events=events.accepted,
                now=context.now,
            )
        return TrackedEvents(
            accepted=len(events.accepted),
            rejected=[
                RejectedEvent(id=strawberry.ID(str(id_)), reason=TrackingRejection(why.value))
                for id_, why in events.rejected
            ],
            is_stored=True,
        )


async def _within_limits(info: Info, visitor_id: UUID, count: int) -> None:
    """Count the events against the visitor, whose id anybody can make up, and against the address, which is shared."""
    resources = info.context.resources
    most = resources.settings.client_events_per_minute
    limits = [(f"track:visitor:{visitor_id}", Rate(most, 60))]
    if info.context.caller.address is not None:
        limits.append((f"track:address:{info.context.caller.address}", Rate(10 * most, 60)))
    for key, rate in limits:
        decision = await resources.limiter.hit(key, rate, count)
        if not decision.allowed:
            raise RateLimited(decision.retry_after)


def _optional_id(value: strawberry.ID | None, field: str) -> UUID | None:
    return None if value is None else parse_id(value, field)
