"""Bookings: what bookings tells the others. Every event of a booking carries the booking as it is after the event.

The type of the event is the envelope's: ``booking.requested``, ``booking.confirmed`` and so on, see ``docs/events.md``.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from uuid import UUID

import msgspec

IMPORTED_GUEST_ID: Final = UUID("b6f1c6c2-6b0d-5f7e-8a53-3f0d2f7a9e11")
"""The user of imported bookings that name nobody. No account has this id."""


class PaymentAction(msgspec.Struct, frozen=True, kw_only=True):
    """What the traveler has to do to pay."""

    kind: str
    """``pix``, ``boleto`` or ``three_d_secure``."""
    due_at: datetime
    """When the rooms are given up."""
    amount_minor: int | None = None
    """What is to be paid, in the booking's currency: less than its total when a stay is changed."""
    pix_code: str | None = None
    """The BR Code: copied into a bank's app, or shown as a QR code."""
    digitable_line: str | None = None
    """Of the boleto."""
    url: str | None = None
    """Where to go on in a browser."""


class StayChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change of stay changed."""

    previous_check_in: date
    previous_check_out: date
    previous_total_minor: int


class BookingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A booking after an event."""

    booking_id: UUID
    code: str
    state: str
    """``PENDING``, ``HELD``, ``AUTHORIZED``, ``CONFIRMED``, ``CHECKED_IN``, ``CHECKED_OUT``, ``NO_SHOW``,
    ``CANCELLED``, ``EXPIRED``, ``FAILED``."""
    user_id: UUID
    hotel_id: UUID
    room_type_id: UUID
    check_in: date
    check_out: date
    guests: int
    rooms: int
    total_minor: int
    """What the traveler pays for all rooms and nights, discounts taken off."""
    currency: str
    actor_id: UUID | None
    """Who caused it; ``None`` for the platform itself."""
    failure_reason: str | None
    fee_minor: int
    refund_due_minor: int
    refunded_minor: int
    hotel_name: str = ""
    time_zone: str = "America/Sao_Paulo"
    """Of the hotel."""
    check_in_time: time | None = None
    city: str | None = None
    region: str | None = None
    """The state or province by its code, such as ``RJ``."""
    country_code: str | None = None
    payment_method: str | None = None
    """``card``, ``pix`` or ``boleto``."""
    discount_minor: int = 0
    """Taken off the price of the rooms, by coupon and points."""
    points: int = 0
    """Points that the traveler pays with; they are part of the discount."""
    coupon_code: str | None = None
    payment_action: PaymentAction | None = None
    """Of ``booking.payment_action_required`` and ``booking.change_payment_action_required`` only."""
    change: StayChange | None = None
    """Of ``booking.changed`` only."""
    guest_country: str | None = None
    """Where the guests come from, ISO 3166-1 alpha-2; ``None`` when it is not known."""
