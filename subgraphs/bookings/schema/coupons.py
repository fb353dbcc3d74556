"""Queries and mutations about coupons."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from shared.auth import Role
from shared.graphql import Connection, CurrencyCode, MoneyInput, decode_cursor, encode_cursor, page_size, parse_id
from subgraphs.bookings.coupons import desk, repository
from subgraphs.bookings.coupons.desk import NewCoupon
from subgraphs.bookings.schema.context import Info
from subgraphs.bookings.schema.coupon import Coupon
from subgraphs.bookings.schema.outcomes import AnswersProblems, CreateCouponResult, DeactivateCouponResult
from subgraphs.bookings.service.access import STAFF
from subgraphs.bookings.service.errors import InvalidValue


@strawberry.input(description="The terms of a new coupon. They never change. Give `percent` or `amount`.")
class CreateCouponInput:
    """A coupon."""

    code: str = strawberry.field(description="4 to 40 letters and digits, in any case: `BEMVINDO10`.")
    percent: int | None = strawberry.field(
        default=None, description="Percent off the price of the rooms, 1 to 100, rounded down."
    )
    amount: MoneyInput | None = strawberry.field(
        default=None, description="An amount off the price of the rooms, for prices in its currency only."
    )
    minimum: MoneyInput | None = strawberry.field(
        default=None, description="The price of the rooms from which it counts; any price when left out."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None, description="The only traveler who can use it; everybody when left out."
    )
    valid_from_at: datetime | None = strawberry.field(
        default=None, description="From when it can be used; now when left out."
    )
    valid_until_at: datetime | None = strawberry.field(
        default=None, description="Until when it can be used; without an end when left out."
    )
    max_uses: int | None = strawberry.field(
        default=None, description="How often it can be used by all travelers together; without a limit when left out."
    )
    max_uses_per_user: int = strawberry.field(default=1, description="How often each traveler can use it, 1 to 100.")

    def to_new(self) -> NewCoupon:
        """The terms, not checked yet. Raises ``InvalidValue``, or ``BadUserInput`` for what cannot be."""
        currencies: set[CurrencyCode] = {money.currency for money in (self.amount, self.minimum) if money is not None}
        if len(currencies) > 1:
            raise InvalidValue("minimum", "coupon_currencies_differ")
        return NewCoupon(
            code=self.code,
            owner_id=None if self.user_id is None else parse_id(self.user_id, "userId"),
            percent=self.percent,
            amount_minor=None if self.amount is None else self.amount.to_minor("amount.amount"),
            currency=next(iter(currencies), None),
            minimum_minor=0 if self.minimum is None else self.minimum.to_minor("minimum.amount"),
            valid_from=self.valid_from_at,
            valid_until=self.valid_until_at,
            max_uses=self.max_uses,
            max_uses_per_user=self.max_uses_per_user,
        )


@strawberry.type
class CouponQuery:
    """What one can ask about coupons."""

    @strawberry.field(description="All coupons, the newest first. For our staff.")
    async def coupons(
        self,
        info: Info,
        user_id: Annotated[
            strawberry.ID | None, strawberry.argument(description="Those of one traveler; all when left out.")
        ] = None,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")] = None,
        after: Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")] = None,
    ) -> Connection[Coupon] | None:
        info.context.require_role(*STAFF)
        size, position = page_size(first), decode_cursor(after, UUID)
        async with info.context.database.read() as session:
            rows = await repository.listed(
                session,
                owner_id=None if user_id is None else parse_id(user_id, "userId"),
                after=None if position is None else position[0],
                limit=size + 1,
            )
        return Connection[Coupon].from_rows(
            rows, size, lambda row: Coupon(row=row), lambda row: encode_cursor(row.id), after=after
        )


@strawberry.type
class CouponMutation:
    """What administrators do with coupons."""

    @strawberry.mutation(
        description=(
            "Make a coupon. For administrators. Sent again with the same terms it answers the coupon that is there; "
            "the code of a coupon with other terms is `CouponCodeTaken`."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_coupon(
        self, info: Info, input: Annotated[CreateCouponInput, strawberry.argument(description="Its terms.")]
    ) -> CreateCouponResult:
        context = info.context
        principal = context.require_role(Role.ADMIN)
        async with context.database.transaction() as session:
            coupon = await desk.create(session, input.to_new(), actor=principal.user_id, now=context.now)
        return Coupon(row=coupon)

    @strawberry.mutation(
        description=(
            "Let nobody use a coupon any more. Bookings that use it keep their price. For administrators. Again "
            "changes nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def deactivate_coupon(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The coupon.")]
    ) -> DeactivateCouponResult:
        context = info.context
        context.require_role(Role.ADMIN)
        async with context.database.transaction() as session:
            coupon = await desk.deactivate(session, parse_id(id))
        return Coupon(row=coupon)
