"""Mutations of the bookings domain: each opens one transaction around one use case."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.db import WriteSession
from shared.graphql import Forbidden, parse_id
from subgraphs.bookings.booking.aggregate import Booking as Aggregate
from subgraphs.bookings.messages import say
from subgraphs.bookings.schema.booking import Booking, visible
from subgraphs.bookings.schema.context import Info, language_of
from subgraphs.bookings.schema.inputs import CreateBookingInput
from subgraphs.bookings.schema.outcomes import (
    NO_ROOMS,
    AnswersProblems,
    CancelBookingResult,
    ChangeBookingResult,
    CreateBookingResult,
    decided,
)
from subgraphs.bookings.service import changes
from subgraphs.bookings.service.access import may_cancel
from subgraphs.bookings.service.errors import InvalidValue, NotAllowed, UnknownBooking
from subgraphs.bookings.service.quotes import alternatives_to
from subgraphs.bookings.service.versions import announce_new
from subgraphs.bookings.service.waiting import outcome

BookingId = Annotated[strawberry.ID, strawberry.argument(description="The booking.")]
IdempotencyKey = Annotated[
    str,
    strawberry.argument(
        description="Chosen by the client, 1 to 100 characters, such as a UUID. Send the same one when you try again."
    ),
]


class StayUseCase(Protocol):
    """What a hotel does with a booking of its own."""

    async def __call__(self, session: WriteSession, booking_id: UUID, *, actor: UUID, now: datetime) -> Aggregate:
        """The booking after it."""
        ...


@strawberry.type
class Mutation:
    """What travelers and hotels can do."""

    @strawberry.mutation(
        description=(
            "Book rooms and pay for them. For whoever is signed in. The booking is written down at once and then sold "
            "step by step: the answer waits up to `waitMs` for how that ends, so that `SoldOut`, `PointsRefused` and "
            "`PaymentDeclined` can be the answer, and otherwise is the booking as it then is (`PENDING`, say): watch "
            "it by `bookingUpdated`. It never waits once the traveler has to act to pay. The same `idempotencyKey` "
            "with the same input answers the first booking again, as it is by then."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_booking(
        self,
        info: Info,
        input: Annotated[CreateBookingInput, strawberry.argument(description="What to book, and how to pay.")],
        idempotency_key: IdempotencyKey,
        wait_ms: Annotated[
            int | None,
            strawberry.argument(description="How long to wait for the outcome: 0 to 10000, 2000 when left out."),
        ] = None,
    ) -> CreateBookingResult:
        context = info.context
        principal = context.require_principal()
        wait = _wait_seconds(info, wait_ms)
        booking_id = await context.desk.book(principal.user_id, input.to_request(), idempotency_key)
        await announce_new(context.live, principal.user_id)
        row = await outcome(context.database, context.live, booking_id, wait)
        alternatives = await alternatives_to(context.hotels, row) if row.failure_reason in NO_ROOMS else ()
        return decided(row, alternatives, language_of(info))

    @strawberry.mutation(
        description=(
            "Call a booking off, on the terms in `Booking.cancellation`; the refund follows. For who made it and our "
            "staff. A cancelled booking is answered as it is."
        ),
        extensions=[AnswersProblems()],
    )
    async def cancel_booking(
        self,
        info: Info,
        id: BookingId,
        reason: Annotated[
            str | None, strawberry.argument(description="For the timeline, up to 500 characters.")
        ] = None,
    ) -> CancelBookingResult:
        context = info.context
        principal = context.require_principal()
        booking_id = parse_id(id)
        row = await visible(info, booking_id, None)
        if row is None:
            raise UnknownBooking
        if not may_cancel(principal, row.user_id):
            raise NotAllowed("not_your_booking")
        await context.change(
            lambda session: changes.cancel(session, booking_id, actor=principal.user_id, reason=reason, now=context.now)
        )
        return Booking(row=await context.fresh(booking_id))

    @strawberry.mutation(
        description="The guests arrive. For the hotel's manager and administrators. Again changes nothing more.",
        extensions=[AnswersProblems()],
    )
    async def check_in(self, info: Info, id: BookingId) -> ChangeBookingResult:
        return await _at_the_hotel(info, id, changes.check_in)

    @strawberry.mutation(
        description="The guests leave. For the hotel's manager and administrators. Again changes nothing more.",
        extensions=[AnswersProblems()],
    )
    async def check_out(self, info: Info, id: BookingId) -> ChangeBookingResult:
        return await _at_the_hotel(info, id, changes.check_out)

    @strawberry.mutation(
        description=(
            "The guests never came; possible once the day of arrival is over at the hotel. For the hotel's manager and "
            "administrators. Again changes nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def mark_no_show(self, info: Info, id: BookingId) -> ChangeBookingResult:
        return await _at_the_hotel(info, id, changes.mark_no_show)


async def _at_the_hotel(info: Info, id: strawberry.ID, use_case: StayUseCase) -> Booking:
    context = info.context
    principal = context.require_role(Role.HOTEL_MANAGER, Role.ADMIN)
    booking_id = parse_id(id)
    row = await visible(info, booking_id, None)
    if row is None:
        raise UnknownBooking
    if not await context.loaders.manages.load(row.hotel_id):  # one's own booking at somebody else's hotel
        raise Forbidden(say(language_of(info), "not_your_hotel"))
    await context.change(lambda session: use_case(session, booking_id, actor=principal.user_id, now=context.now))
    return Booking(row=await context.fresh(booking_id))


def _wait_seconds(info: Info, wait_ms: int | None) -> float:
    settings = info.context.settings
    if wait_ms is None:
        wait_ms = settings.answer_wait_ms
    if not 0 <= wait_ms <= settings.max_answer_wait_ms:
        raise InvalidValue("waitMs", "wait_out_of_range", limit=settings.max_answer_wait_ms)
    return wait_ms / 1000
