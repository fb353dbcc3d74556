"""What hotels, gamification and payments answer, as signals to the sagas that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import msgspec

from shared.contracts.inventory import (
    InventoryConfirmed,
    InventoryExpired,
    InventoryHeld,
    InventoryRefused,
    InventoryReleased,
)
from shared.contracts.points import PointsRefused, PointsReserved
from shared.db import ReadSession
from shared.messaging import EventEnvelope
from subgraphs.bookings.ids import hold_id_of, payment_id_of, points_id_of
from subgraphs.bookings.payments import events as payments
from subgraphs.bookings.payments.events import PaymentEvent
from subgraphs.bookings.payments.models import PaymentState
from subgraphs.bookings.repository import sagas
from subgraphs.bookings.saga import signals as s


class NotOurs(Exception):
    """The message is about a hold, reservation or payment that no saga of ours made."""


@dataclass(frozen=True, slots=True)
class News:
    """What a message says about a booking: about one of its holds or payments, or about its points."""

    booking_id: UUID
    signal: s.Signal
    hold_id: UUID | None = None
    payment_id: UUID | None = None
    reservation_id: UUID | None = None
    """Of points."""


_INVENTORY: Final[Mapping[str, tuple[type[Any], Callable[[Any], s.Signal]]]] = {
    InventoryHeld.topic: (InventoryHeld, lambda reply: s.RoomsHeld(reply.expires_at)),
    InventoryRefused.topic: (InventoryRefused, lambda reply: s.RoomsRefused(reply.reason, reply.sold_out_nights)),
    InventoryConfirmed.topic: (InventoryConfirmed, lambda _: s.RoomsSold()),
    InventoryReleased.topic: (InventoryReleased, lambda _: s.RoomsReleased()),
    InventoryExpired.topic: (InventoryExpired, lambda _: s.RoomsExpired()),
}

_POINTS: Final[Mapping[str, tuple[type[Any], Callable[[Any], s.Signal]]]] = {
    PointsReserved.topic: (PointsReserved, lambda _: s.PointsReserved()),
    PointsRefused.topic: (PointsRefused, lambda reply: s.PointsRefused(reply.reason, reply.available)),
}

_PAYMENTS: Final[Mapping[str, Callable[[PaymentEvent], s.Signal]]] = {
    payments.AUTHORIZED: lambda _: s.PaymentAuthorized(),
    payments.CAPTURED: lambda _: s.PaymentCaptured(),
    payments.FAILED: lambda event: s.PaymentRefused(
        event.reason or "failed", is_declined=event.state == PaymentState.DECLINED
    ),
    payments.EXPIRED: lambda _: s.PaymentExpired(),
}
"""``payment.voided`` and ``payment.refunded`` are left out: the step that caused them has their answer, or asks again.

``payment.action_required`` as well: it tells nothing that the answer to the call did not.
"""

TOPICS: Final = (*_INVENTORY, *_POINTS, *_PAYMENTS)


def read(envelope: EventEnvelope) -> News:
    """What a message says.

    Raises:
        msgspec.ValidationError: it cannot be read.
    """
    if envelope.type in _INVENTORY:
        kind, to_signal = _INVENTORY[envelope.type]
        reply = msgspec.json.decode(envelope.payload, type=kind)
        return News(reply.booking_id, to_signal(reply), hold_id=reply.hold_id)
    if envelope.type in _POINTS:
        kind, to_signal = _POINTS[envelope.type]
        reply = msgspec.json.decode(envelope.payload, type=kind)
        return News(reply.booking_id, to_signal(reply), reservation_id=reply.reservation_id)
    event = msgspec.json.decode(envelope.payload, type=PaymentEvent)
    return News(event.booking_id, _PAYMENTS[envelope.type](event), payment_id=event.payment_id)


async def told(session: ReadSession, news: News) -> Sequence[UUID]:
    """The sagas that ``news`` is for, in the order in which they are to be locked.

    A hold that a change of stay made becomes the booking's own: then it is the sale that frees it on a cancellation.

    Raises:
        NotOurs: it is about another hold, reservation or payment.
    """
    sale = news.booking_id
    if news.hold_id == hold_id_of(sale) or news.payment_id == payment_id_of(sale):
        return [sale]
    if news.reservation_id == points_id_of(sale):
        return [sale]
    for saga in await sagas.of_booking(session, sale):
        if news.hold_id == hold_id_of(saga.id):
            return [sale, saga.id]
        if news.payment_id == payment_id_of(saga.id):
            return [saga.id]
    raise NotOurs(f"{news} is about nothing of ours")
