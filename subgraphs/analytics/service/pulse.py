"""A hotel's day as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.pubsub import LiveUpdates
from subgraphs.analytics.ingest.live import live_channel
from subgraphs.analytics.store import AnalyticsStore

SHORTEST_SECONDS: Final = 1.0
"""Between two updates of one subscriber; what happens meanwhile is in the next."""
LOOK_ANYWAY_SECONDS: Final = 30.0
"""Unasked: a day ends, and an announcement may be lost."""
_ZONE: Final = ZoneInfo("America/Sao_Paulo")


@dataclass(frozen=True, slots=True)
class Pulse:
    """Today, where the hotel is."""

    today: date
    sold_today: int
    """Bookings confirmed today."""
    revenue_minor: int
    """Of these bookings."""
    arrivals: int
    """Bookings that arrive today."""
    rooms_tonight: int
    """Rooms sold for tonight."""
    currency: str


async def read_pulse(store: AnalyticsStore, hotel_id: UUID, now: datetime) -> Pulse:
    """The figures as the store has them."""
    known = await store.query(
        "SELECT time_zone, currency FROM hotels FINAL WHERE hotel_id = {hotel:UUID}", {"hotel": hotel_id}
    )
    zone, currency = (ZoneInfo(known[0][0]), known[0][1]) if known else (_ZONE, "BRL")
    today = now.astimezone(zone).date()
    bound = {"hotel": hotel_id, "today": today, "currency": currency}
    [(sold, revenue)] = await store.query(
        "SELECT count(), sum(total_minor) FROM booking_sales FINAL"
        " WHERE hotel_id = {hotel:UUID} AND sold_on = {today:Date} AND currency = {currency:String}",
        bound,
    )
    [(arrivals, rooms)] = await store.query(
        "SELECT countIf(is_arrival), sum(rooms) FROM stay_nights FINAL"
        " WHERE hotel_id = {hotel:UUID} AND night = {today:Date} AND is_sold",
        bound,
    )
    return Pulse(today, int(sold), int(revenue), int(arrivals), int(rooms), currency)


async def follow_pulse(
    store: AnalyticsStore, live: LiveUpdates, hotel_id: UUID, clock: Callable[[], datetime]
) -> AsyncIterator[Pulse]:
    """The figures now, and again whenever they are others; at most one a second."""
    async with live.changes(live_channel(hotel_id)) as changes:
        last = await read_pulse(store, hotel_id, clock())
        yield last
        waiting = asyncio.ensure_future(anext(changes))
        try:
            while True:
                await asyncio.wait([waiting], timeout=LOOK_ANYWAY_SECONDS)
                if waiting.done():
                    waiting.result()
                    waiting = asyncio.ensure_future(anext(changes))
                found = await read_pulse(store, hotel_id, clock())
                if found != last:
                    last = found
                    yield found
                    await asyncio.sleep(SHORTEST_SECONDS)
        finally:
            waiting.cancel()
