"""Bookings."""

# mypy: disallow-untyped-decorators=False

import asyncio
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import msgspec
import strawberry
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet
from strawberry.scalars import JSON

from shared.contracts.bookings import IMPORTED_GUEST_ID
from shared.graphql import Money
from subgraphs.bookings import models
from subgraphs.bookings.booking import aggregate
from subgraphs.bookings.booking.aggregate import IN_PROGRESS
from subgraphs.bookings.booking.codes import normalised_code
from subgraphs.bookings.booking.events import RecordedEvent, encode
from subgraphs.bookings.booking.policy import CancellationTerms, cancellation_fee, free_until
from subgraphs.bookings.booking.pricing import Price
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.schema.context import Info, uuid_or_none
from subgraphs.bookings.schema.enums import BookingFailureReason, BookingState, PaymentMethod
from subgraphs.bookings.schema.payment import Payment
from subgraphs.bookings.schema.price import PriceLine, price_lines, price_of

if TYPE_CHECKING:
    from subgraphs.bookings.schema.owners import Hotel, User
    from subgraphs.bookings.schema.stay_change import StayChange


@strawberry.federation.type(
    keys=[Key(fields=FieldSet("id"), resolvable=False)], description="Rooms of a hotel that are sold as one kind."
)
class RoomType:
    """A room type, which hotels knows all about."""

    id: strawberry.ID = strawberry.field(description="Identifies the room type.")


@strawberry.type(description="The price of one room on one night, as it was booked.")
class BookedNight:
    """A night of a booking."""

    night_date: date = strawberry.field(description="The hotel-local date on which the night begins.")
    price: Money = strawberry.field(description="Price of one room.")


@strawberry.type(description="What cancelling a booking costs, or did cost.")
class BookingCancellation:
    """The terms of the offer when the booking was made, at this moment."""

    free_until_at: datetime | None = strawberry.field(description="Until when cancelling is free; null for never.")
    is_possible: bool = strawberry.field(description="Whether the booking can be cancelled now.")
    fee: Money = strawberry.field(description="What cancelling costs now, or did cost.")
    refund: Money = strawberry.field(description="What flows back on cancelling now, or had to flow back.")
    refunded: Money = strawberry.field(description="What has flowed back.")
    reason: str | None = strawberry.field(description="What was given as the reason, once it is cancelled.")


@strawberry.type(description="Something that happened to a booking.")
class BookingTimelineEntry:
    """An event of a booking."""

    event: strawberry.Private[RecordedEvent]

    @strawberry.field(description="The booking's version after it: 1 for the first.")
    def version(self) -> int:
        return self.event.sequence

    @strawberry.field(description="What happened: `booking.confirmed`.")
    def type(self) -> str:
        return self.event.payload.type

    @strawberry.field(description="When.")
    def occurred_at(self) -> datetime:
        return self.event.occurred_at

    @strawberry.field(description="Who did it; null for the platform itself.")
    def actor(self) -> Annotated["User", strawberry.lazy("subgraphs.bookings.schema.owners")] | None:
        from subgraphs.bookings.schema.owners import User

        actor = self.event.actor
        return None if actor is None or actor == IMPORTED_GUEST_ID else User(user_id=actor)

    @strawberry.field(description="The event's own data, in its newest shape.")
    def data(self) -> JSON:
        return JSON(encode(self.event.payload))


