"""Hotels, bookings and visitors for the tests of reports, as the events that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared.contracts.analytics import ClientEvent, ClientEventKind, ClientEvents
from shared.contracts.bookings import BookingEvent, StayChange
from shared.messaging import EventEnvelope

NOON = datetime(2026, 1, 1, 15, tzinfo=UTC)
"""Noon in São Paulo."""


def envelope(
    type_: str, aggregate_id: UUID, sequence: int, payload: Mapping[str, Any] | msgspec.Struct, at: datetime = NOON
) -> EventEnvelope:
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


class Inn:
    """A hotel with one room type."""

    def __init__(self, name: str = "Pousada", *, manager_id: UUID | None = None, rooms: int = 10) -> None:
        self.id, self.room_type_id = uuid4(), uuid4()
        self.name, self.manager_id, self.rooms = name, manager_id, rooms
        self._version = 0

    def told(self, **changes: Any) -> EventEnvelope:
        """What hotels says of the hotel."""
        self._version += 1
        payload = {
            "hotel_id": self.id,
            "name": self.name,
            "manager_id": self.manager_id,
            "destination_id": uuid4(),
            "country_code": "BR",
            "time_zone": "America/Sao_Paulo",
            "currency": "BRL",
            "is_listed": True,
            **changes,
        }
        return envelope("hotel.updated", self.id, self._version, payload)

    def room_type_told(self, *, rooms: int | None = None, is_active: bool = True, at: datetime = NOON) -> EventEnvelope:
        self._version += 1
        payload = {
            "hotel_id": self.id,
            "room_type_id": self.room_type_id,
            "code": "STD",
            "name_pt": "Quarto padrão",
            "name_en": "Standard room",
            "total_rooms": self.rooms if rooms is None else rooms,
            "is_active": is_active,
        }
        return envelope("room_type.changed", self.id, self._version, payload, at)

    def inventory_told(self, first: date, last: date, **values: Any) -> EventEnvelope:
        self._version += 1
        payload = {
            "hotel_id": self.id,
            "room_type_id": self.room_type_id,
            "first_night": first,
            "last_night": last,
            "weekdays": [1, 2, 3, 4, 5, 6, 7],
            "total": None,
            "is_closed": None,
            **values,
        }
        return envelope("inventory.changed", self.id, self._version, payload)

    def all_told(self) -> list[EventEnvelope]:
        return [self.told(), self.room_type_told()]


class Stay:
    """A booking that goes through its states; each step is an event."""

    def __init__(
        self,
        inn: Inn,
        check_in: date,
        nights: int,
        total_minor: int,
        *,
        rooms: int = 1,
        booked_at: datetime = NOON,
        user_id: UUID | None = None,
        country: str | None = None,
        **more: Any,
    ) -> None:
        self.at = booked_at
        self.sequence = 0
        self.state = BookingEvent(
            booking_id=uuid4(),
            code="ABCD23",
            state="PENDING",
            user_id=user_id or uuid4(),
            hotel_id=inn.id,
            room_type_id=inn.room_type_id,
            check_in=check_in,
            check_out=check_in + timedelta(days=nights),
            guests=2,
            rooms=rooms,
            total_minor=total_minor,
            currency=more.pop("currency", "BRL"),
            actor_id=None,
            failure_reason=None,
            fee_minor=0,
            refund_due_minor=0,
            refunded_minor=0,
            city=more.pop("city", "Paraty"),
            region=more.pop("region", "RJ"),
            country_code="BR",
            payment_method=more.pop("payment_method", "pix"),
            guest_country=country,
            **more,
        )

    def step(self, type_: str, state: str, **changes: Any) -> EventEnvelope:
        self.sequence += 1
        self.at += timedelta(minutes=1)
        self.state = msgspec.structs.replace(self.state, state=state, **changes)
        return envelope(f"booking.{type_}", self.state.booking_id, self.sequence, self.state, self.at)

    def sold(self) -> list[EventEnvelope]:
        return [self.step("requested", "PENDING"), self.step("confirmed", "CONFIRMED")]

    def cancelled(self) -> list[EventEnvelope]:
        return [*self.sold(), self.step("cancelled", "CANCELLED")]

    def no_show(self) -> list[EventEnvelope]:
        return [*self.sold(), self.step("no_show", "NO_SHOW")]

    def stayed(self) -> list[EventEnvelope]:
        return [*self.sold(), self.step("checked_in", "CHECKED_IN"), self.step("checked_out", "CHECKED_OUT")]

    def moved(self, check_in: date, nights: int, total_minor: int) -> EventEnvelope:
        before = StayChange(
            previous_check_in=self.state.check_in,
            previous_check_out=self.state.check_out,
            previous_total_minor=self.state.total_minor,
        )
        changed = self.step(
            "changed",
            self.state.state,
            check_in=check_in,
            check_out=check_in + timedelta(days=nights),
            total_minor=total_minor,
            change=before,
        )
        self.state = msgspec.structs.replace(self.state, change=None)
        return changed


def visit(
    visitor_id: UUID,
    *kinds: ClientEventKind,
    hotel_id: UUID | None = None,
    user_id: UUID | None = None,
    at: datetime = NOON - timedelta(hours=2),
) -> EventEnvelope:
    """A visitor's events, a minute apart."""
    events = [
        ClientEvent(
            event_id=uuid4(),
            kind=kind,
            occurred_at=at + timedelta(minutes=number),
            hotel_id=None if kind == "search" else hotel_id,
        )
        for number, kind in enumerate(kinds)
    ]
    told = ClientEvents(visitor_id=visitor_id, user_id=user_id, events=events)
    return envelope(ClientEvents.topic, visitor_id, 0, told, at)
