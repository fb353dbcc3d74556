"""What bookings does when hotels or payments says something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from shared.config import PlatformSettings
from shared.db import WriteSession, utc_now
from shared.messaging import EventEnvelope
from shared.messaging.consumer import Handler, Reject
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.saga.replies import TOPICS, NotOurs, signal_of
from subgraphs.bookings.settings import BookingsSettings


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic: all tell the saga."""
    return saga_handlers(BookingsSettings())


def saga_handlers(settings: BookingsSettings, clock: Callable[[], datetime] = utc_now) -> Mapping[str, Handler]:
    """The same, for tests that travel in time."""

    async def tell_saga(session: WriteSession, envelope: EventEnvelope) -> None:
        try:
            booking_id, signal = signal_of(envelope)
        except (msgspec.DecodeError, NotOurs) as error:
            raise Reject(str(error)) from error
        await lifecycle.tell(session, booking_id, signal, clock(), settings)

    return dict.fromkeys(TOPICS, tell_saga)
