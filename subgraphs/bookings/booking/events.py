"""The events that a booking is made of. Once written they are never changed: a new shape is a new version.

Reading an old version goes through upcasters, functions from the JSON of one version to the JSON of the next, so that
the rest of the code knows the newest shape only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, ClassVar, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from subgraphs.bookings.booking.policy import CancellationPolicy

PaymentMethodName: TypeAlias = Literal["card", "pix", "boleto"]
ChangeFailure: TypeAlias = Literal[
    "sold_out", "hold_lost", "payment_declined", "payment_failed", "expired", "cancelled"
]
FailureReason: TypeAlias = Literal[
    "sold_out", "hold_lost", "points_refused", "payment_declined", "payment_failed", "unavailable"
]


class NightPrice(msgspec.Struct, frozen=True, kw_only=True):
    """What one room costs on one night, in minor units."""

    night: date
    price_minor: int


class PaymentShare(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a payment, in minor units."""

    payment_id: UUID
    amount_minor: int


class StayTerms(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a booking's terms that a change of its stay replaces."""

    room_type_id: UUID
    check_in: date
    check_out: date
    check_in_time: time
    guests: int
    rooms: int
    nights: list[NightPrice]
    total_minor: int
    """What the traveler has paid for all rooms, once the change is done."""
    policy: CancellationPolicy
    minimum_fee_minor: int
    """What a cancellation costs at least: what it would have cost when the change was asked for."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events' own data."""

    type: ClassVar[str]
    schema_version: ClassVar[int] = 1


class Requested(Payload, frozen=True, kw_only=True):
    """Somebody asked for rooms, at a price and on terms that are fixed from here on."""

    type: ClassVar[str] = "booking.requested"

    code: str
    user_id: UUID
    hotel_id: UUID
    hotel_name: str
    room_type_id: UUID
    check_in: date
    check_out: date
    check_in_time: time
    time_zone: str
    guests: int
    rooms: int
    nights: list[NightPrice]
    total_minor: int
    """What the traveler pays for all rooms: discounts are taken off."""
    currency: str
    policy: CancellationPolicy
    payment_method: PaymentMethodName
    expires_at: datetime
    """When the rooms are given up unless they are paid."""
    city: str | None = None
    region: str | None = None
    """The state or province by its code, such as ``RJ``."""
    country_code: str | None = None
    """Like the two before it of the hotel, and not known of bookings from before it was asked for."""
    coupon_code: str | None = None
    coupon_minor: int = 0
    """What the coupon takes off."""
    points: int = 0
    points_minor: int = 0
    """What the points take off."""
    guest_country: str | None = None
    """Where the guests come from, ISO 3166-1 alpha-2; of other systems' histories only, nobody is asked for it."""

    @property
    def discount_minor(self) -> int:
        """By how much the traveler pays less than the rooms cost."""
        return self.coupon_minor + self.points_minor

    @property
    def rooms_minor(self) -> int:
        """What all rooms cost for all nights, before discounts."""
        return self.total_minor + self.discount_minor


class Held(Payload, frozen=True, kw_only=True):
    """The rooms are kept for the booking."""

    type: ClassVar[str] = "booking.held"

    hold_id: UUID
    expires_at: datetime


class PaymentActionRequired(Payload, frozen=True, kw_only=True):
    """The traveler has something to do: pass 3-D Secure, pay a PIX code or a boleto."""

    type: ClassVar[str] = "booking.payment_action_required"

    payment_id: UUID
    kind: str


class PaymentAuthorized(Payload, frozen=True, kw_only=True):
    """The money is there."""

    type: ClassVar[str] = "booking.authorized"

    payment_id: UUID


class Confirmed(Payload, frozen=True, kw_only=True):
    """The rooms are sold and the money is taken."""

    type: ClassVar[str] = "booking.confirmed"

    payment_id: UUID


class Failed(Payload, frozen=True, kw_only=True):
    """The booking did not come about."""

    type: ClassVar[str] = "booking.failed"

    reason: FailureReason
    detail: str | None = None
    """Of a declined payment: the provider's reason."""
    sold_out_nights: list[date] = []
    points_available: int | None = None
    """Of refused points: how many the traveler could have used."""


class Expired(Payload, frozen=True, kw_only=True):
    """The time to pay ran out."""

    type: ClassVar[str] = "booking.expired"


class Cancelled(Payload, frozen=True, kw_only=True):
    """The booking was called off."""

    type: ClassVar[str] = "booking.cancelled"

    reason: str | None
    fee_minor: int
    refund_minor: int
    """What flows back of what was paid; 0 when nothing was captured yet."""


class Refunded(Payload, frozen=True, kw_only=True):
    """Money was returned."""

    type: ClassVar[str] = "booking.refunded"

    refund_id: UUID
    amount_minor: int
    change_id: UUID | None = None
    """The change to a cheaper stay for which it was; ``None`` for a cancellation."""


class ChangeRequested(Payload, frozen=True, kw_only=True):
    """Somebody asked for another stay, at a price that is fixed from here on. The booking is as it was until then."""

    type: ClassVar[str] = "booking.change_requested"

    change_id: UUID
    stay: StayTerms
    due_minor: int
    """What is to be paid on top; 0 for nothing."""
    payment_method: PaymentMethodName | None
    refunds: list[PaymentShare]
    """What flows back, of which payments."""
    expires_at: datetime
    """When the change is given up unless it has come about."""


class ChangePaymentActionRequired(Payload, frozen=True, kw_only=True):
    """The traveler has something to do to pay the difference."""

    type: ClassVar[str] = "booking.change_payment_action_required"

    change_id: UUID
    payment_id: UUID
    kind: str


class Changed(Payload, frozen=True, kw_only=True):
    """The stay is another one from here on: rooms are swapped and a difference is paid. One to give back follows."""

    type: ClassVar[str] = "booking.changed"

    change_id: UUID
    hold_id: UUID
    stay: StayTerms
    previous_room_type_id: UUID
    previous_check_in: date
    previous_check_out: date
    previous_total_minor: int
    payment: PaymentShare | None
    """The payment of the difference."""
    refunds: list[PaymentShare]


class ChangeFailed(Payload, frozen=True, kw_only=True):
    """The change did not come about; the booking stays as it was."""

    type: ClassVar[str] = "booking.change_failed"

    change_id: UUID
    reason: ChangeFailure
    detail: str | None = None
    """Of a declined payment: the provider's reason."""
    sold_out_nights: list[date] = []


class CheckedIn(Payload, frozen=True, kw_only=True):
    """The guests arrived."""

    type: ClassVar[str] = "booking.checked_in"


class CheckedOut(Payload, frozen=True, kw_only=True):
    """The guests left."""

    type: ClassVar[str] = "booking.checked_out"


class NoShow(Payload, frozen=True, kw_only=True):
    """The guests never came."""

    type: ClassVar[str] = "booking.no_show"


Event: TypeAlias = (
    Requested
    | Held
    | PaymentActionRequired
    | PaymentAuthorized
    | Confirmed
    | Failed
    | Expired
    | Cancelled
    | Refunded
    | CheckedIn
    | CheckedOut
    | NoShow
    | ChangeRequested
    | ChangePaymentActionRequired
    | Changed
    | ChangeFailed
)

EVENT_TYPES: Final[Mapping[str, type[Payload]]] = {
    kind.type: kind
    for kind in (
        Requested, Held, PaymentActionRequired, PaymentAuthorized, Confirmed, Failed, Expired, Cancelled, Refunded,
        CheckedIn, CheckedOut, NoShow, ChangeRequested, ChangePaymentActionRequired, Changed, ChangeFailed,
    )
}  # fmt: skip

Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
UPCASTERS: Final[Mapping[tuple[str, int], Upcaster]] = {}
"""By type and the version that an upcaster reads. All events are in their first version so far."""


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its place in the booking's history."""

    booking_id: UUID
    sequence: int
    """1 for the first event of the booking; also the booking's version after it."""
    occurred_at: datetime
    actor: UUID | None
    """The user who did it; ``None`` for the platform itself."""
    payload: Event


class UnknownEvent(Exception):
    """The history holds an event that this code cannot read: it was written by newer code."""


def encode(event: Event) -> dict[str, Any]:
    """The event as JSON data for the database."""
    data: dict[str, Any] = msgspec.to_builtins(event)
    return data


def decode(
    type_: str,
    version: int,
    data: dict[str, Any],
    *,
    types: Mapping[str, type[Payload]] = EVENT_TYPES,
    upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS,
) -> Event:
    """The event of ``type_`` that was written in ``version``, in its newest shape.

    Raises:
        UnknownEvent: the type or version is not one of ours.
    """
    kind = types.get(type_)
    if kind is None or version > kind.schema_version:
        raise UnknownEvent(f"{type_} version {version}")
    for step in range(version, kind.schema_version):
        data = upcasters[type_, step](data)
    event: Event = msgspec.convert(data, kind)  # type: ignore[assignment]
    return event
