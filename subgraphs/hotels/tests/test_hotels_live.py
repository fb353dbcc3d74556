"""`hotelUpdated`: the hotel as it is, then each later version, once and never backwards."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import UUID, uuid4

from shared.auth import Role
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import PATIENCE_SECONDS
from subgraphs.hotels.tests.builders import Market

WATCH = "subscription($id: ID!) { hotelUpdated(id: $id) { name ratingCount } }"
RENAME = (
    "mutation($id: ID!, $name: String!) { updateHotel(input: {hotelId: $id, name: $name}) {"
    " __typename ... on Problem { message } } }"
)


async def _rename(hotels: SubgraphClient, hotel_id: UUID, name: str) -> None:
    data = await hotels.data(RENAME, {"id": str(hotel_id), "name": name}, as_=make_principal(Role.ADMIN))
    assert data["updateHotel"]["__typename"] == "Hotel"
    # As the relay does once the event is published.
    await hotels.subgraph.resources.live.announce(f"hotels:{hotel_id}")


async def test_a_watcher_sees_the_hotel_now_and_then_each_change(hotels: SubgraphClient, market: Market) -> None:
    hotel = await market.hotel(name="Before")
    async with aclosing(hotels.subscribe(WATCH, {"id": str(hotel)})) as updates, asyncio.timeout(PATIENCE_SECONDS):
        assert (await anext(updates))["data"]["hotelUpdated"]["name"] == "Before"
        for name in ("First", "Second"):
            await _rename(hotels, hotel, name)
            assert (await anext(updates))["data"]["hotelUpdated"]["name"] == name


async def test_an_announcement_without_a_change_shows_nothing_again(hotels: SubgraphClient, market: Market) -> None:
    hotel = await market.hotel(name="Before")
    async with aclosing(hotels.subscribe(WATCH, {"id": str(hotel)})) as updates, asyncio.timeout(PATIENCE_SECONDS):
        await anext(updates)
        for _ in range(3):
            await hotels.subgraph.resources.live.announce(f"hotels:{hotel}")
        await _rename(hotels, hotel, "After")
        assert (await anext(updates))["data"]["hotelUpdated"]["name"] == "After"


async def test_an_unknown_hotel_ends_the_subscription_with_an_error(hotels: SubgraphClient) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        responses = [response async for response in hotels.subscribe(WATCH, {"id": str(uuid4())})]
    assert [response["errors"][0]["extensions"]["code"] for response in responses] == ["NOT_FOUND"]
