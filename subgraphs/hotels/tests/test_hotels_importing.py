"""Bulk loading: a second import changes nothing, a third with changes changes just those."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from shared.db import Database
from subgraphs.hotels.amenities import UnknownAmenity
from subgraphs.hotels.importing import (
    CalendarPricing,
    DestinationRow,
    HotelRow,
    Peak,
    PhotoRow,
    ReviewRow,
    RoomTypeRow,
    UpsertResult,
    fill_calendar,
    upsert_destinations,
    upsert_hotels,
    upsert_reviews,
    upsert_room_types,
)
from subgraphs.hotels.tests.builders import SOON, Market

PLACE = DestinationRow(
    source="a", source_id="1", name="Gramado", region="Rio Grande do Sul", region_code="RS", country_code="BR",
    latitude=-29.4, longitude=-50.9, time_zone="America/Sao_Paulo",
)  # fmt: skip


def counts(result: UpsertResult[object]) -> tuple[int, int, int]:
    return result.inserted, result.updated, result.unchanged


async def test_hotels_come_in_once_and_change_only_when_they_changed(market: Market, database: Database) -> None:
    place = await market.destination("Gramado", region_code="RS")
    rows = [
        HotelRow(
            source="a", source_id=str(number), destination_id=place, name="Hotel Serra", address="Rua 1",
            latitude=-29.4, longitude=-50.9, photos=(PhotoRow(url="https://i.example/1"), PhotoRow(url="https://i.example/2")),
        )
        for number in range(3)
    ]  # fmt: skip
    manager = uuid4()
    async with database.transaction() as session:
        first = await upsert_hotels(session, rows)
    await market.execute("UPDATE hotels SET manager_id = :m", m=manager)
    async with database.transaction() as session:
        second = await upsert_hotels(session, rows)
    assert (counts(first), counts(second)) == ((3, 0, 0), (0, 0, 3))
    assert first.ids == second.ids
    slugs = await market.rows("SELECT slug FROM hotels ORDER BY length(slug), slug")
    assert slugs[0].slug == "hotel-serra-gramado"
    assert len({row.slug for row in slugs}) == 3
    elsewhere = await market.destination("Canela", region_code="RS")
    changed = replace(
        rows[1], name="Novo Nome", destination_id=elsewhere, photos=(PhotoRow(url="https://i.example/2"),)
    )
    async with database.transaction() as session:
        third = await upsert_hotels(session, [rows[0], changed, rows[2]])
    assert counts(third) == (0, 1, 2)
    (row,) = await market.rows("SELECT * FROM hotels WHERE source_id = '1'")
    assert (row.name, row.manager_id, row.place) == ("Novo Nome", manager, "Canela Rio de Janeiro")
    assert row.slug in {slug.slug for slug in slugs}
    assert [r.hotel_count for r in await market.rows("SELECT hotel_count FROM destinations ORDER BY name")] == [1, 2]
    assert await market.value("SELECT count(*) FROM photos") == 5
    topics = await market.rows("SELECT topic FROM outbox ORDER BY id")
    assert [row.topic for row in topics] == ["hotel.created"] * 3 + ["hotel.updated"]


async def test_a_destination_that_gets_another_name_is_found_by_it_with_its_hotels(
    market: Market, database: Database
) -> None:
    async with database.transaction() as session:
        place = (await upsert_destinations(session, [PLACE])).ids["1"]
    await market.hotel(destination=place)
    async with database.transaction() as session:
        again = await upsert_destinations(session, [PLACE])
        renamed = await upsert_destinations(session, [replace(PLACE, name="Gramado da Serra")])
    assert (counts(again), counts(renamed)) == ((0, 0, 1), (0, 1, 0))
    assert await market.value("SELECT place FROM hotels") == "Gramado da Serra Rio Grande do Sul"
    assert await market.value("SELECT slug FROM destinations") == "gramado-rs"


async def test_what_cannot_be_imported_says_why(market: Market, database: Database) -> None:
    place = await market.destination()
    good = HotelRow(source="a", source_id="1", destination_id=place, name="H", address="R", latitude=0.0, longitude=0.0)
    for rows, error, words in (
        ([good, good], ValueError, "the same row twice"),
        ([good, replace(good, source="b")], ValueError, "one source"),
        ([replace(good, destination_id=uuid4())], ValueError, "no destination"),
        ([replace(good, name="a\0b")], ValueError, "NUL"),
        ([replace(good, amenities=("helipad",))], UnknownAmenity, "helipad"),
    ):
        with pytest.raises(error, match=words):
            async with database.transaction() as session:
                await upsert_hotels(session, rows)
    assert await market.value("SELECT count(*) FROM hotels") == 0


async def test_a_calendar_is_filled_by_season_weekday_and_peak_and_never_overwritten(
    market: Market, database: Database
) -> None:
    hotel_id = await market.hotel()
    row = RoomTypeRow(hotel_id=hotel_id, code="A", max_guests=2, total_rooms=3, base_price_minor=10_000, name_pt="A")
    monday = date(2031, 6, 30)
    pricing = CalendarPricing(
        months=(100, 100, 100, 100, 100, 100, 200, 100, 100, 100, 100, 100),
        weekdays=(100, 100, 100, 100, 100, 150, 100),
        peaks=[
            Peak(first_night=monday + timedelta(days=6), until=monday + timedelta(days=8), percent=300, min_stay=4),
            Peak(first_night=monday + timedelta(days=7), until=monday + timedelta(days=8), percent=50),
        ],
    )
    async with database.transaction() as session:
        ids = list((await upsert_room_types(session, [row])).ids.values())
        assert await fill_calendar(session, ids, monday, monday + timedelta(days=8), pricing) == 8
    nights = await market.rows("SELECT price_minor, total, min_stay FROM inventory_nights ORDER BY night")
    assert [tuple(night) for night in nights] == [
        (10_000, 3, 1),  # Monday 30 June
        (20_000, 3, 1), (20_000, 3, 1), (20_000, 3, 1), (20_000, 3, 1),
        (30_000, 3, 1),  # Saturday 5 July
        (60_000, 3, 4), (60_000, 3, 4),  # the dearest peak counts
    ]  # fmt: skip
    assert await market.value("SELECT from_price_minor FROM hotels") == 10_000
    await market.set_nights(ids[0], monday, price_minor=5_000, sold=1)
    async with database.transaction() as session:
        assert await fill_calendar(session, ids, monday, monday + timedelta(days=10), pricing) == 2
        assert await fill_calendar(session, ids, monday, monday + timedelta(days=10), pricing) == 0
    (first,) = await market.rows("SELECT price_minor, sold FROM inventory_nights WHERE night = :d", d=monday)
    assert tuple(first) == (5_000, 1)
    assert await market.value("SELECT from_price_minor FROM hotels") == 5_000


async def test_jitter_is_bounded_and_always_the_same(market: Market, database: Database) -> None:
    room_type_id = await market.room_type(await market.hotel(), nights=0)
    pricing = CalendarPricing(jitter=10, round_to_minor=1)
    prices = []
    for _ in range(2):
        await market.execute("TRUNCATE inventory_nights")
        async with database.transaction() as session:
            await fill_calendar(session, [room_type_id], SOON, SOON + timedelta(days=60), pricing)
        prices.append(
            [row.price_minor for row in await market.rows("SELECT price_minor FROM inventory_nights ORDER BY night")]
        )
    assert prices[0] == prices[1]
    assert len(set(prices[0])) > 5
    assert 27_000 <= min(prices[0]) < max(prices[0]) <= 33_000


async def test_from_prices_look_ahead_from_the_hotels_own_today(market: Market) -> None:
    hotel_id = await market.hotel()
    long_ago = SOON - timedelta(days=100)
    room_type_id = await market.room_type(hotel_id, price=50_000, first=long_ago, nights=140)
    await market.set_nights(room_type_id, long_ago, price_minor=1_000)
    await market.room_type(hotel_id, price=70_000)
    assert await market.value("SELECT from_price_minor FROM hotels") == 50_000


async def test_reviews_come_in_once_and_the_rating_follows(market: Market, database: Database) -> None:
    own = await market.hotel("Ours")
    rated = await market.hotel("Rated elsewhere", source="a", external_rating_tenths=90, external_review_count=10)

    def rows(rating: int) -> list[ReviewRow]:
        return [
            ReviewRow(
                source="a", source_id=f"{hotel_id}{number}", hotel_id=hotel_id, rating_tenths=rating,
                created_at=datetime(2025, 1, 1, tzinfo=UTC), author_name="Ana",
            )
            for hotel_id in (own, rated)
            for number in range(2)
        ]  # fmt: skip

    results = []
    for rating in (60, 60, 70):
        async with database.transaction() as session:
            results.append(counts(await upsert_reviews(session, rows(rating))))
    assert results == [(4, 0, 0), (0, 0, 4), (0, 4, 0)]
    ratings = await market.rows("SELECT name, rating_sum, rating_count FROM hotels ORDER BY name")
    assert [tuple(row) for row in ratings] == [("Ours", 140, 2), ("Rated elsewhere", 900, 10)]
