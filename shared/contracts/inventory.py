"""Rooms for a stay: what bookings asks of hotels, and what hotels answers.

A hold is known by ``hold_id``, which bookings chooses; a command that arrives twice has effect once.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec


class HoldInventory(msgspec.Struct, frozen=True, kw_only=True):
    """Keep ``rooms`` rooms for every night from ``check_in`` up to, not including, ``check_out``."""

    topic: ClassVar[str] = "command.hotels.hold_inventory"

    hold_id: UUID
    booking_id: UUID
    room_type_id: UUID
    check_in: date
    check_out: date
    rooms: int
    expires_at: datetime
    """When the rooms are free again unless the hold was confirmed."""
    replaces_hold_id: UUID | None = None
    """A hold of the same booking that this one takes the place of, when a stay is changed. Where both are of one room
    type, rooms that the other has bought count as free for this one. Confirming this one releases the other; when
    this one is released or expires, the other stays as it is."""


class ConfirmInventory(msgspec.Struct, frozen=True, kw_only=True):
    """Turn a hold into a sale, and release the hold that it replaces, if any. Both happen or neither."""

    topic: ClassVar[str] = "command.hotels.confirm_inventory"

    hold_id: UUID
    booking_id: UUID


class ReleaseInventory(msgspec.Struct, frozen=True, kw_only=True):
    """Free the rooms of a hold or a sale. One that overtakes its hold keeps that hold from ever being made."""

    topic: ClassVar[str] = "command.hotels.release_inventory"

    hold_id: UUID
    booking_id: UUID


class InventoryHeld(msgspec.Struct, frozen=True, kw_only=True):
    """The rooms are kept until ``expires_at``."""

    topic: ClassVar[str] = "inventory.held"

    hold_id: UUID
    booking_id: UUID
    expires_at: datetime


RefusalReason = Literal["sold_out", "closed", "unknown_room_type", "expired", "released"]


class InventoryRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The rooms cannot be kept, or not be sold any more; nothing is held."""

    topic: ClassVar[str] = "inventory.refused"

    hold_id: UUID
    booking_id: UUID
    reason: RefusalReason
    sold_out_nights: list[date] = []
    """The nights on which rooms are missing, when that is the reason."""


class InventoryConfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """The rooms are sold to the booking."""

    topic: ClassVar[str] = "inventory.confirmed"

    hold_id: UUID
    booking_id: UUID


class InventoryReleased(msgspec.Struct, frozen=True, kw_only=True):
    """The rooms are free again."""

    topic: ClassVar[str] = "inventory.released"

    hold_id: UUID
    booking_id: UUID


class InventoryExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The hold ran out before it was confirmed; its rooms are free again."""

    topic: ClassVar[str] = "inventory.expired"

    hold_id: UUID
    booking_id: UUID
