"""Coupons, as their owners and our staff see them."""

# mypy: disallow-untyped-decorators=False

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from shared.graphql import Money
from subgraphs.bookings.coupons import models
from subgraphs.bookings.schema.context import Info
from subgraphs.bookings.schema.enums import CouponStatus

if TYPE_CHECKING:
    from subgraphs.bookings.schema.owners import User


@strawberry.type(description="A discount that is had by a code: `percent` or `amount` off the price of the rooms.")
class Coupon:
    """A coupon. Whoever makes one of these has checked that the caller may see it."""

    row: strawberry.Private[models.Coupon]

    @strawberry.field(description="Identifies the coupon.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="What the traveler gives: `BEMVINDO10`. Case, spaces and hyphens do not matter.")
    def code(self) -> str:
        return self.row.code

    @strawberry.field(description="Where it stands now.")
    def status(self, info: Info) -> CouponStatus:
        row, now = self.row, info.context.now
        if not row.is_active:
            return CouponStatus.WITHDRAWN
        if row.valid_until is not None and now >= row.valid_until:
            return CouponStatus.EXPIRED
        if row.max_uses is not None and row.uses >= row.max_uses:
            return CouponStatus.USED_UP
        return CouponStatus.NOT_YET_VALID if now < row.valid_from else CouponStatus.VALID

    @strawberry.field(description="Percent that it takes off, 1 to 100, rounded down; null when it is an amount.")
    def percent(self) -> int | None:
        return self.row.percent

    @strawberry.field(description="What it takes off; null when it is a percentage.")
    def amount(self) -> Money | None:
        row = self.row
        if row.amount_minor is None or row.currency is None:
            return None
        return Money.of_minor(row.amount_minor, row.currency)

    @strawberry.field(description="The price of the rooms from which it counts; null for any price.")
    def minimum(self) -> Money | None:
        row = self.row
        return Money.of_minor(row.minimum_minor, row.currency) if row.minimum_minor and row.currency else None

    @strawberry.field(description="From when it can be used.")
    def valid_from_at(self) -> datetime:
        return self.row.valid_from

    @strawberry.field(description="Until when it can be used; null for without an end.")
    def valid_until_at(self) -> datetime | None:
        return self.row.valid_until

    @strawberry.field(description="How often it can be used by all travelers together; null for without a limit.")
    def max_uses(self) -> int | None:
        return self.row.max_uses

    @strawberry.field(description="How often each traveler can use it.")
    def max_uses_per_user(self) -> int:
        return self.row.max_uses_per_user

    @strawberry.field(description="How often it is used. A booking that comes to nothing gives its use back.")
    def uses(self) -> int:
        return self.row.uses

    @strawberry.field(description="The only traveler who can use it; null for everybody.")
    def user(self) -> Annotated["User", strawberry.lazy("subgraphs.bookings.schema.owners")] | None:
        from subgraphs.bookings.schema.owners import User

        return None if self.row.owner_id is None else User(user_id=self.row.owner_id)
