"""What the learning part does when bookings and users said something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from shared.contracts.analytics import ClientEvents
from shared.contracts.bookings import BookingEvent
from shared.contracts.users import UserDeleted
from shared.db import WriteSession
from shared.messaging import EventEnvelope, Handler
from shared.messaging.consumer import Reject
from subgraphs.ai.learning.stays import (
    CALLED_OFF,
    BookedStay,
    HotelView,
    add_views,
    forget_user,
    import_bookings,
)

PayloadT = TypeVar("PayloadT", bound=msgspec.Struct)
PAYLOAD_VERSION: Final = 1
"""The version of the payloads that we understand."""


def stay_of(envelope: EventEnvelope) -> BookedStay:
    """The booking after the event in ``envelope`` (``booking.*``). Raises ``Reject`` for what is no such event."""
    payload = _payload(envelope, BookingEvent)
    return BookedStay(
        booking_id=payload.booking_id,
        sequence=envelope.aggregate_sequence,
        user_id=payload.user_id,
        hotel_id=payload.hotel_id,
        room_type_id=payload.room_type_id,
        check_in=payload.check_in,
        check_out=payload.check_out,
        rooms=payload.rooms,
        guests=payload.guests,
        total_minor=payload.total_minor,
        currency=payload.currency,
        state=payload.state,
        booked_at=envelope.occurred_at,
        ended_at=envelope.occurred_at if payload.state in CALLED_OFF else None,
    )


async def _booking(session: WriteSession, envelope: EventEnvelope) -> None:
    await import_bookings(session, [stay_of(envelope)])


async def _client_events(session: WriteSession, envelope: EventEnvelope) -> None:
    told = _payload(envelope, ClientEvents)
    if told.user_id is None:
        return
    views = [
        HotelView(each.event_id, told.user_id, each.hotel_id, each.occurred_at)
        for each in told.events
        if each.kind == "view" and each.hotel_id is not None
    ]
    await add_views(session, views)


async def _user_deleted(session: WriteSession, envelope: EventEnvelope) -> None:
    await forget_user(session, _payload(envelope, UserDeleted).user_id)


def _payload(envelope: EventEnvelope, kind: type[PayloadT]) -> PayloadT:
    if envelope.version != PAYLOAD_VERSION:
        raise Reject(f"version {envelope.version} of {envelope.type}; this release knows {PAYLOAD_VERSION}")
    try:
        return msgspec.json.decode(envelope.payload, type=kind)
    except msgspec.DecodeError as error:
        raise Reject(str(error)) from error


HANDLERS: Final[Mapping[str, Handler]] = {
    "booking.*": _booking,
    ClientEvents.topic: _client_events,
    UserDeleted.type: _user_deleted,
}
"""By topic."""
