"""What the queries and mutations of bookings can answer."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, TypeAlias

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from shared.graphql import InvalidInput, Money, Problem, Unavailable
from subgraphs.bookings.booking.pricing import Price, most_points
from subgraphs.bookings.coupons.models import Coupon as CouponRow
from subgraphs.bookings.coupons.rules import Rejection
from subgraphs.bookings.gateways import HotelsUnavailable, Offer
from subgraphs.bookings.messages import Language, say
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.schema.booking import BookedNight, Booking, RoomType
from subgraphs.bookings.schema.context import Info, as_error, language_of
from subgraphs.bookings.schema.coupon import Coupon
from subgraphs.bookings.schema.enums import CouponRejectionReason
from subgraphs.bookings.schema.price import PriceLine, price_lines
from subgraphs.bookings.service import errors


@strawberry.type(description="What a stay costs now, and on which terms.")
class Quote:
    """An offer of hotels."""

    offer: strawberry.Private[Offer]
    discounted: strawberry.Private[Price | None] = None
    """``None`` for an offer at its own price."""

    @property
    def _price(self) -> Price:
        return self.discounted or Price(rooms_minor=self.offer.total_minor, currency=self.offer.currency)

    @strawberry.field(description="The room type.")
    def room_type(self) -> RoomType:
        return RoomType(id=strawberry.ID(str(self.offer.room_type_id)))

    @strawberry.field(description="What is to be paid for all rooms and nights: pass it as `expectedTotal`.")
    def total(self) -> Money:
        return Money.of_minor(self._price.total_minor, self.offer.currency)

    @strawberry.field(description="What makes up the total: the rooms, then the discounts that were asked for.")
    def price_lines(self) -> list[PriceLine]:
        return price_lines(self._price)

    @strawberry.field(
        description="How many points can pay part of this, whether the traveler has them or not; 0 for none."
    )
    def maximum_points(self, info: Info) -> int:
        price = self._price
        rules = info.context.settings.discount_rules()
        return most_points(price.rooms_minor - price.coupon_minor, price.currency, rules)

    @strawberry.field(description="Price of one room, night by night.")
    def nights(self) -> list[BookedNight]:
        return [
            BookedNight(night_date=night, price=Money.of_minor(minor, self.offer.currency))
            for night, minor in self.offer.nightly_minor
        ]

    @strawberry.field(description="Rooms that are still free on every night; 9 stands for 9 or more.")
    def rooms_left(self) -> int:
        return self.offer.rooms_left

    @strawberry.field(description="Cancelling is free until this many days before check-in; null for never.")
    def free_cancellation_days(self) -> int | None:
        return self.offer.policy.free_until_days

    @strawberry.field(
        description="After that it costs the first night until this many days before check-in, then the whole stay."
    )
    def first_night_days(self) -> int | None:
        return self.offer.policy.first_night_until_days


@strawberry.type(description="The rooms are not free on every night. Nothing is booked.")
class SoldOut(Problem):
    """No rooms."""

    nights: list[date] = strawberry.field(description="The nights on which rooms are missing, as far as known.")
    alternatives: list[Quote] = strawberry.field(
        description="Other room types of the hotel that are free, cheapest first."
    )


@strawberry.type(description="The stay costs something else than `expectedTotal`. Nothing is booked.")
class PriceChanged(Problem):
    """Another price."""

    new_total: Money = strawberry.field(description="What it costs now.")
    quote: Quote = strawberry.field(description="The whole new price.")


@strawberry.type(description="The coupon does not count for this booking. Nothing is booked, and no use is lost.")
class CouponRejected(Problem):
    """No discount."""

    reason: CouponRejectionReason = strawberry.field(description="Why.")
    minimum: Money | None = strawberry.field(
        description="What the rooms have to cost before discounts, when they cost less."
    )


@strawberry.type(description="The traveler has fewer points than they wanted to use; the rooms are free again.")
class PointsRefused(Problem):
    """Not enough points."""

    available: int = strawberry.field(description="How many points they could use.")
    booking: Booking = strawberry.field(description="The booking that did not come about.")


@strawberry.type(description="The payment was declined; the rooms that were kept for it are free again.")
class PaymentDeclined(Problem):
    """No money."""

    reason: str | None = strawberry.field(description="Why, as a code such as `insufficient_funds`.")
    booking: Booking = strawberry.field(
        description="The booking that did not come about, or that is as it was before the change that was asked for."
    )


@strawberry.type(description="The booking's state or terms do not allow it. Nothing was changed.")
class PolicyViolation(Problem):
    """Not possible."""

    reason: str = strawberry.field(description="Why, as a code such as `stay_begun`.")


@strawberry.type(description="Another coupon has this code. Nothing was made.")
class CouponCodeTaken(Problem):
    """The code is another coupon's."""


@strawberry.type(description="There is no such coupon.")
class CouponNotFound(Problem):
    """The id leads to no coupon."""


