"""Mutations of the hotels domain: each opens one transaction around one use case."""

# mypy: disallow-untyped-decorators=False
# Strawberry types a decorator with arguments as Any. The functions under it are checked all the same.
# ruff: noqa: A002
# Arguments carry the names that the schema gives them.

from typing import Annotated

import strawberry

from shared.auth import Role
from shared.graphql import parse_id
from subgraphs.hotels.schema.context import Info
from subgraphs.hotels.schema.hotel import Hotel
from subgraphs.hotels.schema.mutation_inputs import (
    AddReviewInput,
    CreateHotelInput,
    CreateRoomTypeInput,
    SetHotelPhotosInput,
    UpdateHotelInput,
    UpdateInventoryInput,
    UpdateRatesInput,
    UpdateRoomTypeInput,
)
from subgraphs.hotels.schema.outcomes import (
    AddReviewResult,
    AnswersProblems,
    CalendarUpdated,
    CreateHotelResult,
    CreateRoomTypeResult,
    UpdateHotelResult,
    UpdateInventoryResult,
    UpdateRatesResult,
    UpdateRoomTypeResult,
)
from subgraphs.hotels.schema.review import Review
from subgraphs.hotels.schema.rooms import RoomType
from subgraphs.hotels.service import calendar, hotels, reviews, room_types

MANAGERS = (Role.HOTEL_MANAGER, Role.ADMIN)
IdempotencyKey = Annotated[
    str,
    strawberry.argument(
        description="Chosen by the client, 1 to 100 characters, such as a UUID. Send the same one when you try again."
    ),
]