@strawberry.federation.type(keys=["id", "code"], description="Rooms that somebody has booked, or tried to.")
class Booking:
    """A booking. Whoever makes one of these has checked that the caller may see it."""

    row: strawberry.Private[models.BookingRow]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The bookings behind entity references; ``None`` for those that the caller may not see."""
        rows = await asyncio.gather(*(visible(info, key.get("id"), key.get("code")) for key in keys))
        return [None if row is None else cls(row=row) for row in rows]

    @property
    def _price(self) -> Price:
        return price_of(self.row.total_minor, self.row.currency, self.row.details.get("discounts"))

    @strawberry.field(description="Identifies the booking.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="Eight letters and digits for people: `K7MPX2QA`.")
    def code(self) -> str:
        return self.row.code

    @strawberry.field(description="Counts the changes: it rises by one with each.")
    def version(self) -> int:
        return self.row.version

    @strawberry.field(description="Where it stands.")
    def state(self) -> BookingState:
        return BookingState[self.row.state]

    # Nullable, like all that other subgraphs fill in: when one of them is lost, the booking is still there.
    @strawberry.field(description="Who booked; null for a booking that was imported without its guest's name.")
    def user(self) -> Annotated["User", strawberry.lazy("subgraphs.bookings.schema.owners")] | None:
        from subgraphs.bookings.schema.owners import User

        return None if self.row.user_id == IMPORTED_GUEST_ID else User(user_id=self.row.user_id)

    @strawberry.field(description="The hotel.")
    def hotel(self) -> Annotated["Hotel", strawberry.lazy("subgraphs.bookings.schema.owners")] | None:
        from subgraphs.bookings.schema.owners import Hotel

        return Hotel(hotel_id=self.row.hotel_id)

    @strawberry.field(description="What kind of rooms.")
    def room_type(self) -> RoomType | None:
        return RoomType(id=strawberry.ID(str(self.row.room_type_id)))

    @strawberry.field(description="Day of arrival, local to the hotel.")
    def check_in_date(self) -> date:
        return self.row.check_in

    @strawberry.field(description="Day of departure, local to the hotel.")
    def check_out_date(self) -> date:
        return self.row.check_out

    @strawberry.field(description="Guests in all rooms together.")
    def guests(self) -> int:
        return self.row.guests

    @strawberry.field(description="How many rooms.")
    def rooms(self) -> int:
        return self.row.rooms

    @strawberry.field(description="Price of one room, night by night.")
    def nights(self) -> list[BookedNight]:
        return [
            BookedNight(
                night_date=date.fromisoformat(night["night"]),
                price=Money.of_minor(night["price_minor"], self.row.currency),
            )
            for night in self.row.details["nights"]
        ]

    @strawberry.field(description="What the traveler pays for all rooms and nights: discounts are taken off.")
    def total(self) -> Money:
        return Money.of_minor(self.row.total_minor, self.row.currency)

    @strawberry.field(description="What makes up the total: the rooms, then the discounts.")
    def price_lines(self) -> list[PriceLine]:
        return price_lines(self._price)

    @strawberry.field(description="By how much the traveler pays less than the rooms cost, by coupon and points.")
    def discount(self) -> Money:
        price = self._price
        return Money.of_minor(price.coupon_minor + price.points_minor, price.currency)

    @strawberry.field(
        description=(
            "Points that are part of the discount. They go back, like the coupon, when the booking comes to nothing or "
            "is cancelled free of charge; a cancellation for a fee keeps both."
        )
    )
    def points_redeemed(self) -> int:
        return self._price.points

    @strawberry.field(description="The coupon in the price; null for none.")
    def coupon_code(self) -> str | None:
        return self._price.coupon_code

    @strawberry.field(description="How it is paid.")
    def payment_method(self) -> PaymentMethod:
        return PaymentMethod(self.row.payment_method)

    @strawberry.field(description="Until when the rooms are kept unpaid; null once that no longer matters.")
    def pay_by(self) -> datetime | None:
        return self.row.expires_at if self.row.state in IN_PROGRESS else None

    @strawberry.field(description="Why it did not come about; null unless it failed.")
    def failure_reason(self) -> BookingFailureReason | None:
        return None if self.row.failure_reason is None else BookingFailureReason(self.row.failure_reason)

    @strawberry.field(
        description="The payment, with what the traveler has to do. Null for others than the traveler and our staff."
    )
    async def payment(self, info: Info) -> Payment | None:
        if not info.context.may_see_payment(self.row):
            return None
        payment = await info.context.loaders.payment.load(payment_id_of(self.row.id))
        return None if payment is None else Payment(row=payment)

    @strawberry.field(description="What cancelling costs now, or did cost.")
    def cancellation(self, info: Info) -> BookingCancellation:
        row = self.row
        terms = msgspec.convert(row.details["cancellation"], CancellationTerms)
        state = aggregate.BookingState(row.state)
        if state is aggregate.BookingState.CANCELLED:
            fee, refund = row.fee_minor, row.refund_due_minor
        elif state is aggregate.BookingState.CONFIRMED:
            fee = cancellation_fee(terms, info.context.now)
            refund = row.total_minor - fee
        else:
            fee = refund = 0
        return BookingCancellation(
            free_until_at=free_until(terms),
            is_possible=state in IN_PROGRESS or state is aggregate.BookingState.CONFIRMED,
            fee=Money.of_minor(fee, row.currency),
            refund=Money.of_minor(refund, row.currency),
            refunded=Money.of_minor(row.refunded_minor, row.currency),
            reason=row.cancellation_reason,
        )

    @strawberry.field(
        description="All changes of its stay that were asked for, in order. Only the last may be under way."
    )
    def changes(self) -> list[Annotated["StayChange", strawberry.lazy("subgraphs.bookings.schema.stay_change")]]:
        from subgraphs.bookings.schema.stay_change import StayChange

        changes = msgspec.convert(self.row.details.get("changes", []), list[aggregate.StayChange])
        return [StayChange(row=self.row, change=change) for change in changes]

    @strawberry.field(description="All that happened to it, in order.")
    async def timeline(self, info: Info) -> list[BookingTimelineEntry]:
        history = await info.context.loaders.history.load(self.row.id)
        return [BookingTimelineEntry(event=event) for event in history or () if event.sequence <= self.row.version]

    @strawberry.field(description="When it was made.")
    def created_at(self) -> datetime:
        return self.row.requested_at

    @strawberry.field(description="When it last changed.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


async def find(info: Info, key_id: Any, code: Any) -> models.BookingRow | None:
    """The booking with this id or this code, whoever asks."""
    loaders = info.context.loaders
    booking_id: UUID | None = uuid_or_none(key_id)
    if booking_id is None and isinstance(code, str) and (normal := normalised_code(code)) is not None:
        booking_id = await loaders.booking_id.load(normal)
    return None if booking_id is None else await loaders.booking.load(booking_id)


async def visible(info: Info, key_id: Any, code: Any) -> models.BookingRow | None:
    """The booking with this id or this code, if the caller may see it."""
    row = await find(info, key_id, code)
    return row if row is not None and await info.context.may_see(row) else None
