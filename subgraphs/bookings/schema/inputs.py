"""Input of bookings, and how it becomes what the use cases take."""

from datetime import date

import strawberry

from shared.graphql import MoneyInput, parse_id
from subgraphs.bookings.gateways import Stay
from subgraphs.bookings.payments.methods import Boleto, Card, Pix
from subgraphs.bookings.payments.methods import PaymentMethod as Method
from subgraphs.bookings.schema.enums import BookingState, PaymentMethod
from subgraphs.bookings.service.booking_desk import BookingRequest
from subgraphs.bookings.service.discounts import Discounts
from subgraphs.bookings.service.errors import InvalidValue


# The hotels subgraph has the same input: the supergraph knows one.
@strawberry.input(description="The nights, guests and rooms that somebody asks for. Dates are local to the hotel.")
class StayInput:
    """A stay."""

    check_in_date: date = strawberry.field(description="Day of arrival: today at the earliest.")
    check_out_date: date = strawberry.field(description="Day of departure: at most 30 nights later.")
    guests: int = strawberry.field(description="Guests in all rooms together.")
    rooms: int = strawberry.field(default=1, description="Rooms of one type, 1 to 9.")

    def to_stay(self) -> Stay:
        """The stay, not checked yet."""
        return Stay(self.check_in_date, self.check_out_date, self.guests, self.rooms)


def discounts_of(coupon_code: str | None, points: int) -> Discounts:
    """The discounts that are asked for. An empty code is none: it is what an empty field of a form sends."""
    return Discounts(coupon_code=coupon_code or None, points=points)


@strawberry.input(description="What to ask a price for.")
class QuoteInput:
    """A room type and a stay."""

    room_type_id: strawberry.ID = strawberry.field(description="The room type.")
    stay: StayInput = strawberry.field(description="Nights, guests and rooms.")
    coupon_code: str | None = strawberry.field(default=None, description="A coupon: `BEMVINDO10`.")
    points: int = strawberry.field(
        default=0,
        description=(
            "Points to pay with: 1 point is R$ 0.01, for up to half of the price after the coupon, and prices in reais "
            "only. Whether the traveler has them shows when they book."
        ),
    )


@strawberry.input(description="How to pay.")
class PaymentInput:
    """A payment method and what it needs."""

    method: PaymentMethod = strawberry.field(description="The method.")
    card_token: str | None = strawberry.field(
        default=None,
        description=(
            "For cards: the payment provider's name for the card; card numbers never come here. The sandbox knows "
            "`tok_approve`, `tok_decline_insufficient_funds`, `tok_3ds_approve` and others."
        ),
    )
    installments: int = strawberry.field(default=1, description="For cards: monthly instalments, 1 to 12.")

    def to_method(self) -> Method:
        """The method. Raises ``InvalidValue`` for parts that do not belong together."""
        if self.method is PaymentMethod.CARD:
            if not self.card_token:
                raise InvalidValue("payment.cardToken", "card_token_missing")
            return Card(self.card_token, self.installments)
        if self.card_token is not None:
            raise InvalidValue("payment.cardToken", "card_token_unexpected")
        if self.installments != 1:
            raise InvalidValue("payment.installments", "installments_unexpected")
        return Pix() if self.method is PaymentMethod.PIX else Boleto()


@strawberry.input(description="What to book.")
class CreateBookingInput:
    """A booking."""

    room_type_id: strawberry.ID = strawberry.field(description="The room type.")
    stay: StayInput = strawberry.field(description="Nights, guests and rooms.")
    expected_total: MoneyInput = strawberry.field(
        description=(
            "The total that the traveler has seen and agreed to: of a quote with the same coupon and points, or of an "
            "offer."
        )
    )
    payment: PaymentInput = strawberry.field(description="How to pay.")
    coupon_code: str | None = strawberry.field(default=None, description="A coupon to use: `BEMVINDO10`.")
    points: int = strawberry.field(default=0, description="Points to pay with; see `QuoteInput.points`.")

    def to_request(self) -> BookingRequest:
        """The request, not checked yet. Raises ``InvalidValue``, or ``BadUserInput`` for what cannot be."""
        return BookingRequest(
            room_type_id=parse_id(self.room_type_id, "roomTypeId"),
            stay=self.stay.to_stay(),
            method=self.payment.to_method(),
            expected_minor=self.expected_total.to_minor("expectedTotal.amount"),
            expected_currency=self.expected_total.currency,
            discounts=discounts_of(self.coupon_code, self.points),
        )


@strawberry.input(description="Which bookings to list. All given parts must fit.")
class BookingFilter:
    """What a booking must be like."""

    states: list[BookingState] | None = strawberry.field(default=None, description="In any of these states.")
    check_in_from: date | None = strawberry.field(default=None, description="Arrival on this day or later.")
    check_in_to: date | None = strawberry.field(default=None, description="Arrival on this day or earlier.")
