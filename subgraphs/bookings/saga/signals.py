"""What a saga can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class RoomsHeld:
    """Hotels keeps the rooms until ``expires_at``."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RoomsRefused:
    """Hotels does not keep, or not sell, the rooms, and holds nothing."""

    reason: str
    sold_out_nights: list[date] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RoomsSold:
    """The rooms are the booking's."""


@dataclass(frozen=True, slots=True)
class RoomsExpired:
    """The hold ran out."""


@dataclass(frozen=True, slots=True)
class RoomsReleased:
    """The rooms are free again."""


@dataclass(frozen=True, slots=True)
class PointsReserved:
    """Gamification keeps the points for the booking."""


@dataclass(frozen=True, slots=True)
class PointsRefused:
    """Gamification does not keep the points."""

    reason: str
    available: int


@dataclass(frozen=True, slots=True)
class PaymentAuthorized:
    """The money is reserved, or has arrived already."""


@dataclass(frozen=True, slots=True)
class PaymentNeedsAction:
    """The traveler has to do something."""

    kind: str


@dataclass(frozen=True, slots=True)
class PaymentUndecided:
    """The provider has not decided; ask again later."""


@dataclass(frozen=True, slots=True)
class PaymentRefused:
    """There will be no money."""

    reason: str
    is_declined: bool
    """By the traveler's bank, so that another method may work."""


@dataclass(frozen=True, slots=True)
class PaymentExpired:
    """Nobody paid in time."""


@dataclass(frozen=True, slots=True)
class PaymentCaptured:
    """The money is ours."""


@dataclass(frozen=True, slots=True)
class PaymentReturned:
    """The traveler has back what is due to them."""

    amount_minor: int
    """What was refunded; 0 when nothing had been taken."""


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The time to pay is over."""


Signal: TypeAlias = (
    RoomsHeld
    | RoomsRefused
    | RoomsSold
    | RoomsExpired
    | RoomsReleased
    | PointsReserved
    | PointsRefused
    | PaymentAuthorized
    | PaymentNeedsAction
    | PaymentUndecided
    | PaymentRefused
    | PaymentExpired
    | PaymentCaptured
    | PaymentReturned
    | DeadlinePassed
)
