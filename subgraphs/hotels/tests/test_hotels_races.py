"""What happens at the same time: rivals of the same hotel, the same night, the same key."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.auth import Role
from shared.db import Database
from shared.testing import SubgraphClient, make_principal
from subgraphs.hotels.repository import calendar, reviews
from subgraphs.hotels.repository.calendar import CalendarChange, NightRange
from subgraphs.hotels.service.calendar import EVERY_WEEKDAY
from subgraphs.hotels.tests.builders import SOON, Market
from subgraphs.hotels.tests.managing import CREATE_HOTEL, UPDATE_RATES, hotel_input, nights_input

ADD_REVIEW = """
mutation($input: AddReviewInput!) {
  addReview(input: $input) { __typename ... on Review { id rating } ... on Problem { message } }
}"""


async def test_counting_ratings_by_reading_and_writing_back_loses_some(market: Market, database: Database) -> None:
    """The race that the next test shows to be absent: both read before either writes."""
    hotel_id = await market.hotel()
    both_have_read = asyncio.Barrier(2)

    async def naive() -> None:
        async with database.transaction() as session:
            count = await session.scalar(text("SELECT rating_count FROM hotels WHERE id = :id"), {"id": hotel_id})
            await both_have_read.wait()
            await session.execute(
                text("UPDATE hotels SET rating_count = :n WHERE id = :id"), {"n": (count or 0) + 1, "id": hotel_id}
            )

    await asyncio.gather(naive(), naive())
    assert await market.value("SELECT rating_count FROM hotels") == 1


async def test_counting_ratings_in_one_statement_loses_none(market: Market, database: Database) -> None:
    hotel_id = await market.hotel()
    both_have_begun = asyncio.Barrier(2)

    async def atomic() -> None:
        async with database.transaction() as session:
            await session.execute(text("SELECT rating_count FROM hotels"))
            await both_have_begun.wait()
            await reviews.count_rating(session, hotel_id, 80)

    await asyncio.gather(atomic(), atomic())
    assert await market.value("SELECT rating_count FROM hotels") == 2


async def test_50_reviews_at_once_are_50_in_the_rating(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()

    async def add(number: int) -> str:
        variables = {"input": {"hotelId": str(hotel_id), "rating": 1 + number % 10, "body": f"Nº {number}"}}
        data = await hotels.data(ADD_REVIEW, variables, as_=make_principal())
        return str(data["addReview"]["__typename"])

    assert set(await asyncio.gather(*(add(number) for number in range(50)))) == {"Review"}
    (row,) = await market.rows("SELECT rating_count, rating_sum, version FROM hotels")
    assert (row.rating_count, row.rating_sum) == (50, 5 * sum(range(10, 101, 10)))
    sequences = await market.rows(
        "SELECT (convert_from(payload, 'UTF8')::jsonb ->> 'aggregate_sequence')::int AS number FROM outbox"
    )
    assert sorted(row.number for row in sequences) == list(range(1, row.version + 1))


async def test_one_traveler_at_once_from_20_places_has_one_review(market: Market, hotels: SubgraphClient) -> None:
    hotel_id = await market.hotel()
    traveler = make_principal()
    variables = {"input": {"hotelId": str(hotel_id), "rating": 9, "title": "Ótimo"}}
    answers = await asyncio.gather(*(hotels.data(ADD_REVIEW, variables, as_=traveler) for _ in range(20)))
    assert len({answer["addReview"]["id"] for answer in answers}) == 1
    assert await market.value("SELECT rating_count FROM hotels") == 1


async def test_one_key_at_once_from_20_places_makes_one_hotel(market: Market, hotels: SubgraphClient) -> None:
    manager = make_principal(Role.HOTEL_MANAGER)
    variables = {"input": hotel_input(await market.destination()), "key": "the same"}
    answers = await asyncio.gather(*(hotels.data(CREATE_HOTEL, variables, as_=manager) for _ in range(20)))
    assert len({answer["createHotel"]["id"] for answer in answers}) == 1
    assert await market.value("SELECT count(*) FROM hotels") == 1


async def test_hotels_of_one_name_at_once_get_different_slugs(market: Market, hotels: SubgraphClient) -> None:
    manager = make_principal(Role.HOTEL_MANAGER)
    place = await market.destination()
    answers = await asyncio.gather(
        *(hotels.data(CREATE_HOTEL, {"input": hotel_input(place), "key": str(n)}, as_=manager) for n in range(8))
    )
    assert len({answer["createHotel"]["slug"] for answer in answers}) == 8
    assert await market.value("SELECT hotel_count FROM destinations") == 8


async def test_overlapping_calendar_changes_and_holds_wait_and_never_deadlock(
    market: Market, hotels: SubgraphClient, database: Database
) -> None:
    """Two managers of one hotel and bookings beside them, all over the same nights, in different directions."""
    hotel_id = await market.hotel()
    manager, admin = make_principal(Role.HOTEL_MANAGER), make_principal(Role.ADMIN)
    await market.managed_by(manager, hotel_id)
    room_types = [await market.room_type(hotel_id, nights=40, rooms=9) for _ in range(2)]

    async def rates(number: int) -> None:
        who = (manager, admin)[number % 2]
        change = nights_input(room_types[number % 2], 30, price={"amount": str(100 + number)})
        data = await hotels.data(UPDATE_RATES, {"input": change}, as_=who)
        assert data["updateRates"]["nightCount"] == 30

    async def hold(number: int) -> None:
        """A booking's hold: the nights of its stay in key order."""
        first = SOON + timedelta(days=number % 20)
        async with database.transaction() as session:
            held = await session.execute(
                text("""
                    WITH stay AS (
                        SELECT room_type_id, night FROM inventory_nights
                        WHERE room_type_id = :id AND night >= :first AND night < :until
                        ORDER BY room_type_id, night FOR NO KEY UPDATE
                    )
                    UPDATE inventory_nights i SET held = held + 1 FROM stay
                    WHERE i.room_type_id = stay.room_type_id AND i.night = stay.night
                """),
                {"id": room_types[number % 2], "first": first, "until": first + timedelta(days=3)},
            )
            assert held.rowcount == 3  # type: ignore[attr-defined]

    await asyncio.gather(*(rates(number) for number in range(16)), *(hold(number) for number in range(16)))
    assert await market.value("SELECT sum(held) FROM inventory_nights") == 48
    prices = await market.rows("SELECT DISTINCT room_type_id, price_minor FROM inventory_nights WHERE night < :d",
                               d=SOON + timedelta(days=30))  # fmt: skip
    assert len(prices) == 2  # the last change of each room type won on all its nights


