"""The demo market: the same for the same seed, believable, and written once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

import pytest
import pytest_asyncio
from sqlalchemy import text

from reservei.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from reservei.market.demo.hotels import demo_hotels
from reservei.market.demo.market import SeedOptions, market_is_empty, seed_market
from reservei.market.demo.people import people
from reservei.market.demo.reviews import demo_reviews
from reservei.market.dice import Dice
from reservei.market.gazetteer import distance_km
from reservei.market.language import is_portuguese
from reservei.market.places import STATES, place, places
from reservei.tests.market.conftest import fetch, snapshot
from shared.db import Database, utc_now
from shared.testing.plugin import DomainDatabase
from subgraphs.hotels.amenities import AMENITIES
from subgraphs.users.passwords import PasswordHasher
from subgraphs.users.settings import UsersSettings

TODAY = utc_now().date() + timedelta(1)
SMALL = SeedOptions(hotels=55, users=40, days=60, seed=7, today=TODAY)


@pytest_asyncio.fixture(loop_scope="session")
async def users_db(domain_database: DomainDatabase) -> Database:
    return await domain_database("users")


def test_dice_fall_as_they_always_did() -> None:
    """These numbers are on every machine the same; when they change, every seed gives another market."""
    dice = Dice("hotel", 42, 0)
    assert [dice.integer(1, 100) for _ in range(8)] == [52, 64, 92, 87, 33, 69, 72, 24]
    assert Dice("x").weighted(["never", "always"], [0, 1]) == "always"
    assert sorted(Dice("x").sample(range(5), 9)) == [0, 1, 2, 3, 4]


def test_the_same_seed_gives_the_same_market() -> None:
    assert list(demo_hotels(42, 30)) == list(demo_hotels(42, 30))
    assert people(42, 30, TODAY) == people(42, 30, TODAY)
    authors = people(42, 30, TODAY)
    [hotel] = demo_hotels(42, 1)
    assert demo_reviews(42, hotel, authors, TODAY) == demo_reviews(42, hotel, authors, TODAY)


def test_another_seed_gives_another_market() -> None:
    ours = {hotel.draft.hotel.name for hotel in demo_hotels(42, 30)}
    theirs = {hotel.draft.hotel.name for hotel in demo_hotels(43, 30)}
    assert len(ours & theirs) < 10


def test_a_larger_market_begins_with_the_smaller_one() -> None:
    assert list(islice(demo_hotels(42, 60), 30)) == list(demo_hotels(42, 30))
    assert people(42, 60, TODAY)[:30] == people(42, 30, TODAY)


def test_places_are_where_they_say() -> None:
    for known in places():
        destination = known.destination()
        assert known.state in STATES
        for area, (latitude, longitude) in known.areas.items():
            distance = distance_km(latitude, longitude, destination.latitude, destination.longitude)
            assert distance < 45, f"{area} is {distance:.0f} km from {known.name}"


def test_hotels_are_believable() -> None:
    hotels = list(demo_hotels(42, 400))
    by_place: dict[str, set[str]] = {}
    for hotel in hotels:
        row = hotel.draft.hotel
        town = hotel.draft.destination
        assert distance_km(row.latitude, row.longitude, town.latitude, town.longitude) < 46
        assert set(row.amenities) <= set(AMENITIES)
        assert 2 <= len(hotel.draft.rooms) <= 4
        assert all(3_000 <= room.base_price_minor <= 1_000_000 for room in hotel.draft.rooms)
        assert row.description_pt is not None
        assert is_portuguese(row.description_pt)
        assert row.description_en is not None
        assert not is_portuguese(row.description_en)
        assert "{" not in row.description_pt + row.description_en + row.name
        assert row.name not in by_place.setdefault(town.name, set())
        by_place[town.name].add(row.name)
    assert len(by_place) > 80
    assert len(by_place["Rio de Janeiro"]) > 10
    stars = {hotel.draft.hotel.stars for hotel in hotels}
    assert stars == {None, 2, 3, 4, 5}


def test_better_hotels_have_better_ratings_and_words_follow_the_rating() -> None:
    authors = people(42, 300, TODAY)
    hotels = sorted(demo_hotels(42, 60), key=lambda hotel: hotel.quality)
    reviews = [[review.row for review in demo_reviews(42, hotel, authors, TODAY)] for hotel in hotels]

    def average(half: list[list[object]]) -> float:
        ratings = [row.rating_tenths for rows in half for row in rows]  # type: ignore[attr-defined]
        return sum(ratings) / len(ratings)

    assert average(reviews[:20]) + 8 < average(reviews[-20:])
    every = [row for rows in reviews for row in rows]
    recommend = [row.rating_tenths for row in every if row.body and "Não recomendo" in row.body]
    assert recommend
    assert max(recommend) <= 60
    assert {row.locale for row in every} == {"pt-BR", "en"}
    assert all(is_portuguese(row.body or "") == (row.locale == "pt-BR") for row in every if len(row.body or "") > 120)
    assert len({row.body for row in every}) > 0.97 * len(every)


def test_nobody_reviews_a_hotel_twice_or_before_joining_or_tomorrow() -> None:
    authors = people(42, 100, TODAY)
    joined = {person.id: person.member_since for person in authors}
    for hotel in demo_hotels(42, 20):
        rows = [review.row for review in demo_reviews(42, hotel, authors, TODAY)]
        assert len({row.author_id for row in rows}) == len(rows)
        for row in rows:
            assert row.author_id is not None
            assert joined[row.author_id].date() < row.created_at.date() < TODAY


async def test_seeding_fills_both_domains(hotels_db: Database, users_db: Database) -> None:
    assert await market_is_empty(hotels_db)
    progress: list[tuple[int, int]] = []
    result = await seed_market(users_db, hotels_db, SMALL, lambda *call: progress.append(call))

    assert (result.hotels_new, result.hotels_known) == (55, 0)
    assert (result.users_new, result.users_known) == (40 + len(DEMO_ACCOUNTS), 0)
    assert result.nights == 60 * result.room_types
    assert progress[-1] == (55, 55)
    assert not await market_is_empty(hotels_db)

    accounts = {row.email: row for row in await fetch(users_db, "SELECT id, email, roles, password_hash FROM users")}
    hasher = PasswordHasher(UsersSettings())
    for account in DEMO_ACCOUNTS:
        assert set(accounts[account.email].roles) == set(account.roles)
        assert await hasher.verify(accounts[account.email].password_hash, DEMO_PASSWORD)
    stranger = next(row for email, row in accounts.items() if email.endswith("@example.com"))
    assert not await hasher.verify(stranger.password_hash, DEMO_PASSWORD)
    hasher.close()

    rows = await fetch(hotels_db, "SELECT manager_id, count(*) AS hotels FROM hotels GROUP BY 1")
    managers = {row.manager_id: row.hotels for row in rows}
    demo_manager = next(a for a in DEMO_ACCOUNTS if a.label == "hotel manager")
    assert managers[accounts[demo_manager.email].id] == 2
    assert None in managers
    known = {row.id for row in accounts.values()}
    assert set(managers) - {None} <= known
    authors = await fetch(hotels_db, "SELECT DISTINCT author_id FROM reviews")
    assert {row.author_id for row in authors} <= known

    [nights] = await fetch(
        hotels_db,
        """SELECT count(*) FILTER (WHERE sold = total) AS full,
                  count(*) FILTER (WHERE sold BETWEEN 1 AND total - 1) AS some,
                  count(*) AS every, min(night) AS first, max(night) AS last
           FROM inventory_nights""",
    )
    assert 0.02 < nights.full / nights.every < 0.2
    assert nights.some > 0
    assert (nights.first, nights.last) == (TODAY, TODAY + timedelta(59))
    [hotels] = await fetch(
        hotels_db,
        """SELECT count(*) FILTER (WHERE from_price_minor IS NULL) AS unpriced,
                  count(*) FILTER (WHERE rating_count = 0) AS unrated FROM hotels""",
    )
    assert tuple(hotels) == (0, 0)


async def test_seeding_again_changes_nothing_even_on_another_day(hotels_db: Database, users_db: Database) -> None:
    await seed_market(users_db, hotels_db, SMALL)
    before = await snapshot(hotels_db), await fetch(users_db, "SELECT * FROM users ORDER BY id")
    again = await seed_market(users_db, hotels_db, replace(SMALL, today=TODAY + timedelta(3)))
    assert (again.hotels_new, again.hotels_known, again.users_new, again.reviews) == (0, 55, 0, 0)
    assert (await snapshot(hotels_db), await fetch(users_db, "SELECT * FROM users ORDER BY id")) == before


_USERS = """
    SELECT id, email, display_name, roles, created_at FROM users WHERE email LIKE '%example.com' ORDER BY id
