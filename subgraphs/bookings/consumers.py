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
from subgraphs.bookings.saga.replies import TOPICS, NotOurs, read, told
from subgraphs.bookings.settings import BookingsSettings


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic: all tell the sagas that it is about."""
    return saga_handlers(BookingsSettings())


def saga_handlers(settings: BookingsSettings, clock: Callable[[], datetime] = utc_now) -> Mapping[str, Handler]:
    """The same, for tests that travel in time."""

    async def tell_saga(session: WriteSession, envelope: EventEnvelope) -> None:
        try:
            news = read(envelope)
            saga_ids = await told(session, news)
        except (msgspec.DecodeError, NotOurs) as error:
            raise Reject(str(error)) from error
        for saga_id in saga_ids:
            await lifecycle.tell(session, saga_id, news.signal, clock(), settings, hold_id=news.hold_id)

    return dict.fromkeys(TOPICS, tell_saga)