async def test_a_hold_and_a_cut_at_once_never_oversell(market: Market, database: Database) -> None:
    """A manager takes the total down to what is free while a booking takes the last room: one of them is refused."""
    room_type_id = await market.room_type(await market.hotel(), rooms=1, nights=1)
    nights = NightRange(room_type_id, SOON, SOON)

    async def cut() -> bool:
        async with database.transaction() as session:
            return bool(await calendar.change(session, nights, EVERY_WEEKDAY, CalendarChange(total=0)))

    async def hold() -> bool:
        async with database.transaction() as session:
            result = await session.execute(
                text(
                    "UPDATE inventory_nights SET held = held + 1 WHERE room_type_id = :id AND total - held - sold >= 1"
                ),
                {"id": room_type_id},
            )
            return bool(result.rowcount)  # type: ignore[attr-defined]

    for _ in range(10):
        await market.set_nights(room_type_id, SOON, total=1, held=0)
        assert sorted(await asyncio.gather(cut(), hold())) == [False, True]


@pytest.mark.parametrize("columns", [{"held": -1}, {"sold": -1}, {"held": 3, "sold": 3}, {"total": -1}])
async def test_the_database_itself_refuses_to_oversell(market: Market, columns: dict[str, Any]) -> None:
    room_type_id: UUID = await market.room_type(await market.hotel(), rooms=5, nights=1)
    with pytest.raises(IntegrityError, match="not_oversold"):
        await market.set_nights(room_type_id, SOON, **columns)
