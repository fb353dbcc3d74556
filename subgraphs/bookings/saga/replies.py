"""What hotels and payments answer, as signals to the saga of the booking that it is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from shared.messaging import EventEnvelope
from subgraphs.bookings.ids import hold_id_of, payment_id_of
from subgraphs.bookings.payments import events as payments
from subgraphs.bookings.payments.events import PaymentEvent
from subgraphs.bookings.payments.models import PaymentState
from subgraphs.bookings.saga import signals as s


class NotOurs(Exception):
    """The message is about a hold or payment that no saga of ours made."""


_INVENTORY: Final[Mapping[str, tuple[type[Any], Callable[[Any], s.Signal]]]] = {
    InventoryHeld.topic: (InventoryHeld, lambda reply: s.RoomsHeld(reply.expires_at)),
    InventoryRefused.topic: (InventoryRefused, lambda reply: s.RoomsRefused(reply.reason, reply.sold_out_nights)),
    InventoryConfirmed.topic: (InventoryConfirmed, lambda _: s.RoomsSold()),
    InventoryReleased.topic: (InventoryReleased, lambda _: s.RoomsReleased()),
    InventoryExpired.topic: (InventoryExpired, lambda _: s.RoomsExpired()),
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

TOPICS: Final = (*_INVENTORY, *_PAYMENTS)


def signal_of(envelope: EventEnvelope) -> tuple[UUID, s.Signal]:
    """The booking that a message is about, and what it says to its saga.

    Raises:
        NotOurs: it is about another hold or payment.
        msgspec.ValidationError: it cannot be read.
    """
    if envelope.type in _INVENTORY:
        kind, to_signal = _INVENTORY[envelope.type]
        reply = msgspec.json.decode(envelope.payload, type=kind)
        if reply.hold_id != hold_id_of(reply.booking_id):
            raise NotOurs(f"{envelope.type} about hold {reply.hold_id}")
        return reply.booking_id, to_signal(reply)
    event = msgspec.json.decode(envelope.payload, type=PaymentEvent)
    if event.payment_id != payment_id_of(event.booking_id):
        raise NotOurs(f"{envelope.type} about payment {event.payment_id}")
    return event.booking_id, _PAYMENTS[envelope.type](event)
