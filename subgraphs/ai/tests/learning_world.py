"""A small world for the tests of learning: hotels, stays and events, as others tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
from sqlalchemy import insert

from shared.contracts.bookings import BookingEvent
from shared.db import Database, new_id
from shared.messaging import EventEnvelope
from subgraphs.ai.learning.stays import BookedStay
from subgraphs.ai.models.search import HotelText

NAMES = UUID("0190a0a0-0000-7000-8000-000000000006")
NOON = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)


def known(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(NAMES, name)


def booked(
    hotel_id: UUID,
    check_in: date,
    *,
    user_id: UUID | None = None,
    room_type_id: UUID | None = None,
    nights: int = 2,
    rooms: int = 1,
    state: str = "CHECKED_OUT",
    booked_at: datetime | None = None,
    ended_at: datetime | None = None,
    booking_id: UUID | None = None,
    sequence: int = 4,
) -> BookedStay:
    """A booking; by default one that took place, made ten days ahead."""
    made = booked_at or datetime(check_in.year, check_in.month, check_in.day, 12, tzinfo=UTC) - timedelta(days=10)
    return BookedStay(
        booking_id=booking_id or uuid4(),
        sequence=sequence,
        user_id=user_id,
        hotel_id=hotel_id,
        room_type_id=room_type_id or uuid5(hotel_id, "room type"),
        check_in=check_in,
        check_out=check_in + timedelta(days=nights),
        rooms=rooms,
        guests=2,
        total_minor=10_000,
        currency="BRL",
        state=state,
        booked_at=made,
        ended_at=ended_at,
    )


def booking_event(stay: BookedStay, *, type_: str = "booking.confirmed", at: datetime | None = None) -> EventEnvelope:
    """What bookings says of ``stay``."""
    payload = BookingEvent(
        booking_id=stay.booking_id,
        code="K7MPX2QA",
        state=stay.state,
        user_id=stay.user_id or uuid4(),
        hotel_id=stay.hotel_id,
        room_type_id=stay.room_type_id,
        check_in=stay.check_in,
        check_out=stay.check_out,
        guests=stay.guests,
        rooms=stay.rooms,
        total_minor=stay.total_minor,
        currency=stay.currency,
        actor_id=None,
        failure_reason=None,
        fee_minor=0,
        refund_due_minor=0,
        refunded_minor=0,
    )
    return envelope(type_, stay.booking_id, payload, sequence=stay.sequence, at=at or stay.booked_at)


def envelope(
    type_: str,
    aggregate_id: UUID,
    payload: msgspec.Struct | Mapping[str, Any],
    *,
    sequence: int = 1,
    at: datetime = NOON,
) -> EventEnvelope:
    """An event as the broker brings it."""
    event_id = new_id()
    return EventEnvelope(
        id=event_id,
        type=type_,
        version=1,
        occurred_at=at,
        aggregate_id=aggregate_id,
        aggregate_sequence=sequence,
        correlation_id=event_id,
        causation_id=None,
        trace_context={},
        payload=msgspec.Raw(msgspec.json.encode(payload)),
    )


def hotel_row(
    hotel_id: UUID,
    *,
    name: str = "Pousada",
    place: str = "Paraty",
    destination_id: UUID | None = None,
    manager_id: UUID | None = None,
    is_listed: bool = True,
    embedding: Sequence[float] | None = None,
) -> dict[str, Any]:
    """A row of ``hotels``; an embedding is filled up with zeros."""
    passage_hash = f"{hotel_id.int:064x}"[-64:]
    vector = None if embedding is None else [*embedding, *([0.0] * (384 - len(embedding)))]
    return {
        "hotel_id": hotel_id,
        "version": 1,
        "name": name,
        "place": place,
        "kind": "POUSADA",
        "country_code": "BR",
        "destination_id": destination_id or uuid5(NAMES, place),
        "manager_id": manager_id,
        "currency": "BRL",
        "time_zone": "America/Sao_Paulo",
        "stars": None,
        "amenities": [],
        "amenity_words": "",
        "is_listed": is_listed,
        "passage": name,
        "passage_hash": passage_hash,
        "embedding": vector,
        "embedded_hash": None if vector is None else passage_hash,
        "embedding_model": None if vector is None else "test",
    }


async def add_hotels(database: Database, *rows: Mapping[str, Any]) -> None:
    """Write hotels down, as the search part does when hotels speaks."""
    async with database.transaction() as session:
        await session.execute(insert(HotelText), list(rows))
