"""Changing the stay of a booking: what it would cost, doing it, and what became of it."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Final, TypeAlias
from uuid import UUID

import strawberry

from shared.graphql import InvalidInput, Money, MoneyInput, parse_id
from subgraphs.bookings.booking import aggregate
from subgraphs.bookings.gateways import Offer
from subgraphs.bookings.ids import payment_id_of
from subgraphs.bookings.messages import Language, say
from subgraphs.bookings.models import BookingRow
from subgraphs.bookings.repository.bookings import Conflict
from subgraphs.bookings.schema.booking import BookedNight, Booking, RoomType, visible
from subgraphs.bookings.schema.context import Info, language_of
from subgraphs.bookings.schema.inputs import PaymentInput, StayInput
from subgraphs.bookings.schema.outcomes import (
    AnswersProblems,
    BookingNotFound,
    IdempotencyKeyReused,
    PaymentDeclined,
    PolicyViolation,
    PriceChanged,
    Quote,
    SoldOut,
    UnknownRoomType,
)
from subgraphs.bookings.schema.payment import Payment
from subgraphs.bookings.service import stay_changes
from subgraphs.bookings.service.access import may_change_stay
from subgraphs.bookings.service.errors import InvalidValue, NotAllowed, UnknownBooking
from subgraphs.bookings.service.stay_changes import ChangeOffer, ChangePriceIsDifferent, ChangeRequest
from subgraphs.bookings.service.waiting import outcome

MAX_CONFLICTS: Final = 5

_State = aggregate.ChangeState


@strawberry.enum(description="Where a change of stay stands.")
class StayChangeState(Enum):
    """``aggregate.ChangeState`` with descriptions."""

    UNDER_WAY = strawberry.enum_value(_State.UNDER_WAY, description="Asked for; the booking is as it was.")
    DONE = strawberry.enum_value(_State.DONE, description="The booking has the new stay.")
    FAILED = strawberry.enum_value(
        _State.FAILED, description="It did not come about, and the booking is as it was; see `failureReason`."
    )


@strawberry.enum(description="Why a change of stay did not come about.")
class StayChangeFailureReason(Enum):
    """``events.ChangeFailure`` with descriptions."""

    SOLD_OUT = strawberry.enum_value("sold_out", description="The rooms were not free on every night.")
    HOLD_LOST = strawberry.enum_value("hold_lost", description="The new rooms were given up before they were paid.")
    PAYMENT_DECLINED = strawberry.enum_value("payment_declined", description="The traveler's bank declined.")
    PAYMENT_FAILED = strawberry.enum_value("payment_failed", description="The payment did not succeed.")
    EXPIRED = strawberry.enum_value("expired", description="The difference was not paid in time.")
    CANCELLED = strawberry.enum_value("cancelled", description="The booking was cancelled meanwhile.")


@strawberry.type(description="A change of the stay of a booking that was asked for.")
class StayChange:
    """One of ``Booking.changes``."""

    row: strawberry.Private[BookingRow]
    change: strawberry.Private[aggregate.StayChange]

    @strawberry.field(description="Identifies the change.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.change.id))

    @strawberry.field(description="Where it stands.")
    def state(self) -> StayChangeState:
        return StayChangeState(self.change.state)

    @strawberry.field(description="When it was asked for.")
    def requested_at(self) -> datetime:
        return self.change.requested_at

    @strawberry.field(description="What kind of rooms the new stay is in.")
    def room_type(self) -> RoomType | None:
        return RoomType(id=strawberry.ID(str(self.change.stay.room_type_id)))

    @strawberry.field(description="The new day of arrival, local to the hotel.")
    def check_in_date(self) -> date:
        return self.change.stay.check_in

    @strawberry.field(description="The new day of departure, local to the hotel.")
    def check_out_date(self) -> date:
        return self.change.stay.check_out

    @strawberry.field(description="Guests in all rooms together, from then on.")
    def guests(self) -> int:
        return self.change.stay.guests

    @strawberry.field(description="How many rooms, from then on.")
    def rooms(self) -> int:
        return self.change.stay.rooms

    @strawberry.field(description="Price of one room, night by night.")
    def nights(self) -> list[BookedNight]:
        return [
            BookedNight(night_date=night.night, price=self._money(night.price_minor))
            for night in self.change.stay.nights
        ]

    @strawberry.field(description="What is paid for the booking in the end.")
    def total(self) -> Money:
        return self._money(self.change.stay.total_minor)

    @strawberry.field(description="What was or is to be paid on top.")
    def due(self) -> Money:
        return self._money(self.change.due_minor)

    @strawberry.field(description="What flows back once the stay is changed.")
    def refund(self) -> Money:
        return self._money(self.change.refund_minor)

    @strawberry.field(description="What has flowed back.")
    def refunded(self) -> Money:
        return self._money(self.change.refunded_minor)

    @strawberry.field(description="Until when the new rooms are kept unpaid; null once that no longer matters.")
    def pay_by(self) -> datetime | None:
        return self.change.expires_at if self.change.state is _State.UNDER_WAY else None

    @strawberry.field(
        description=(
            "The payment of the difference, with what the traveler has to do. Null when there was nothing to pay, and "
            "for others than the traveler and our staff."
        )
    )
    async def payment(self, info: Info) -> Payment | None:
        if self.change.due_minor == 0 or not info.context.may_see_payment(self.row):
            return None
        payment = await info.context.loaders.payment.load(payment_id_of(self.change.id))
        return None if payment is None else Payment(row=payment)

    @strawberry.field(description="Why it did not come about; null unless it failed.")
    def failure_reason(self) -> StayChangeFailureReason | None:
        reason = self.change.failure_reason
        return None if reason is None else StayChangeFailureReason(reason)

    def _money(self, minor: int) -> Money:
        return Money.of_minor(minor, self.row.currency)


@strawberry.type(description="What changing the stay of a booking would cost now. Nothing is reserved.")
class StayChangeQuote:
    """An offer of hotels for a booking that exists."""

    found: strawberry.Private[ChangeOffer]

    @strawberry.field(
        description=(
            "What is paid for the booking in the end: pass it as `expectedTotal`. Discounts of the booking stay the "
            "amounts that they were, and what is not refundable any more is kept."
        )
    )
    def new_total(self) -> Money:
        return self._money(self.found.settlement.total_minor)

    @strawberry.field(description="What is to be paid on top.")
    def due(self) -> Money:
        return self._money(self.found.settlement.due_minor)

    @strawberry.field(description="What flows back.")
    def refund(self) -> Money:
        return self._money(self.found.settlement.refund_minor)

    @strawberry.field(description="What cancelling costs from then on at least: what it costs today.")
    def minimum_cancellation_fee(self) -> Money:
        return self._money(self.found.settlement.minimum_fee_minor)

    @strawberry.field(description="The price and terms of the new stay by itself.")
    def quote(self) -> Quote:
        return Quote(offer=self.found.offer)

    def _money(self, minor: int) -> Money:
        return Money.of_minor(minor, self.found.offer.currency)


@strawberry.input(description="Which stay to ask a price for.")
class StayChangeQuoteInput:
    """A booking and another stay."""

    booking_id: strawberry.ID = strawberry.field(description="The booking.")
    stay: StayInput = strawberry.field(description="The new nights, guests and rooms.")
    room_type_id: strawberry.ID | None = strawberry.field(
        default=None, description="Another room type of the same hotel; that of the booking when left out."
    )


@strawberry.input(description="How to change a stay.")
class ChangeStayInput(StayChangeQuoteInput):
    """A booking, another stay, and how to pay what it costs more."""

    expected_total: MoneyInput = strawberry.field(
        description="`newTotal` of a quote that the traveler has seen and agreed to."
    )
    payment: PaymentInput | None = strawberry.field(
        default=None, description="How to pay the difference; needed when the new stay costs more."
    )

    def to_request(self) -> ChangeRequest:
        """The request, not checked yet. Raises ``InvalidValue``, or ``BadUserInput`` for what cannot be."""
        return ChangeRequest(
            booking_id=parse_id(self.booking_id, "bookingId"),
            room_type_id=None if self.room_type_id is None else parse_id(self.room_type_id, "roomTypeId"),
            stay=self.stay.to_stay(),
            method=None if self.payment is None else self.payment.to_method(),
            expected_minor=self.expected_total.to_minor("expectedTotal.amount"),
            expected_currency=self.expected_total.currency,
        )


StayChangeQuoteResult: TypeAlias = Annotated[
    StayChangeQuote | SoldOut | PolicyViolation | BookingNotFound | UnknownRoomType | InvalidInput,
    strawberry.union("StayChangeQuoteResult", description="What it would cost, or why it is not possible."),
]
ChangeStayResult: TypeAlias = Annotated[
    Booking
    | SoldOut
    | PriceChanged
    | PaymentDeclined
    | PolicyViolation
    | BookingNotFound
    | UnknownRoomType
    | IdempotencyKeyReused
    | InvalidInput,
    strawberry.union("ChangeStayResult", description="The booking, or why it is as it was."),
]


@strawberry.type
class StayChangeQuery:
    """What one can ask about another stay."""

    @strawberry.field(
        description=(
            "What changing the stay of a booking would cost now: the difference to pay or to get back. For who made "
            "the booking and our staff. Nothing is reserved."
        ),
        extensions=[AnswersProblems()],
    )
    async def stay_change_quote(
        self,
        info: Info,
        input: Annotated[StayChangeQuoteInput, strawberry.argument(description="The booking and the other stay.")],
    ) -> StayChangeQuoteResult:
        booking_id = parse_id(input.booking_id, "bookingId")
        room_type_id = None if input.room_type_id is None else parse_id(input.room_type_id, "roomTypeId")
        await _require_own(info, booking_id)
        return StayChangeQuote(
            found=await info.context.stay_changes.quote(booking_id, room_type_id, input.stay.to_stay())
        )


@strawberry.type
class StayChangeMutation:
    """Changing a stay."""

    @strawberry.mutation(
        description=(
            "Change the dates, guests, rooms or room type of a confirmed booking, within its hotel and until the day "
            "before arrival. For who made the booking and our staff. The new rooms take the place of the old ones at "
            "once or not at all; until then, and when it comes to nothing, the booking is as it was. A dearer stay has "
            "the difference paid before; a cheaper one gives the difference back, as far as cancelling would give it "
            "back at that moment, and what was not refundable by then stays so. One change at a time. The answer waits "
            "up to `waitMs` for how it ends, but not once the traveler has to act to pay: see `Booking.changes`. The "
            "same `idempotencyKey` with the same input answers the first change again, as it is by then."
        ),
        extensions=[AnswersProblems()],
    )
    async def change_stay(
        self,
        info: Info,
        input: Annotated[ChangeStayInput, strawberry.argument(description="The booking and the stay that is wanted.")],
        idempotency_key: Annotated[
            str,
            strawberry.argument(
                description=(
                    "Chosen by the client, 1 to 100 characters, such as a UUID. Send the same one when you try again."
                )
            ),
        ],
        wait_ms: Annotated[
            int | None,
            strawberry.argument(description="How long to wait for the outcome: 0 to 10000, 2000 when left out."),
        ] = None,
    ) -> ChangeStayResult:
        context = info.context
        wait = _wait_seconds(info, wait_ms)
        request = input.to_request()
        caller_id = await _require_own(info, request.booking_id)
        try:
            change_id = await _request(info, caller_id, request, idempotency_key)
        except ChangePriceIsDifferent as error:
            quote = StayChangeQuote(found=error.found)
            return PriceChanged(
                message=error.message(language_of(info)), new_total=quote.new_total(), quote=quote.quote()
            )
        row = await outcome(
            context.database,
            context.live,
            request.booking_id,
            wait,
            lambda row: stay_changes.is_decided(row, change_id),
        )
        change = stay_changes.change_in(row, change_id)
        is_without_rooms = change.failure_reason in {"sold_out", "hold_lost"}
        alternatives = await stay_changes.alternatives_to(context.hotels, change) if is_without_rooms else ()
        return _decided(row, change, alternatives, language_of(info))


async def _require_own(info: Info, booking_id: UUID) -> UUID:
    """The caller, if the booking is theirs or they are staff."""
    principal = info.context.require_principal()
    row = await visible(info, booking_id, None)
    if row is None:
        raise UnknownBooking
    if not may_change_stay(principal, row.user_id):
        raise NotAllowed("not_your_booking")
    return principal.user_id


async def _request(info: Info, caller_id: UUID, request: ChangeRequest, key: str) -> UUID:
    """Ask; when a rival changed the booking first, ask again on what is now."""
    for _ in range(MAX_CONFLICTS - 1):
        try:
            return await info.context.stay_changes.request(caller_id, request, key)
        except Conflict:
            continue
    return await info.context.stay_changes.request(caller_id, request, key)


def _decided(
    row: BookingRow, change: aggregate.StayChange, alternatives: Sequence[Offer], language: Language
) -> Booking | SoldOut | PaymentDeclined:
    """The answer to whoever asked for the change."""
    match change.failure_reason:
        case "sold_out" | "hold_lost":
            quotes = [Quote(offer=offer) for offer in alternatives]
            return SoldOut(message=say(language, "sold_out"), nights=change.sold_out_nights, alternatives=quotes)
        case "payment_declined" | "payment_failed":
            return PaymentDeclined(
                message=say(language, "payment_declined"), reason=change.failure_detail, booking=Booking(row=row)
            )
    return Booking(row=row)


def _wait_seconds(info: Info, wait_ms: int | None) -> float:
    settings = info.context.settings
    if wait_ms is None:
        wait_ms = settings.answer_wait_ms
    if not 0 <= wait_ms <= settings.max_answer_wait_ms:
        raise InvalidValue("waitMs", "wait_out_of_range", limit=settings.max_answer_wait_ms)
    return wait_ms / 1000