@strawberry.type
class Mutation:
    """What managers and travelers can do."""

    @strawberry.mutation(
        description=(
            "Open a hotel. For hotel managers, whose it will be, and administrators. The same `idempotencyKey` with "
            "the same input answers the first hotel again."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_hotel(
        self,
        info: Info,
        input: Annotated[CreateHotelInput, strawberry.argument(description="The hotel.")],
        idempotency_key: IdempotencyKey,
    ) -> CreateHotelResult:
        principal = info.context.require_role(*MANAGERS)
        destination_id = parse_id(input.destination_id, "destinationId")
        manager_id = None if input.manager_id is None else parse_id(input.manager_id, "managerId")
        async with info.context.database.transaction() as session:
            row = await hotels.create_hotel(
                session,
                principal,
                destination_id=destination_id,
                currency=input.currency,
                values=input.to_values(),
                manager_id=manager_id,
                idempotency_key=idempotency_key,
            )
        return Hotel(row=row)

    @strawberry.mutation(
        description=(
            "Change a hotel. For its manager and administrators; somebody else's hotel is FORBIDDEN. The same input "
            "again changes nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_hotel(
        self,
        info: Info,
        input: Annotated[UpdateHotelInput, strawberry.argument(description="The hotel and its changes.")],
    ) -> UpdateHotelResult:
        principal = info.context.require_role(*MANAGERS)
        hotel_id = parse_id(input.hotel_id, "hotelId")
        async with info.context.database.transaction() as session:
            row = await hotels.update_hotel(session, principal, hotel_id, input.to_values())
        return Hotel(row=row)

    @strawberry.mutation(
        description=(
            "Make these the photos of a hotel. For its manager and administrators. The same list again leaves the "
            "same photos."
        ),
        extensions=[AnswersProblems()],
    )
    async def set_hotel_photos(
        self, info: Info, input: Annotated[SetHotelPhotosInput, strawberry.argument(description="All its photos.")]
    ) -> UpdateHotelResult:
        principal = info.context.require_role(*MANAGERS)
        hotel_id = parse_id(input.hotel_id, "hotelId")
        photos = [photo.to_values() for photo in input.photos]
        async with info.context.database.transaction() as session:
            row = await hotels.set_photos(session, principal, hotel_id, photos)
        return Hotel(row=row)

    @strawberry.mutation(
        description=(
            "Add a room type to a hotel, with 18 months of nights at its base price. For the hotel's manager and "
            "administrators. The same `idempotencyKey` with the same input answers the first room type again."
        ),
        extensions=[AnswersProblems()],
    )
    async def create_room_type(
        self,
        info: Info,
        input: Annotated[CreateRoomTypeInput, strawberry.argument(description="The room type.")],
        idempotency_key: IdempotencyKey,
    ) -> CreateRoomTypeResult:
        context = info.context
        principal = context.require_role(*MANAGERS)
        hotel_id = parse_id(input.hotel_id, "hotelId")
        values = input.to_values()
        async with context.database.transaction() as session:
            row = await room_types.create_room_type(
                session,
                principal,
                hotel_id,
                values=values,
                currency=input.base_price.currency,
                idempotency_key=idempotency_key,
                settings=context.settings,
                now=context.now,
            )
        return RoomType(row=row)

    @strawberry.mutation(
        description=(
            "Change a room type. For the hotel's manager and administrators. Nights that exist keep their price and "
            "rooms. The same input again changes nothing more."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_room_type(
        self,
        info: Info,
        input: Annotated[UpdateRoomTypeInput, strawberry.argument(description="The room type and its changes.")],
    ) -> UpdateRoomTypeResult:
        principal = info.context.require_role(*MANAGERS)
        room_type_id = parse_id(input.room_type_id, "roomTypeId")
        values = input.to_values()
        currency = None if input.base_price is None else input.base_price.value.currency
        async with info.context.database.transaction() as session:
            row = await room_types.update_room_type(session, principal, room_type_id, values=values, currency=currency)
        return RoomType(row=row)

    @strawberry.mutation(
        description=(
            "Set prices and minimum stays of a range of nights, all at once. For the hotel's manager and "
            "administrators. The same input again leaves the same calendar. Stays that are booked keep their price."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_rates(
        self, info: Info, input: Annotated[UpdateRatesInput, strawberry.argument(description="Nights and rates.")]
    ) -> UpdateRatesResult:
        context = info.context
        principal = context.require_role(*MANAGERS)
        nights = input.to_range()
        async with context.database.transaction() as session:
            changed = await calendar.update_rates(
                session,
                principal,
                nights,
                weekdays=input.iso_weekdays(),
                price_minor=None if input.price is None else input.price.to_minor("price.amount"),
                currency=None if input.price is None else input.price.currency,
                min_stay=input.minimum_stay,
                settings=context.settings,
                now=context.now,
            )
        return CalendarUpdated(room_type=RoomType(row=changed.room_type), night_count=changed.night_count)

    @strawberry.mutation(
        description=(
            "Set the rooms of a range of nights, or open and close them, all at once. For the hotel's manager and "
            "administrators. Refused as a whole when it would leave fewer rooms than are held or sold on any night. "
            "The same input again leaves the same calendar."
        ),
        extensions=[AnswersProblems()],
    )
    async def update_inventory(
        self,
        info: Info,
        input: Annotated[UpdateInventoryInput, strawberry.argument(description="Nights and inventory.")],
    ) -> UpdateInventoryResult:
        context = info.context
        principal = context.require_role(*MANAGERS)
        nights = input.to_range()
        async with context.database.transaction() as session:
            changed = await calendar.update_inventory(
                session,
                principal,
                nights,
                weekdays=input.iso_weekdays(),
                total=input.total_rooms,
                is_closed=input.is_closed,
                settings=context.settings,
                now=context.now,
            )
        return CalendarUpdated(room_type=RoomType(row=changed.room_type), night_count=changed.night_count)

    @strawberry.mutation(
        description=(
            "Review a hotel. For everybody who is signed in, once per hotel; managers cannot review their own. The "
            "same review again answers the first one."
        ),
        extensions=[AnswersProblems()],
    )
    async def add_review(
        self, info: Info, input: Annotated[AddReviewInput, strawberry.argument(description="The review.")]
    ) -> AddReviewResult:
        principal = info.context.require_principal()
        hotel_id = parse_id(input.hotel_id, "hotelId")
        async with info.context.database.transaction() as session:
            row = await reviews.add_review(session, principal, hotel_id, input.to_values())
        return Review(row=row)
