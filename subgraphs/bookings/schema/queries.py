"""Queries of the bookings domain."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime
from typing import Annotated

import strawberry

from shared.graphql import BadUserInput, page_size, parse_id
from subgraphs.bookings import models
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.schema.booking import Booking, visible
from subgraphs.bookings.schema.context import Info
from subgraphs.bookings.schema.enums import SagaKind, SagaState
from subgraphs.bookings.schema.inputs import QuoteInput, discounts_of
from subgraphs.bookings.schema.outcomes import AnswersProblems, Quote, QuoteResult
from subgraphs.bookings.service.access import STAFF
from subgraphs.bookings.service.discounts import priced
from subgraphs.bookings.service.quotes import quote


@strawberry.type(description="The sale of a booking, or a change of its stay, as our machinery sees it.")
class Saga:
    """A row of ``sagas``."""

    row: strawberry.Private[models.Saga]

    @strawberry.field(description="Identifies the saga: the booking's id for its sale, the change's for a change.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="What it does.")
    def kind(self) -> SagaKind:
        return SagaKind(self.row.kind)

    @strawberry.field(description="The booking.")
    async def booking(self, info: Info) -> Booking | None:
        row = await info.context.loaders.booking.load(self.row.booking_id)
        return None if row is None else Booking(row=row)

    @strawberry.field(description="Where it stands.")
    def state(self) -> SagaState:
        return SagaState(self.row.state)

    @strawberry.field(description="The step it is at: `CAPTURE_PAYMENT`.")
    def step(self) -> str:
        return self.row.step

    @strawberry.field(description="How often that step has failed.")
    def attempts(self) -> int:
        return self.row.attempts

    @strawberry.field(description="What went wrong last.")
    def last_error(self) -> str | None:
        return self.row.last_error

    @strawberry.field(description="When it last changed.")
    def updated_at(self) -> datetime:
        return self.row.updated_at


@strawberry.type
class Query:
    """What one can ask about bookings."""

    @strawberry.field(
        description=(
            "What a stay costs now, with a coupon and points if asked for. For everybody; a coupon of one's own needs "
            "the sign-in. Nothing is reserved or used up."
        ),
        extensions=[AnswersProblems()],
    )
    async def quote(
        self, info: Info, input: Annotated[QuoteInput, strawberry.argument(description="The room type and stay.")]
    ) -> QuoteResult:
        context = info.context
        room_type_id = parse_id(input.room_type_id, "roomTypeId")
        offer = await quote(context.hotels, room_type_id, input.stay.to_stay(), context.settings)
        principal = context.principal
        async with context.database.read() as session:
            found = await priced(
                session,
                offer,
                discounts_of(input.coupon_code, input.points),
                user_id=None if principal is None else principal.user_id,
                rules=context.settings.discount_rules(),
                now=context.now,
            )
        return Quote(offer=offer, discounted=found.price)

    @strawberry.field(
        description=(
            "A booking by id or by code. For who made it, the hotel's manager and our staff; null when there is none "
            "and for everybody else."
        )
    )
    async def booking(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The booking's id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="The booking's code, instead of the id.")] = None,
    ) -> Booking | None:
        info.context.require_principal()
        if (id is None) == (code is None):
            raise BadUserInput("Give the id or the code.", field="id")
        row = await visible(info, None if id is None else parse_id(id), code)
        return None if row is None else Booking(row=row)

    @strawberry.field(
        description="Sagas that failed so often that a person has to look, the oldest first. For our staff."
    )
    async def stuck_sagas(
        self,
        info: Info,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")] = None,
    ) -> list[Saga]:
        info.context.require_role(*STAFF)
        async with info.context.database.read() as session:
            rows = await sagas.listed(session, states=[sagas.STUCK], limit=page_size(first))
        return [Saga(row=row) for row in rows]