"""
_NIGHTS = """
    SELECT h.slug, h.name, h.address, h.latitude, h.rating_sum, h.rating_count, r.code, i.night, i.price_minor, i.total,
           i.sold, i.min_stay
    FROM hotels h JOIN room_types r ON r.hotel_id = h.id JOIN inventory_nights i ON i.room_type_id = r.id
    ORDER BY h.slug, r.code, i.night
"""
_REVIEWS = "SELECT source_id, author_id, rating_tenths, title, body, created_at FROM reviews ORDER BY source_id"


async def test_the_same_seed_on_empty_databases_gives_the_same_rows(hotels_db: Database, users_db: Database) -> None:
    runs = []
    for _ in range(2):
        for database, tables in ((users_db, "users, outbox"), (hotels_db, "hotels, destinations, outbox")):
            async with database.transaction() as session:
                await session.execute(text(f"TRUNCATE {tables} CASCADE"))
        await seed_market(users_db, hotels_db, replace(SMALL, hotels=12))
        found = [await fetch(users_db, _USERS), await fetch(hotels_db, _NIGHTS), await fetch(hotels_db, _REVIEWS)]
        runs.append(found)
    assert runs[0] == runs[1]
    assert len(runs[0][1]) >= 12 * 2 * 60


async def test_a_market_can_grow(hotels_db: Database, users_db: Database) -> None:
    await seed_market(users_db, hotels_db, replace(SMALL, hotels=5))
    grown = await seed_market(users_db, hotels_db, replace(SMALL, hotels=8, users=60))
    assert (grown.hotels_new, grown.hotels_known, grown.users_new) == (3, 5, 20)


async def test_what_a_manager_changed_stays(hotels_db: Database, users_db: Database) -> None:
    await seed_market(users_db, hotels_db, replace(SMALL, hotels=3))
    async with hotels_db.transaction() as session:
        await session.execute(text("UPDATE hotels SET name = 'Renamed by its manager'"))
    await seed_market(users_db, hotels_db, replace(SMALL, hotels=3))
    assert {row.name for row in await fetch(hotels_db, "SELECT name FROM hotels")} == {"Renamed by its manager"}


def test_today_is_given_and_never_read_from_the_clock() -> None:
    past = date(2024, 2, 29)
    rows = [review.row for hotel in demo_hotels(1, 5) for review in demo_reviews(1, hotel, people(1, 50, past), past)]
    assert max(row.created_at.date() for row in rows) < past


def test_a_place_that_is_not_listed_is_an_error() -> None:
    with pytest.raises(KeyError):
        place("Atlântida", "RJ")
