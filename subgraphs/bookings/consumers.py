"""What bookings does when hotels, gamification or payments says something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from shared.config import PlatformSettings
from shared.contracts.gamification import CouponGranted
from shared.db import WriteSession, utc_now
from shared.messaging import EventEnvelope
from shared.messaging.consumer import Handler, Reject
from subgraphs.bookings.coupons import desk as coupons
from subgraphs.bookings.coupons.desk import CannotGrant
from subgraphs.bookings.saga import lifecycle
from subgraphs.bookings.saga.replies import TOPICS, NotOurs, read, told
from subgraphs.bookings.settings import BookingsSettings


def build_handlers(settings: PlatformSettings) -> Mapping[str, Handler]:  # noqa: ARG001  # the same for every domain
    """The handler of each topic."""
    return {**saga_handlers(BookingsSettings()), **coupon_handlers()}


def saga_handlers(settings: BookingsSettings, clock: Callable[[], datetime] = utc_now) -> Mapping[str, Handler]:
    """What is done with an answer: the sagas that it is about are told."""

    async def tell_saga(session: WriteSession, envelope: EventEnvelope) -> None:
        try:
            news = read(envelope)
            saga_ids = await told(session, news)
        except (msgspec.DecodeError, NotOurs) as error:
            raise Reject(str(error)) from error
        for saga_id in saga_ids:
            await lifecycle.tell(session, saga_id, news.signal, clock(), settings, hold_id=news.hold_id)

    return dict.fromkeys(TOPICS, tell_saga)


def coupon_handlers(clock: Callable[[], datetime] = utc_now) -> Mapping[str, Handler]:
    """What is done when gamification gives a traveler a coupon: bookings honours it."""

    async def keep_coupon(session: WriteSession, envelope: EventEnvelope) -> None:
        try:
            granted = msgspec.json.decode(envelope.payload, type=CouponGranted)
            await coupons.grant(session, granted, clock())
        except (msgspec.DecodeError, CannotGrant) as error:
            raise Reject(str(error)) from error

    return {CouponGranted.type: keep_coupon}
