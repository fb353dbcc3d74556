"""What keeps a use case from succeeding. Each rolls the transaction back; what it says may be shown to the caller."""

from __future__ import annotations

from collections.abc import Sequence

from subgraphs.bookings.booking.decisions import Refusal
from subgraphs.bookings.booking.pricing import Price
from subgraphs.bookings.coupons.models import Coupon
from subgraphs.bookings.coupons.rules import Rejection
from subgraphs.bookings.gateways import Offer
from subgraphs.bookings.messages import Language, say


class BookingsError(Exception):
    """Base of this domain's errors: a message by its key, in the caller's language."""

    key: str

    def __init__(self, key: str | None = None, **values: object) -> None:
        self.key = key or type(self).key
        self.values = values
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        """What to tell the caller."""
        return say(language, self.key, **self.values)


class InvalidValue(BookingsError):
    """A value in the input is not acceptable. ``field`` is its path as the API names it."""

    def __init__(self, field: str, key: str, **values: object) -> None:
        super().__init__(key, **values)
        self.field = field


class RefusedByHotels(BookingsError):
    """Hotels does not accept the stay, and says why in its own words."""

    key = "sold_out"

    def __init__(self, field: str, text: str) -> None:
        self.text = text
        super().__init__()
        self.field = field

    def message(self, language: Language) -> str:  # noqa: ARG002  # hotels has spoken already
        """What hotels said."""
        return self.text


class UnknownRoomType(BookingsError):
    """There is no such room type."""

    key = "unknown_room_type"


class UnknownBooking(BookingsError):
    """There is no such booking, or the caller may not know of it."""

    key = "unknown_booking"


class NotAllowed(BookingsError):
    """The caller may not do this."""


class NoRooms(BookingsError):
    """The room type is not free for the stay."""

    key = "sold_out"

    def __init__(self, alternatives: Sequence[Offer]) -> None:
        super().__init__()
        self.alternatives = alternatives


class PriceIsDifferent(BookingsError):
    """The stay costs something else than the caller expects."""

    key = "price_changed"

    def __init__(self, offer: Offer, price: Price | None = None) -> None:
        super().__init__()
        self.offer = offer
        self.price = price
        """With the discounts that were asked for; ``None`` where there are none."""


class CouponRefused(BookingsError):
    """The coupon does not count for this booking. ``coupon`` is ``None`` when there is none with the code."""

    def __init__(self, reason: Rejection, coupon: Coupon | None = None) -> None:
        super().__init__(f"coupon_{reason}")
        self.reason: Rejection = reason
        self.coupon = coupon


class CouponCodeIsTaken(BookingsError):
    """Another coupon has the code."""

    key = "coupon_code_taken"


class UnknownCoupon(BookingsError):
    """There is no such coupon."""

    key = "coupon_unknown"


class KeyReused(BookingsError):
    """The idempotency key came before with another input."""

    key = "key_reused"


class PolicyRefuses(BookingsError):
    """The booking's state or terms do not allow it."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason: Refusal = reason
