"""What a price is made of."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry

from shared.graphql import Money
from subgraphs.bookings.booking.pricing import Price


@strawberry.enum(description="What a line of a price is.")
class PriceLineKind(Enum):
    """The kinds of lines."""

    ROOMS = strawberry.enum_value("rooms", description="All rooms for all nights.")
    COUPON = strawberry.enum_value("coupon", description="What the coupon takes off: `couponCode`.")
    POINTS = strawberry.enum_value("points", description="What points pay: `points`.")


@strawberry.type(description="A line of a price. Together the lines are the total.")
class PriceLine:
    """A line."""

    kind: PriceLineKind = strawberry.field(description="What it is.")
    amount: Money = strawberry.field(description="What it adds; discounts are less than nothing: `-34.90`.")
    coupon_code: str | None = strawberry.field(default=None, description="The coupon; null for other lines.")
    points: int | None = strawberry.field(default=None, description="How many points; null for other lines.")


def price_lines(price: Price) -> list[PriceLine]:
    """The rooms, and then the discounts that there are."""

    def money(minor: int) -> Money:
        return Money.of_minor(minor, price.currency)

    lines = [PriceLine(kind=PriceLineKind.ROOMS, amount=money(price.rooms_minor))]
    if price.coupon_code is not None:
        lines.append(
            PriceLine(kind=PriceLineKind.COUPON, amount=money(-price.coupon_minor), coupon_code=price.coupon_code)
        )
    if price.points:
        lines.append(PriceLine(kind=PriceLineKind.POINTS, amount=money(-price.points_minor), points=price.points))
    return lines


def price_of(total_minor: int, currency: str, discounts: Mapping[str, Any] | None) -> Price:
    """The price of a booking, of what its row says. Rows from before there were discounts have none."""
    parts = discounts or {}
    taken_off = parts.get("coupon_minor", 0) + parts.get("points_minor", 0)
    return Price(rooms_minor=total_minor + taken_off, currency=currency, **parts)
