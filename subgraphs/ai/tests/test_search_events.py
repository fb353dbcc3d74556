"""Search knows hotels from their events, and where they lie among each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
import pytest
from alembic import command
from sqlalchemy import select, update

from shared.db import Database, new_id
from shared.db.migrate import migrations_config
from shared.messaging import EventEnvelope, Reject
from shared.testing.plugin import DomainDatabase
from subgraphs.ai.models.search import DIMENSIONS, HotelText
from subgraphs.ai.search.events import HANDLERS
from subgraphs.ai.search.texts import amenity_words
from subgraphs.ai.search.vectors import nearest_hotels, vectors_of


def told(hotel_id: UUID, sequence: int, *, version: int = 1, **changes: Any) -> EventEnvelope:
    event_id = new_id()
    payload = {
        "hotel_id": hotel_id, "slug": "s", "name": "Pousada do Ouro", "kind": "POUSADA", "destination_id": uuid4(),
        "manager_id": None, "country_code": "BR", "latitude": 0.0, "longitude": 0.0, "time_zone": "America/Sao_Paulo",
        "currency": "BRL", "stars": None, "amenities": ["pool"], "description_pt": "Casarão", "description_en": None,
        "is_listed": True, **changes,
    }  # fmt: skip
    return EventEnvelope(
        id=event_id, type="hotel.updated", version=version, occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        aggregate_id=hotel_id, aggregate_sequence=sequence, correlation_id=event_id, causation_id=None,
        trace_context={}, payload=msgspec.Raw(msgspec.json.encode(payload)),
    )  # fmt: skip


async def tell(database: Database, *envelopes: EventEnvelope) -> None:
    for envelope in envelopes:
        async with database.transaction() as session:
            await HANDLERS[envelope.type](session, envelope)


async def hotel(database: Database, hotel_id: UUID) -> HotelText:
    async with database.read() as session:
        return (await session.scalars(select(HotelText).where(HotelText.hotel_id == hotel_id))).one()


async def place_at(database: Database, hotel_id: UUID, *numbers: float) -> None:
    vector = np.zeros(DIMENSIONS, dtype=np.float32)
    vector[: len(numbers)] = numbers
    async with database.transaction() as session:
        await session.execute(
            update(HotelText)
            .where(HotelText.hotel_id == hotel_id)
            .values(embedding=vector / np.linalg.norm(vector), embedding_model="test")
        )


async def test_an_older_event_never_overwrites_a_newer_one(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    hotel_id = uuid4()
    await tell(database, told(hotel_id, 3, name="New"), told(hotel_id, 2, name="Old"), told(hotel_id, 3, name="Again"))
    row = await hotel(database, hotel_id)
    assert (row.name, row.version) == ("New", 3)
    assert "piscina" in row.passage.lower()


async def test_an_event_from_before_the_place_is_understood(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    old, new = uuid4(), uuid4()
    await tell(database, told(old, 1), told(new, 1, place="Paraty"))
    assert ((await hotel(database, old)).place, (await hotel(database, new)).place) == ("", "Paraty")


@pytest.mark.parametrize("changes", [{"version": 2}, {"name": None}, {"destination_id": "'; DROP TABLE hotels"}])
async def test_what_cannot_be_understood_is_refused(domain_database: DomainDatabase, changes: dict[str, Any]) -> None:
    database = await domain_database("ai")
    with pytest.raises(Reject):
        await tell(database, told(uuid4(), 1, **changes))


async def test_sql_in_a_text_is_text(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    hotel_id = uuid4()
    await tell(database, told(hotel_id, 1, name="'); DROP TABLE hotels; --"))
    assert (await hotel(database, hotel_id)).name == "'); DROP TABLE hotels; --"


async def test_neighbours_are_listed_hotels_by_closeness(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    here, near, far, hidden, blank = (uuid4() for _ in range(5))
    await tell(database, *(told(one, 1, is_listed=one != hidden) for one in (here, near, far, hidden, blank)))
    for one, numbers in ((here, (1, 0)), (near, (1, 0.2)), (far, (0, 1)), (hidden, (1, 0))):
        await place_at(database, one, *numbers)
    async with database.read() as session:
        found = await nearest_hotels(session, here, 10)
        assert await nearest_hotels(session, blank, 10) == []
        known = await vectors_of(session, [here, blank])
    assert [one for one, _ in found] == [near, far]
    assert found[0][1] > found[1][1]
    assert list(known) == [here]


def test_an_unknown_amenity_is_read_as_words() -> None:
    assert amenity_words(["pool", "rooftop_deck"]) == "Piscina, Pool, rooftop deck"


async def test_the_migrations_make_what_the_models_describe(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda sync: command.check(migrations_config("ai", sync)))
