"""Writes the demo market: people first, then hotels in chunks, each chunk with all that belongs to it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from reservei.demo_accounts import DEMO_ACCOUNTS, DEMO_PASSWORD
from reservei.market.demo.hotels import SEED_SOURCE, DemoHotel, demo_hotels
from reservei.market.demo.people import Person, people
from reservei.market.demo.reviews import demo_reviews
from reservei.market.dice import Dice
from reservei.market.hotels import Calendar, HotelsWritten, write_hotels
from shared.auth import Role
from shared.db import Database, WriteSession
from subgraphs.hotels.importing import upsert_reviews
from subgraphs.hotels.importing.lookup import has_hotels, hotel_ids
from subgraphs.hotels.importing.sales import SoldRow, record_sold_nights
from subgraphs.users.identity import email_key
from subgraphs.users.passwords import PasswordHasher
from subgraphs.users.service.importing import ImportedUser, import_users
from subgraphs.users.settings import UsersSettings

OnProgress = Callable[[int, int], None]
"""Called with the hotels done and all hotels."""

_CHUNK: Final = 40
"""Hotels in a transaction: some 60,000 nights, two seconds of work."""

_DEMO_MANAGER_EVERY: Final = 50
"""The demo manager runs every so-manieth hotel, beginning with the first: 8 of 400."""

_MANAGED_PERCENT: Final = 75
"""Of the other hotels, as many belong to a manager of the market; the rest only administrators can change."""


@dataclass(frozen=True, slots=True)
class SeedOptions:
    """How large a market, and which."""

    hotels: int = 400
    users: int = 500
    days: int = 548
    """Nights on sale from ``today`` on."""
    seed: int = 42
    today: date = date.min


@dataclass(slots=True)
class SeedResult:
    """What was added, and what was there already."""

    users_new: int = 0
    users_known: int = 0
    hotels_new: int = 0
    hotels_known: int = 0
    room_types: int = 0
    nights: int = 0
    reviews: int = 0
    coupons_new: int = 0


async def market_is_empty(hotels: Database) -> bool:
    """Whether there is not a single hotel yet."""
    async with hotels.read() as session:
        return not await has_hotels(session)


async def seed_market(
    users: Database, hotels: Database, options: SeedOptions, on_progress: OnProgress = lambda _done, _all: None
) -> SeedResult:
    """Add what is missing of the market ``options.seed``; hotels and users that exist stay as they are.

    The same seed and ``today`` on empty databases give the same market, but for primary keys of the hotels domain and
    password hashes. A market of more hotels begins with the hotels of a smaller one.
    """
    result = SeedResult()
    population = people(options.seed, options.users, options.today)
    ids = await _write_people(users, population, result)
    staff = _Staff(
        demo_manager=ids[_address_of(Role.HOTEL_MANAGER)],
        managers=[ids[email_key(person.email)] for person in population if person.is_manager],
        authors=[replace(person, id=ids[email_key(person.email)]) for person in population if not person.is_manager],
    )
    done = 0
    for chunk in _chunks(demo_hotels(options.seed, options.hotels)):
        async with hotels.transaction() as session:
            await _write_chunk(session, chunk, staff, options, result)
        done += len(chunk)
        on_progress(done, options.hotels)
    return result


@dataclass(frozen=True, slots=True)
class _Staff:
    demo_manager: UUID
    managers: Sequence[UUID]
    authors: Sequence[Person]

    def manager_of(self, hotel: DemoHotel, seed: int) -> UUID | None:
        """Who runs ``hotel``: always the same person, as long as there are as many managers."""
        if hotel.number % _DEMO_MANAGER_EVERY == 0:
            return self.demo_manager
        dice = Dice("manager", seed, hotel.number)
        return dice.pick(self.managers) if self.managers and dice.chance(_MANAGED_PERCENT / 100) else None


async def _write_people(users: Database, population: Sequence[Person], result: SeedResult) -> dict[str, UUID]:
    hasher = PasswordHasher(UsersSettings())
    try:
        known_password = await hasher.hash(DEMO_PASSWORD)
        # Nobody knows it: the people of the market are there to be seen, not to sign in as.
        unknown_password = await hasher.hash(secrets.token_urlsafe(32))
    finally:
        hasher.close()
    rows = [
        ImportedUser(
            email=account.email,
            display_name=account.display_name,
            password_hash=known_password,
            roles=account.roles,
        )
        for account in DEMO_ACCOUNTS
    ]
    rows += [
        ImportedUser(
            email=person.email,
            display_name=person.display_name,
            password_hash=unknown_password,
            roles=frozenset({Role.TRAVELER, Role.HOTEL_MANAGER} if person.is_manager else {Role.TRAVELER}),
            locale=person.locale,
            member_since=person.member_since,
            id=person.id,
        )
        for person in population
    ]
    async with users.transaction() as session:
        report = await import_users(session, rows)
    result.users_new = report.created
    result.users_known = len(rows) - report.created
    return report.ids


async def _write_chunk(
    session: WriteSession, chunk: Sequence[DemoHotel], staff: _Staff, options: SeedOptions, result: SeedResult
) -> None:
    """Write the hotels of ``chunk`` that do not exist yet; all of a chunk is committed together, or nothing."""
    known = await hotel_ids(session, SEED_SOURCE, [hotel.draft.hotel.source_id for hotel in chunk])
    missing = [hotel for hotel in chunk if hotel.draft.hotel.source_id not in known]
    result.hotels_known += len(known)
    if not missing:
        return
    drafts = [
        replace(hotel.draft, hotel=replace(hotel.draft.hotel, manager_id=staff.manager_of(hotel, options.seed)))
        for hotel in missing
    ]
    written = await write_hotels(session, drafts, Calendar.starting(options.today, options.days))
    reviews = [
        replace(review.row, hotel_id=written.hotels.ids[review.hotel.draft.hotel.source_id])
        for hotel in missing
        for review in demo_reviews(options.seed, hotel, staff.authors, options.today)
    ]
    await upsert_reviews(session, reviews)
    await record_sold_nights(session, list(_sold_nights(missing, written, options)))
    result.hotels_new += written.hotels.inserted
    result.room_types += written.rooms.inserted
    result.nights += written.nights_added
    result.reviews += len(reviews)


def _sold_nights(hotels: Iterable[DemoHotel], written: HotelsWritten, options: SeedOptions) -> Iterator[SoldRow]:
    """Stays that are booked already: dense in the next weeks, sparse a year ahead, more where guests like to go."""
    for hotel in hotels:
        hotel_id = written.hotels.ids[hotel.draft.hotel.source_id]
        for room in hotel.draft.rooms:
            dice = Dice("sold", options.seed, hotel.number, room.code)
            day = 0
            while True:
                day += dice.integer(2, 9) + round((day / 14) * (1.5 - hotel.popularity))
                if day >= options.days:
                    break
                rooms = room.total_rooms if dice.chance(0.35) else dice.integer(1, max(1, room.total_rooms - 1))
                for _ in range(dice.integer(1, 4)):
                    if day < options.days:
                        night = options.today + timedelta(day)
                        yield SoldRow(room_type_id=written.rooms.ids[hotel_id, room.code], night=night, rooms=rooms)
                    day += 1


def _address_of(role: Role) -> str:
    return next(email_key(account.email) for account in DEMO_ACCOUNTS if role in account.roles)


def _chunks(hotels: Iterable[DemoHotel]) -> Iterator[list[DemoHotel]]:
    iterator = iter(hotels)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