@strawberry.type(description="There is no such room type.")
class UnknownRoomType(Problem):
    """The id leads to no room type."""


@strawberry.type(description="There is no such booking, or the caller may not know of it.")
class BookingNotFound(Problem):
    """The id leads to no booking."""


@strawberry.federation.type(
    shareable=True, description="The idempotency key was used before, with another input. Nothing was changed."
)
class IdempotencyKeyReused(Problem):
    """A new request needs a new key."""


QuoteResult: TypeAlias = Annotated[
    Quote | SoldOut | CouponRejected | UnknownRoomType | InvalidInput,
    strawberry.union("QuoteResult", description="The price, or why there is none."),
]
CreateBookingResult: TypeAlias = Annotated[
    Booking
    | SoldOut
    | PriceChanged
    | CouponRejected
    | PointsRefused
    | PaymentDeclined
    | UnknownRoomType
    | IdempotencyKeyReused
    | InvalidInput,
    strawberry.union("CreateBookingResult", description="The booking, or why there is none."),
]
CancelBookingResult: TypeAlias = Annotated[
    Booking | BookingNotFound | PolicyViolation | InvalidInput,
    strawberry.union("CancelBookingResult", description="The cancelled booking, or why it is as it was."),
]
ChangeBookingResult: TypeAlias = Annotated[
    Booking | BookingNotFound | PolicyViolation,
    strawberry.union("ChangeBookingResult", description="The booking after the change, or why it is as it was."),
]


CreateCouponResult: TypeAlias = Annotated[
    Coupon | CouponCodeTaken | InvalidInput,
    strawberry.union("CreateCouponResult", description="The coupon, or why there is none."),
]
DeactivateCouponResult: TypeAlias = Annotated[
    Coupon | CouponNotFound,
    strawberry.union("DeactivateCouponResult", description="The coupon that nobody can use any more."),
]


class AnswersProblems(FieldExtension):
    """Turns what a use case refuses into the problem that its union has for it, and the rest into an error."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Run the field. The transaction is rolled back by the time its refusal arrives here."""
        try:
            return await next_(source, info, **arguments)
        except errors.BookingsError as error:
            return _problem(error, language_of(info))
        except HotelsUnavailable:
            raise Unavailable(say(language_of(info), "hotels_unavailable")) from None


NO_ROOMS: Final = frozenset({"sold_out", "hold_lost"})
"""Reasons of a failed booking that mean: the rooms are gone."""


def decided(
    row: BookingRow, alternatives: Sequence[Offer], language: Language
) -> Booking | SoldOut | PointsRefused | PaymentDeclined:
    """The answer to whoever made the booking: itself, or the reason why it did not come about, where one is known."""
    if row.failure_reason in NO_ROOMS:
        nights = [date.fromisoformat(night) for night in row.details["sold_out_nights"]]
        quotes = [Quote(offer=offer) for offer in alternatives]
        return SoldOut(message=say(language, "sold_out"), nights=nights, alternatives=quotes)
    if row.failure_reason == "points_refused":
        available = row.details["points_available"]
        message = say(language, "points_refused", available=available)
        return PointsRefused(message=message, available=available, booking=Booking(row=row))
    if row.failure_reason in {"payment_declined", "payment_failed"}:
        return PaymentDeclined(
            message=say(language, "payment_declined"), reason=row.failure_detail, booking=Booking(row=row)
        )
    return Booking(row=row)


def _minimum(reason: Rejection, coupon: CouponRow | None) -> Money | None:
    if reason != "minimum_not_reached" or coupon is None or coupon.currency is None:
        return None
    return Money.of_minor(coupon.minimum_minor, coupon.currency)


def _problem(error: errors.BookingsError, language: Language) -> Problem:
    message = error.message(language)
    match error:
        case errors.InvalidValue(field=field) | errors.RefusedByHotels(field=field):
            return InvalidInput(message=message, field=field)
        case errors.UnknownRoomType():
            return UnknownRoomType(message=message)
        case errors.UnknownBooking():
            return BookingNotFound(message=message)
        case errors.NoRooms(alternatives=alternatives):
            return SoldOut(message=message, nights=[], alternatives=[Quote(offer=offer) for offer in alternatives])
        case errors.PriceIsDifferent(offer=offer, price=price):
            total = Money.of_minor(offer.total_minor if price is None else price.total_minor, offer.currency)
            return PriceChanged(message=message, new_total=total, quote=Quote(offer=offer, discounted=price))
        case errors.CouponRefused(reason=reason, coupon=coupon):
            return CouponRejected(
                message=message, reason=CouponRejectionReason(reason), minimum=_minimum(reason, coupon)
            )
        case errors.CouponCodeIsTaken():
            return CouponCodeTaken(message=message)
        case errors.UnknownCoupon():
            return CouponNotFound(message=message)
        case errors.PolicyRefuses(reason=reason):
            return PolicyViolation(message=message, reason=reason)
        case errors.KeyReused():
            return IdempotencyKeyReused(message=message)
    raise as_error(error, language)
