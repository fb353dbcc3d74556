"""What the passing of days changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

from shared.db import Database
from subgraphs.hotels.service.housekeeping import roll_calendars
from subgraphs.hotels.settings import HotelsSettings
from subgraphs.hotels.tests.builders import SOON, Market

SETTINGS = HotelsSettings(max_days_ahead=400, max_stay_nights=10)
NOW = datetime.combine(SOON, time(12), tzinfo=UTC)


async def test_calendars_reach_the_horizon_again_at_the_price_of_the_year_before(
    market: Market, database: Database
) -> None:
    hotel_id = await market.hotel()
    room_type_id = await market.room_type(hotel_id, price=30_000, nights=370)
    gap = SOON + timedelta(days=50)
    await market.execute("DELETE FROM inventory_nights WHERE night = :gap", gap=gap)
    await market.set_nights(room_type_id, SOON + timedelta(days=10), price_minor=44_400, min_stay=3, sold=2)
    empty = await market.room_type(hotel_id, nights=0)
    assert await roll_calendars(database, SETTINGS, NOW) == 41
    (row,) = await market.rows("SELECT max(night), count(*), max(sold) FROM inventory_nights")
    assert tuple(row) == (SOON + timedelta(days=410), 410, 2)  # 411 nights from today to the horizon, without the gap
    a_year_later = SOON + timedelta(days=10 + 364)
    (night,) = await market.rows(
        "SELECT price_minor, min_stay, sold FROM inventory_nights WHERE night = :d", d=a_year_later
    )
    assert tuple(night) == (44_400, 3, 0)
    assert await market.rows("SELECT 1 FROM inventory_nights WHERE room_type_id = :id", id=empty) == []
    assert await roll_calendars(database, SETTINGS, NOW) == 0


async def test_the_from_price_forgets_a_night_that_has_passed(market: Market, database: Database) -> None:
    room_type_id = await market.room_type(await market.hotel(), price=30_000, nights=40)
    await market.set_nights(room_type_id, SOON, price_minor=10_000)
    await market.execute("UPDATE hotels SET from_price_minor = 10000")
    near = HotelsSettings(max_days_ahead=20, max_stay_nights=5)
    await roll_calendars(database, near, NOW)
    assert await market.value("SELECT from_price_minor FROM hotels") == 10_000
    await roll_calendars(database, near, NOW + timedelta(days=1))
    assert await market.value("SELECT from_price_minor FROM hotels") == 30_000


async def test_two_at_once_do_no_harm(market: Market, database: Database) -> None:
    place = await market.destination()
    await market.hotels(place, [{"name": f"H{number}", "price": 20_000} for number in range(5)])
    await asyncio.gather(*(roll_calendars(database, SETTINGS, NOW) for _ in range(3)))
    assert await market.value("SELECT count(*) FROM inventory_nights") == 5 * 411
