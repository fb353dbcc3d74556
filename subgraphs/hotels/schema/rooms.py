"""Room types, what they cost for a stay, and their calendar."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from shared.graphql import BadUserInput, Forbidden, Money
from subgraphs.hotels import models
from subgraphs.hotels.messages import say
from subgraphs.hotels.repository.availability import Offer
from subgraphs.hotels.repository.calendar import NightRange
from subgraphs.hotels.schema.context import Info, in_language, language_of, text_or_none, uuid_or_none
from subgraphs.hotels.schema.places import InLocale, Photo
from subgraphs.hotels.schema.stays import StayArgument, checked_stay
from subgraphs.hotels.stays import Stay

if TYPE_CHECKING:
    from subgraphs.hotels.schema.hotel import Hotel


@strawberry.type(description="What cancelling costs.")
class CancellationPolicy:
    """A room type's policy."""

    is_refundable: bool = strawberry.field(description="Whether anything is ever refunded.")
    free_until_days: int | None = strawberry.field(
        description="Cancelling is free until this many days before check-in."
    )
    first_night_until_days: int | None = strawberry.field(
        description="Then it costs the first night until this many days before check-in, and the whole stay after that."
    )

    @classmethod
    def of(cls, room_type: models.RoomType) -> Self:
        """The policy of ``room_type``."""
        return cls(
            is_refundable=room_type.free_cancel_days is not None,
            free_until_days=room_type.free_cancel_days,
            first_night_until_days=room_type.first_night_days,
        )


@strawberry.type(description="A night in a room type's calendar, as its manager sees it.")
class CalendarNight:
    """One row of inventory."""

    night_date: date = strawberry.field(description="The hotel-local date on which the night begins.")
    price: Money = strawberry.field(description="Price of one room.")
    minimum_stay: int = strawberry.field(description="Fewest nights of a stay that arrives on this night.")
    total_rooms: int = strawberry.field(description="Rooms that may be sold in all.")
    held_rooms: int = strawberry.field(description="Rooms kept for bookings that are not confirmed yet.")
    sold_rooms: int = strawberry.field(description="Rooms sold.")
    is_closed: bool = strawberry.field(description="Whether selling is stopped.")


@strawberry.federation.type(keys=["id", "hotelId code"], description="Rooms of a hotel that are sold as one kind.")
class RoomType:
    """A room type."""

    row: strawberry.Private[models.RoomType]

    @classmethod
    async def resolve_references(cls, info: Info, keys: list[dict[str, Any]]) -> list[Self | None]:
        """The room types behind entity references, by id or by hotel and code."""
        rows = await asyncio.gather(*(_load(info, key) for key in keys))
        return [None if row is None else cls(row=row) for row in rows]

    @strawberry.field(description="Identifies the room type.")
    def id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.id))

    @strawberry.field(description="Id of its hotel.")
    def hotel_id(self) -> strawberry.ID:
        return strawberry.ID(str(self.row.hotel_id))

    @strawberry.field(description="The hotel's own short name for it: `DLX`.")
    def code(self) -> str:
        return self.row.code

    @strawberry.field(description="Its hotel.")
    async def hotel(self, info: Info) -> Annotated["Hotel", strawberry.lazy("subgraphs.hotels.schema.hotel")]:
        from subgraphs.hotels.schema.hotel import Hotel

        return Hotel(row=await _hotel_of(info, self.row))

    @strawberry.field(description="Its name.")
    def name(self, info: Info, locale: InLocale = None) -> str:
        return in_language(language_of(info, locale), self.row.name_pt, self.row.name_en) or self.row.code

    @strawberry.field(description="What one finds in the room.")
    def description(self, info: Info, locale: InLocale = None) -> str | None:
        return in_language(language_of(info, locale), self.row.description_pt, self.row.description_en)

    @strawberry.field(description="Guests in one room.")
    def max_guests(self) -> int:
        return self.row.max_guests

    @strawberry.field(description="Beds in one room.")
    def bed_count(self) -> int | None:
        return self.row.bed_count

    @strawberry.field(description="Size of one room in square metres.")
    def size_square_metres(self) -> int | None:
        return self.row.size_sqm

    @strawberry.field(description="What cancelling costs.")
    def cancellation(self) -> CancellationPolicy:
        return CancellationPolicy.of(self.row)

    @strawberry.field(description="Whether it is offered.")
    def is_active(self) -> bool:
        return self.row.is_active

    @strawberry.field(description="Its photos, in the order shown.")
    async def photos(self, info: Info) -> list[Photo]:
        photos = await info.context.loaders.photos.load(self.row.hotel_id)
        return [Photo(row=photo) for photo in photos if photo.room_type_id == self.row.id]

    @strawberry.field(
        description=(
            "What it costs for the stay; null when it is not free on every night, or the guests do not fit. The same "
            "as its entry in the hotel's `availability`."
        )
    )
    async def offer(self, info: Info, stay: StayArgument) -> "RoomOffer | None":
        hotel = await _hotel_of(info, self.row)
        asked = checked_stay(info, stay, hotel)
        for offer in await info.context.loaders.offers.load((hotel.id, asked)):
            if offer.room_type_id == self.row.id:
                return RoomOffer(offer=offer, stay=asked, hotel=hotel, room_type_row=self.row)
        return None

    @strawberry.field(
        description=(
            "Rates and inventory of its nights, for the hotel's managers and administrators; null with an error for "
            "anybody else. Nights that were never set are missing."
        )
    )
    async def calendar(
        self,
        info: Info,
        first_night_date: Annotated[date, strawberry.argument(description="The first night.")],
        last_night_date: Annotated[
            date, strawberry.argument(description="The last night, itself included; at most 92 nights in all.")
        ],
    ) -> list[CalendarNight] | None:
        language = language_of(info)
        hotel = await _hotel_of(info, self.row)
        if not info.context.manages(hotel):
            raise Forbidden(say(language, "not_your_hotel"))
        if last_night_date < first_night_date:
            raise BadUserInput(say(language, "nights_reversed"), field="lastNightDate")
        limit = info.context.settings.max_calendar_view_nights
        if last_night_date - first_night_date >= timedelta(days=limit):
            raise BadUserInput(say(language, "too_many_nights", limit=limit), field="lastNightDate")
        nights = await info.context.loaders.nights.load(NightRange(self.row.id, first_night_date, last_night_date))
        return [
            CalendarNight(
                night_date=night.night,
                price=Money.of_minor(night.price_minor, hotel.currency),
                minimum_stay=night.min_stay,
                total_rooms=night.total,
                held_rooms=night.held,
                sold_rooms=night.sold,
                is_closed=night.is_closed,
            )
            for night in nights
        ]


