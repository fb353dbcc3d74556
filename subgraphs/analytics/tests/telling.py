"""Events as other domains tell them, for the tests of reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared.contracts.bookings import BookingEvent, StayChange
from shared.messaging import EventEnvelope

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def event(type_: str, aggregate_id: UUID, sequence: int, payload: Any, at: datetime = NOW) -> EventEnvelope:
    """An envelope as the broker delivers it."""
    return EventEnvelope(
        id=uuid4(),
        type=type_,
        version=1,
        occurred_at=at,
        aggregate_id=aggregate_id,
        aggregate_sequence=sequence,
        correlation_id=aggregate_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )


@dataclass(slots=True)
class Inn:
    """A hotel with one room type."""

    id: UUID = field(default_factory=uuid4)
    room_type_id: UUID = field(default_factory=uuid4)
    manager_id: UUID = field(default_factory=uuid4)
    name: str = "Pousada"
    total_rooms: int = 10
    currency: str = "BRL"
    time_zone: str = "America/Sao_Paulo"
    version: int = 0

    def _event(self, type_: str, payload: dict[str, Any]) -> EventEnvelope:
        self.version += 1
        return event(type_, self.id, self.version, {"hotel_id": str(self.id), **payload})

    def opens(self) -> list[EventEnvelope]:
        """It and its room type are there."""
        hotel = {
            "name": self.name, "manager_id": str(self.manager_id), "destination_id": str(uuid4()),
            "country_code": "BR", "time_zone": self.time_zone, "currency": self.currency, "is_listed": True,
        }  # fmt: skip
        return [self._event("hotel.created", hotel), self.changes_rooms()]

    def changes_rooms(self, **values: Any) -> EventEnvelope:
        """The room type is changed."""
        room_type = {
            "room_type_id": str(self.room_type_id), "code": "STD", "name_pt": "Padrão", "name_en": "Standard",
            "total_rooms": self.total_rooms, "is_active": True, **values,
        }  # fmt: skip
        return self._event("room_type.changed", room_type)

    def changes_nights(self, first: date, last: date, **values: Any) -> EventEnvelope:
        """Nights have rooms of their own, or are closed."""
        calendar = {
            "room_type_id": str(self.room_type_id), "first_night": first.isoformat(), "last_night": last.isoformat(),
            "weekdays": [1, 2, 3, 4, 5, 6, 7], "total": None, "is_closed": None, **values,
        }  # fmt: skip
        return self._event("inventory.changed", calendar)


@dataclass(frozen=True, slots=True)
class Guest:
    """A booking that tells what becomes of it."""

    inn: Inn
    check_in: date
    check_out: date
    total_minor: int = 300_00
    rooms: int = 1
    currency: str = "BRL"
    country: str | None = None
    city: str | None = "Paraty"
    method: str = "card"
    id: UUID = field(default_factory=uuid4)
    user_id: UUID = field(default_factory=uuid4)

    def tells(self, what: str, sequence: int, at: datetime = NOW, change: StayChange | None = None) -> EventEnvelope:
        """``booking.<what>``, with the booking after it."""
        states = {"requested": "PENDING", "changed": "CONFIRMED", "refunded": "CANCELLED"}
        payload = BookingEvent(
            booking_id=self.id, code="ABCDEFGH", state=states.get(what, what.upper()), user_id=self.user_id,
            hotel_id=self.inn.id, room_type_id=self.inn.room_type_id, check_in=self.check_in, check_out=self.check_out,
            guests=2, rooms=self.rooms, total_minor=self.total_minor, currency=self.currency, actor_id=self.user_id,
            failure_reason=None, fee_minor=0, refund_due_minor=0, refunded_minor=0, time_zone=self.inn.time_zone,
            city=self.city, region="RJ" if self.city else None, country_code="BR", payment_method=self.method,
            guest_country=self.country, change=change,
        )  # fmt: skip
        return event(f"booking.{what}", self.id, sequence, payload, at)

    def books(self, at: datetime = NOW) -> list[EventEnvelope]:
        """Asked for and confirmed."""
        return [self.tells("requested", 1, at), self.tells("confirmed", 2, at)]

    def stays(self, at: datetime = NOW) -> list[EventEnvelope]:
        """Booked, arrived, left."""
        return [*self.books(at), self.tells("checked_in", 3, at), self.tells("checked_out", 4, at)]

    def ends(self, what: str, at: datetime = NOW) -> list[EventEnvelope]:
        """Booked, and then ``cancelled`` or ``no_show``."""
        return [*self.books(at), self.tells(what, 3, at)]

    def moves(self, check_in: date, check_out: date, total_minor: int) -> tuple[Guest, EventEnvelope]:
        """Another stay, as the third event; and the booking as it is then."""
        moved = replace(self, check_in=check_in, check_out=check_out, total_minor=total_minor)
        change = StayChange(
            previous_check_in=self.check_in, previous_check_out=self.check_out, previous_total_minor=self.total_minor
        )
        return moved, moved.tells("changed", 3, change=change)


def flat(*parts: Iterable[EventEnvelope]) -> list[EventEnvelope]:
    """All events in one list."""
    return [each for part in parts for each in part]
