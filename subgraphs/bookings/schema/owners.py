"""What this domain adds to users and hotels: their bookings."""

# mypy: disallow-untyped-decorators=False
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from shared.graphql import BadUserInput, Connection, Forbidden, Money, decode_cursor, encode_cursor, page_size
from subgraphs.bookings import models
from subgraphs.bookings.coupons.repository import CouponPage
from subgraphs.bookings.messages import say
from subgraphs.bookings.repository import projections
from subgraphs.bookings.repository.listing import BookingPage
from subgraphs.bookings.schema.booking import Booking, RoomType
from subgraphs.bookings.schema.context import Info, language_of, uuid_or_none
from subgraphs.bookings.schema.coupon import Coupon
from subgraphs.bookings.schema.inputs import BookingFilter
from subgraphs.bookings.service.access import is_staff

First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 when left out.")]
After = Annotated[str | None, strawberry.argument(description="Go on behind this cursor.")]
Filter = Annotated[BookingFilter | None, strawberry.argument(description="Which bookings; all when left out.")]
MAX_DAYS = 92


@strawberry.federation.type(keys=["id"], description="A person with an account.")
class User:
    """Whether a user exists is the users subgraph's business."""

    user_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The users behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if user_id is None else cls(user_id=user_id) for user_id in ids]

    @strawberry.field(description="Identifies the user.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.user_id))

    @strawberry.field(
        description="The user's bookings, the newest first. For the user and our staff; null with an error for others."
    )
    async def bookings(
        self,
        info: Info,
        filter: Filter = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Booking] | None:
        principal = info.context.require_principal()
        if principal.user_id != self.user_id and not is_staff(principal):
            raise Forbidden(say(language_of(info), "not_your_booking"))
        page = _page(self.user_id, filter, first, decode_cursor(after, datetime, UUID))
        rows = await info.context.loaders.user_bookings.load(page) or ()
        return _connection(rows, page, after, lambda row: encode_cursor(row.requested_at, row.id))

    @strawberry.field(
        description=(
            "Coupons that only this user can use, the newest first, also those that are used or over. For the user; "
            "null with an error for others."
        )
    )
    async def coupons(self, info: Info, first: First = None, after: After = None) -> Connection[Coupon] | None:
        if info.context.require_principal().user_id != self.user_id:
            raise Forbidden(say(language_of(info), "not_your_coupons"))
        size, position = page_size(first), decode_cursor(after, UUID)
        page = CouponPage(self.user_id, None if position is None else position[0], size + 1)
        rows = await info.context.loaders.user_coupons.load(page) or ()
        return Connection[Coupon].from_rows(
            rows, size, lambda row: Coupon(row=row), lambda row: encode_cursor(row.id), after=after
        )


@strawberry.type(description="Whom a hotel expects on a day.")
class ArrivalDay:
    """A day of arrivals."""

    arrival_date: date = strawberry.field(description="The day, local to the hotel.")
    booking_count: int = strawberry.field(description="Bookings that begin on it.")
    room_count: int = strawberry.field(description="Their rooms.")
    guest_count: int = strawberry.field(description="Their guests.")
    arrived_count: int = strawberry.field(description="Bookings whose guests have checked in.")


@strawberry.type(description="What a hotel has sold of a room type for a night.")
class SoldNight:
    """A night in the manager's calendar."""

    night_date: date = strawberry.field(description="The hotel-local date on which the night begins.")
    room_type: RoomType = strawberry.field(description="The room type.")
    room_count: int = strawberry.field(description="Rooms sold through bookings.")
    revenue: Money = strawberry.field(description="What they cost, before discounts.")


FirstDay = Annotated[date, strawberry.argument(description="The first day.")]
LastDay = Annotated[date, strawberry.argument(description="The last day, itself included; at most 92 days in all.")]


@strawberry.federation.type(keys=["id"], description="A property that people can stay in.")
class Hotel:
    """Whether a hotel exists is the hotels subgraph's business."""

    hotel_id: strawberry.Private[UUID]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:  # noqa: ARG003
        """The hotels behind entity references: no query needed."""
        ids = [uuid_or_none(key.get("id")) for key in keys]
        return [None if hotel_id is None else cls(hotel_id=hotel_id) for hotel_id in ids]

    @strawberry.field(description="Identifies the hotel.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.hotel_id))

    @strawberry.field(
        description=(
            "The hotel's bookings by day of arrival. For its manager and our staff; null with an error for others."
        )
    )
    async def bookings(
        self,
        info: Info,
        filter: Filter = None,
        first: First = None,
        after: After = None,
    ) -> Connection[Booking] | None:
        await self._require_manager(info)
        page = _page(self.hotel_id, filter, first, decode_cursor(after, date, UUID))
        rows = await info.context.loaders.hotel_bookings.load(page) or ()
        return _connection(rows, page, after, lambda row: encode_cursor(row.check_in, row.id))

    @strawberry.field(
        description=(
            "Whom the hotel expects, per day; days without arrivals are missing. Follows the bookings within a second. "
            "For its manager and our staff; null with an error for others."
        )
    )
    async def arrivals(self, info: Info, first_date: FirstDay, last_date: LastDay) -> list[ArrivalDay] | None:
        await self._require_manager(info)
        _check_days(first_date, last_date)
        async with info.context.database.read() as session:
            days = await projections.arrivals(session, self.hotel_id, first_date, last_date)
        return [ArrivalDay(arrival_date=day.day, booking_count=day.bookings, room_count=day.rooms,
                           guest_count=day.guests, arrived_count=day.arrived) for day in days]  # fmt: skip

    @strawberry.field(
        description=(
            "What the hotel has sold, by night and room type. Follows the bookings within a second. For its manager "
            "and our staff; null with an error for others."
        )
    )
    async def sold_nights(self, info: Info, first_date: FirstDay, last_date: LastDay) -> list[SoldNight] | None:
        await self._require_manager(info)
        _check_days(first_date, last_date)
        async with info.context.database.read() as session:
            nights = await projections.calendar(session, self.hotel_id, first_date, last_date)
        return [
            SoldNight(
                night_date=night.night,
                room_type=RoomType(id=strawberry.ID(str(night.room_type_id))),
                room_count=night.rooms,
                revenue=Money.of_minor(int(night.revenue_minor), night.currency),
            )
            for night in nights
        ]

    async def _require_manager(self, info: Info) -> None:
        principal = info.context.require_principal()
        if not is_staff(principal) and not await info.context.loaders.manages.load(self.hotel_id):
            raise Forbidden(say(language_of(info), "not_your_hotel"))


def _check_days(first: date, last: date) -> None:
    if not timedelta(0) <= last - first < timedelta(days=MAX_DAYS):
        raise BadUserInput(f"Give 1 to {MAX_DAYS} days, the first one first.", field="lastDate")


def _page(
    owner_id: UUID, chosen: BookingFilter | None, first: int | None, position: tuple[Any, ...] | None
) -> BookingPage:
    chosen = chosen or BookingFilter()
    return BookingPage(
        owner_id=owner_id,
        states=tuple(sorted(state.name for state in chosen.states or ())),
        check_in_from=chosen.check_in_from,
        check_in_to=chosen.check_in_to,
        position=position,
        limit=page_size(first) + 1,
    )


def _connection(
    rows: Sequence[models.BookingRow], page: BookingPage, after: str | None, cursor_of: Any
) -> Connection[Booking]:
    return Connection[Booking].from_rows(rows, page.limit - 1, lambda row: Booking(row=row), cursor_of, after=after)
