"""What the mutations of the hotels domain can answer."""

from datetime import date
from typing import Annotated, Any, TypeAlias

import strawberry
from strawberry.extensions.field_extension import AsyncExtensionResolver, FieldExtension

from shared.graphql import InvalidInput, Problem
from subgraphs.hotels.messages import Language
from subgraphs.hotels.schema.context import Info, as_error, language_of
from subgraphs.hotels.schema.hotel import Hotel
from subgraphs.hotels.schema.review import Review
from subgraphs.hotels.schema.rooms import RoomType
from subgraphs.hotels.service import errors


@strawberry.type(description="There is no such hotel.")
class HotelNotFound(Problem):
    """The id leads to no hotel."""


@strawberry.type(description="There is no such room type.")
class RoomTypeNotFound(Problem):
    """The id leads to no room type."""


@strawberry.type(description="A night on which more rooms are taken than the change would leave.")
class TakenNight:
    """One reason why an inventory change was refused."""

    night_date: date = strawberry.field(description="The night.")
    taken_rooms: int = strawberry.field(description="Rooms that are held or sold.")


@strawberry.type(description="On some nights more rooms are held or sold already. Nothing was changed.")
class RoomsAlreadyTaken(Problem):
    """Fewer rooms than are taken."""

    nights: list[TakenNight] = strawberry.field(description="The nights that keep the change from being made.")


@strawberry.type(description="The hotel already has a room type with this code.")
class RoomTypeCodeTaken(Problem):
    """Codes are unique within a hotel."""

    code: str = strawberry.field(description="The code.")


@strawberry.type(description="The caller has already written another review of this hotel.")
class AlreadyReviewed(Problem):
    """One review per hotel and traveler."""

    review: Review = strawberry.field(description="The review that exists.")


@strawberry.federation.type(
    shareable=True, description="The idempotency key was used before, with another input. Nothing was changed."
)
class IdempotencyKeyReused(Problem):
    """A new request needs a new key."""


@strawberry.type(description="The calendar is as it was asked to be.")
class CalendarUpdated:
    """The answer to changes of rates and inventory."""

    room_type: RoomType = strawberry.field(description="The room type.")
    night_count: int = strawberry.field(description="How many nights the change is about.")


CreateHotelResult: TypeAlias = Annotated[
    Hotel | InvalidInput | IdempotencyKeyReused,
    strawberry.union("CreateHotelResult", description="The new hotel, or why there is none."),
]
UpdateHotelResult: TypeAlias = Annotated[
    Hotel | InvalidInput | HotelNotFound,
    strawberry.union("UpdateHotelResult", description="The hotel after the change, or why nothing was changed."),
]
CreateRoomTypeResult: TypeAlias = Annotated[
    RoomType | InvalidInput | HotelNotFound | RoomTypeCodeTaken | IdempotencyKeyReused,
    strawberry.union("CreateRoomTypeResult", description="The new room type, or why there is none."),
]
UpdateRoomTypeResult: TypeAlias = Annotated[
    RoomType | InvalidInput | RoomTypeNotFound,
    strawberry.union("UpdateRoomTypeResult", description="The room type after the change, or why nothing was changed."),
]
UpdateRatesResult: TypeAlias = Annotated[
    CalendarUpdated | InvalidInput | RoomTypeNotFound,
    strawberry.union("UpdateRatesResult", description="The changed calendar, or why nothing was changed."),
]
UpdateInventoryResult: TypeAlias = Annotated[
    CalendarUpdated | InvalidInput | RoomTypeNotFound | RoomsAlreadyTaken,
    strawberry.union("UpdateInventoryResult", description="The changed calendar, or why nothing was changed."),
]
AddReviewResult: TypeAlias = Annotated[
    Review | InvalidInput | HotelNotFound | AlreadyReviewed,
    strawberry.union("AddReviewResult", description="The review, or why there is none."),
]


class AnswersProblems(FieldExtension):
    """Turns what a use case refuses into the problem that its union has for it, and the rest into an error."""

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Info, **arguments: Any) -> Any:
        """Run the mutation. The transaction is rolled back by the time its refusal arrives here."""
        try:
            return await next_(source, info, **arguments)
        except errors.HotelsError as error:
            return _problem(error, language_of(info))


def _problem(error: errors.HotelsError, language: Language) -> Problem:
    message = error.message(language)
    match error:
        case errors.InvalidValue(field=field):
            return InvalidInput(message=message, field=field)
        case errors.UnknownHotel():
            return HotelNotFound(message=message)
        case errors.UnknownRoomType():
            return RoomTypeNotFound(message=message)
        case errors.RoomTypeCodeTaken(code=code):
            return RoomTypeCodeTaken(message=message, code=code)
        case errors.RoomsTaken(nights=nights):
            taken = [TakenNight(night_date=night.night, taken_rooms=night.taken) for night in nights]
            return RoomsAlreadyTaken(message=message, nights=taken)
        case errors.AlreadyReviewed(review=review):
            return AlreadyReviewed(message=message, review=Review(row=review))
        case errors.KeyReused():
            return IdempotencyKeyReused(message=message)
    raise as_error(error, language)
