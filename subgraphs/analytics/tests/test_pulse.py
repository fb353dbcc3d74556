"""A hotel's day as its manager watches it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.auth import Principal, Role
from shared.db import utc_now
from shared.testing.client import SubgraphClient
from shared.testing.identity import make_principal
from shared.testing.plugin import PATIENCE_SECONDS, SubgraphClients
from subgraphs.analytics.app import subgraph
from subgraphs.analytics.ingest.live import live_channel
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.service.pulse import Pulse, read_pulse
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.tests.world import NOON, Inn, Stay

MANAGER = make_principal(Role.HOTEL_MANAGER)
PULSE = "subscription($id: ID!) { hotelPulse(hotelId: $id) { soldToday revenueToday { amount } roomsSoldTonight } }"


async def code_of(client: SubgraphClient, inn: Inn, caller: Principal | None) -> str:
    async with aclosing(client.subscribe(PULSE, {"id": str(inn.id)}, as_=caller)) as updates:  # type: ignore[type-var]
        return str((await anext(updates))["errors"][0]["extensions"]["code"])


async def sold_today(updates: Any) -> int:
    response = await anext(updates)
    assert "errors" not in response, response
    return int(response["data"]["hotelPulse"]["soldToday"])


async def test_the_day_is_the_hotels_own(analytics_store: AnalyticsStore) -> None:
    inn = Inn()
    tonight = Stay(inn, NOON.date(), 2, 300_00, rooms=2)
    later = Stay(inn, NOON.date().replace(day=20), 1, 50_00)
    await write_events(analytics_store, [*inn.all_told(), *tonight.sold(), *later.sold(), *later.cancelled()[2:]])
    pulse = await read_pulse(analytics_store, inn.id, NOON.replace(hour=23))
    assert pulse == Pulse(NOON.date(), 2, 350_00, arrivals=1, rooms_tonight=2, currency="BRL")
    still_today = NOON.replace(day=2, hour=2)  # eleven in the evening in São Paulo
    assert (await read_pulse(analytics_store, inn.id, still_today)).sold_today == 2
    tomorrow = await read_pulse(analytics_store, inn.id, NOON.replace(day=2))
    assert (tomorrow.sold_today, tomorrow.arrivals, tomorrow.rooms_tonight) == (0, 0, 2)


async def test_a_manager_sees_a_sale_come_in(analytics_store: AnalyticsStore, subgraph_client: SubgraphClients) -> None:
    inn = Inn(manager_id=MANAGER.user_id)
    await write_events(analytics_store, inn.all_told())
    client = await subgraph_client("analytics")
    night = utc_now().astimezone(ZoneInfo("America/Sao_Paulo")).date()
    updates = client.subscribe(PULSE, {"id": str(inn.id)}, as_=MANAGER)
    async with aclosing(updates), asyncio.timeout(PATIENCE_SECONDS):  # type: ignore[type-var]
        assert await sold_today(updates) == 0
        await write_events(analytics_store, Stay(inn, night, 1, 100_00, booked_at=utc_now()).sold())
        await subgraph.resources.live.announce(live_channel(inn.id))
        assert await sold_today(updates) == 1


async def test_a_manager_who_loses_the_hotel_sees_no_more(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients
) -> None:
    inn = Inn(manager_id=MANAGER.user_id)
    await write_events(analytics_store, inn.all_told())
    client = await subgraph_client("analytics")
    updates = client.subscribe(PULSE, {"id": str(inn.id)}, as_=MANAGER)
    async with aclosing(updates), asyncio.timeout(PATIENCE_SECONDS):  # type: ignore[type-var]
        assert await sold_today(updates) == 0
        sale = Stay(inn, NOON.date(), 1, 100_00, booked_at=utc_now()).sold()
        await write_events(analytics_store, [inn.told(manager_id=None), *sale])
        await subgraph.resources.live.announce(live_channel(inn.id))
        assert (await anext(updates))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (None, "UNAUTHENTICATED"),
        (make_principal(Role.TRAVELER), "FORBIDDEN"),
        (make_principal(Role.HOTEL_MANAGER), "FORBIDDEN"),
    ],
)
async def test_nobody_else_watches(
    analytics_store: AnalyticsStore, subgraph_client: SubgraphClients, caller: Principal | None, code: str
) -> None:
    inn = Inn(manager_id=MANAGER.user_id)
    await write_events(analytics_store, inn.all_told())
    assert await code_of(await subgraph_client("analytics"), inn, caller) == code
