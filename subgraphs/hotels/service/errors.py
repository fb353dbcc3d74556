"""What keeps a use case from succeeding. Each rolls the transaction back; what it says may be shown to the caller."""

from __future__ import annotations

from collections.abc import Sequence

from subgraphs.hotels.messages import Language, say
from subgraphs.hotels.models import Review
from subgraphs.hotels.repository.calendar import TakenNight


class HotelsError(Exception):
    """Base of this domain's errors: a message by its key, in the caller's language."""

    key: str

    def __init__(self, key: str | None = None, **values: object) -> None:
        self.key = key or type(self).key
        self.values = values
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """What to tell the caller."""
        return say(language, self.key, **self.values)


class InvalidValue(HotelsError):
    """A value in the input is not acceptable. ``field`` is its path as the API names it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


class UnknownHotel(HotelsError):
    """There is no such hotel."""

    key = "unknown_hotel"


class UnknownRoomType(HotelsError):
    """There is no such room type."""

    key = "unknown_room_type"


class NotAllowed(HotelsError):
    """The caller may not do this."""


class NotYourHotel(NotAllowed):
    """The caller manages other hotels, not this one."""

    key = "not_your_hotel"


class OwnHotelReview(NotAllowed):
    """Managers do not review their own hotels."""

    key = "own_hotel_review"


class RoomsTaken(HotelsError):
    """The new number of rooms is below what is held or sold already."""

    key = "rooms_taken"

    def __init__(self, nights: Sequence[TakenNight]) -> None:
        super().__init__(count=len(nights))
        self.nights = nights


class RoomTypeCodeTaken(HotelsError):
    """The hotel has a room type with this code."""

    key = "code_taken"

    def __init__(self, code: str) -> None:
        super().__init__(code=code)
        self.code = code


class AlreadyReviewed(HotelsError):
    """The traveler has written about this hotel before."""

    key = "already_reviewed"

    def __init__(self, review: Review) -> None:
        super().__init__()
        self.review = review


class KeyReused(HotelsError):
    """The idempotency key came before with another input."""

    key = "key_reused"
