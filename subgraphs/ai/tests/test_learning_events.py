"""Bookings and deleted accounts become what learning is done from, once and in the right order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.contracts.users import UserDeleted
from shared.db import Database
from shared.messaging.consumer import Reject
from shared.testing.plugin import DomainDatabase
from subgraphs.ai.learning.events import HANDLERS
from subgraphs.ai.learning.stays import HotelView, add_views, import_bookings
from subgraphs.ai.models.learning import StayRow, ViewRow
from subgraphs.ai.tests.learning_world import NOON, booked, booking_event, envelope, known

ANA, HOTEL = known("ana"), known("hotel")


@pytest.fixture
async def database(domain_database: DomainDatabase) -> Database:
    """The AI database, empty."""
    return await domain_database("ai")


async def happens(database: Database, *events: object) -> None:
    """Handle events, each in a transaction of its own."""
    for event in events:
        topic = "booking.*" if event.type.startswith("booking.") else event.type  # type: ignore[attr-defined]
        async with database.transaction() as session:
            await HANDLERS[topic](session, event)  # type: ignore[arg-type]


async def stays(database: Database) -> list[StayRow]:
    async with database.read() as session:
        return list(await session.scalars(select(StayRow)))


async def test_a_booking_is_as_its_newest_event_says_in_whatever_order_they_come(database: Database) -> None:
    requested = booked(HOTEL, date(2026, 3, 10), user_id=ANA, state="PENDING", sequence=1, booked_at=NOON)
    cancelled = replace(requested, state="CANCELLED", sequence=4)
    refunded = replace(requested, state="CANCELLED", sequence=5)
    later = NOON + timedelta(hours=2)
    events = [
        booking_event(requested, type_="booking.requested"),
        booking_event(cancelled, type_="booking.cancelled", at=later),
        booking_event(refunded, type_="booking.refunded", at=later + timedelta(hours=1)),
    ]

    await happens(database, events[1], events[0], events[2], *events)

    (row,) = await stays(database)
    assert (row.state, row.sequence, row.booked_at, row.ended_at) == ("CANCELLED", 5, NOON, later)
    assert row.user_id == ANA


async def test_a_history_may_be_imported_again_and_beside_the_events(database: Database) -> None:
    rows = [booked(HOTEL, date(2026, 1, day), user_id=ANA) for day in range(1, 29)]
    newer = replace(rows[0], state="CANCELLED", sequence=9, ended_at=NOON)

    async def load() -> None:
        async with database.transaction() as session:
            await import_bookings(session, [*rows, newer])

    await asyncio.gather(*(load() for _ in range(4)))

    found = {row.booking_id: row for row in await stays(database)}
    assert len(found) == len(rows)
    assert found[newer.booking_id].state == "CANCELLED"


async def test_a_deleted_account_is_forgotten_and_stays_so(database: Database) -> None:
    mine, others = booked(HOTEL, date(2026, 1, 1), user_id=ANA), booked(HOTEL, date(2026, 1, 1), user_id=uuid4())
    view = HotelView(event_id=uuid4(), user_id=ANA, hotel_id=HOTEL, viewed_at=NOON)
    async with database.transaction() as session:
        await import_bookings(session, [mine, others])
        await add_views(session, [view])
    deleted = UserDeleted(user_id=ANA, at=NOON)

    late = replace(mine, sequence=7, state="NO_SHOW")
    await happens(database, envelope(UserDeleted.type, ANA, deleted), booking_event(late, type_="booking.no_show"))
    async with database.transaction() as session:
        await add_views(session, [replace(view, event_id=uuid4())])

    found = {row.booking_id: row for row in await stays(database)}
    assert found[mine.booking_id].user_id is None
    assert found[mine.booking_id].state == "NO_SHOW"
    assert found[others.booking_id].user_id == others.user_id
    async with database.read() as session:
        assert list(await session.scalars(select(ViewRow))) == []


async def test_an_account_that_is_deleted_while_its_booking_is_written_does_not_come_back(database: Database) -> None:
    stay = booked(HOTEL, date(2026, 1, 1), user_id=ANA)
    async with database.transaction() as session:
        await import_bookings(session, [stay])
        forgetting = asyncio.create_task(
            happens(database, envelope(UserDeleted.type, ANA, UserDeleted(user_id=ANA, at=NOON)))
        )
        done, _ = await asyncio.wait([forgetting], timeout=0.05)
        assert not done  # it waits for us
    await forgetting

    (row,) = await stays(database)
    assert row.user_id is None


async def test_what_is_no_booking_is_rejected(database: Database) -> None:
    with pytest.raises(Reject):
        await happens(database, envelope("booking.confirmed", uuid4(), {"booking_id": "none"}))