@strawberry.type(description="The price of one room on one night of a stay.")
class NightlyPrice:
    """One night of an offer."""

    night_date: date = strawberry.field(description="The hotel-local date on which the night begins.")
    price: Money = strawberry.field(description="Price of one room.")


@strawberry.type(description="A room type that is free on every night of a stay, and what it costs.")
class RoomOffer:
    """An offer for a stay."""

    offer: strawberry.Private[Offer]
    stay: strawberry.Private[Stay]
    hotel: strawberry.Private[models.Hotel]
    room_type_row: strawberry.Private[models.RoomType]

    @strawberry.field(description="The room type.")
    def room_type(self) -> RoomType:
        return RoomType(row=self.room_type_row)

    @strawberry.field(description="Price of one room, night by night.")
    def nights(self) -> list[NightlyPrice]:
        return [
            NightlyPrice(
                night_date=self.stay.check_in + timedelta(days=index),
                price=Money.of_minor(minor, self.hotel.currency),
            )
            for index, minor in enumerate(self.offer.nightly_minor)
        ]

    @strawberry.field(description="Price of all rooms for the whole stay.")
    def total(self) -> Money:
        return Money.of_minor(self.offer.total_minor, self.hotel.currency)

    @strawberry.field(description="Rooms that are still free on every night; 9 stands for 9 or more.")
    def rooms_left(self, info: Info) -> int:
        return min(self.offer.rooms_left, info.context.settings.rooms_left_cap)

    @strawberry.field(description="Guests that fit into one room.")
    def max_guests(self) -> int:
        return self.room_type_row.max_guests

    @strawberry.field(description="What cancelling costs.")
    def cancellation(self) -> CancellationPolicy:
        return CancellationPolicy.of(self.room_type_row)

    @strawberry.field(description="Until when cancelling is free; null when it never is, or not any more.")
    def free_cancellation_until_at(self, info: Info) -> datetime | None:
        days = self.room_type_row.free_cancel_days
        if days is None:
            return None
        local = datetime.combine(
            self.stay.check_in - timedelta(days=days),
            self.hotel.check_in_time,
            tzinfo=ZoneInfo(self.hotel.time_zone),
        )
        limit = local.astimezone(UTC)
        return limit if limit > info.context.now else None


async def _load(info: Info, key: dict[str, Any]) -> models.RoomType | None:
    loaders = info.context.loaders
    if (room_type_id := uuid_or_none(key.get("id"))) is not None:
        return await loaders.room_type.load(room_type_id)
    hotel_id, code = uuid_or_none(key.get("hotelId")), text_or_none(key.get("code"))
    if hotel_id is None or code is None:
        return None
    return await loaders.room_type_by_code.load((hotel_id, code))


async def _hotel_of(info: Info, room_type: models.RoomType) -> models.Hotel:
    hotel_id: UUID = room_type.hotel_id
    hotel = await info.context.loaders.hotel.load(hotel_id)
    assert hotel is not None  # a foreign key says so
    return hotel
