"""Recommendations: better than popularity where there is something to learn, and there when nothing was learned."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import update

from shared.db import Database
from shared.testing import SubgraphClient, make_principal
from shared.testing.plugin import DomainDatabase, SubgraphClients
from subgraphs.ai.learning.archive import BrokenModel
from subgraphs.ai.learning.job import train_recommendations
from subgraphs.ai.learning.recommending.evaluation import evaluate, questions_of, split
from subgraphs.ai.learning.recommending.history import history_of
from subgraphs.ai.learning.recommending.model import RecommendationModel
from subgraphs.ai.learning.recommending.training import train
from subgraphs.ai.learning.shelf import ModelShelf
from subgraphs.ai.learning.stays import import_bookings
from subgraphs.ai.learning.store import ModelKind
from subgraphs.ai.models.learning import ModelRow
from subgraphs.ai.tests.learning_world import add_hotels, booked, hotel_row, known
from subgraphs.ai.tests.planted import planted_catalogue, planted_history

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = "... on User { recommendations(first: 5) { hotel { id } reason reasonKind } }"


@pytest.fixture
async def client(subgraph_client: SubgraphClients) -> SubgraphClient:
    """Asks the running AI subgraph."""
    return await subgraph_client("ai")


@pytest.fixture
async def database(domain_database: DomainDatabase) -> Database:
    """The AI database, empty."""
    return await domain_database("ai")


def test_on_a_planted_structure_the_blend_beats_popularity() -> None:
    catalogue = planted_catalogue()

    found = evaluate(catalogue, history_of(catalogue, planted_history(catalogue)))

    by_name = {each.name: each for each in found.results}
    blend, season = by_name["blend (what is served)"], by_name["popularity by season"]
    assert blend.recall > 1.3 * season.recall
    assert blend.ndcg > 1.3 * season.ndcg
    assert blend.coverage > season.coverage


def test_nothing_after_the_split_is_known_before_it() -> None:
    catalogue = planted_catalogue()
    before, after, day = split(history_of(catalogue, planted_history(catalogue)))

    assert before.day.max() < day <= after.day.min()
    for question in questions_of(before, after):
        assert not question.booked_before & question.booked_after


def test_the_same_history_gives_the_same_model_and_bytes_give_it_back() -> None:
    catalogue = planted_catalogue()
    history = history_of(catalogue, planted_history(catalogue))

    one, other = train(catalogue, history), train(catalogue, history)

    assert np.array_equal(one.factors, other.factors)
    assert np.array_equal(RecommendationModel.from_bytes(one.to_bytes()).factors, one.factors)
    with pytest.raises(BrokenModel):
        RecommendationModel.from_bytes(one.to_bytes()[:-200])


async def test_recommendations_are_for_the_traveler_alone_and_there_without_a_model(
    database: Database, client: SubgraphClient
) -> None:
    ana = make_principal()
    await add_hotels(
        database,
        hotel_row(known("a"), name="Pousada A", embedding=[1, 0]),
        hotel_row(known("b"), name="Pousada B", embedding=[0.9, 0.1]),
        hotel_row(known("hidden"), is_listed=False),
    )
    async with database.transaction() as session:
        await import_bookings(session, [booked(known("a"), date(2026, 1, 5), user_id=ana.user_id)])
    key = [{"__typename": "User", "id": str(ana.user_id)}]

    mine = await client.entities(ASKED, key, as_=ana)
    others = await client.entities(ASKED, key, as_=make_principal())
    nobodys = await client.entities(ASKED, key)

    assert [each["hotel"]["id"] for each in mine["data"]["_entities"][0]["recommendations"]] == [str(known("b"))]
    assert others["data"]["_entities"][0]["recommendations"] is None
    assert others["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert nobodys["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_similar_hotels_are_the_nearest_that_are_listed(database: Database, client: SubgraphClient) -> None:
    await add_hotels(
        database,
        hotel_row(known("a"), name="Pousada A", embedding=[1, 0]),
        hotel_row(known("near"), embedding=[0.9, 0.1]),
        hotel_row(known("far"), embedding=[0, 1]),
        hotel_row(known("hidden"), embedding=[1, 0], is_listed=False),
    )
    key = [{"__typename": "Hotel", "id": str(known("a"))}]

    found = await client.entities("... on Hotel { similar(first: 2) { hotel { id } reason } }", key)

    similar = found["data"]["_entities"][0]["similar"]
    assert [each["hotel"]["id"] for each in similar] == [str(known("near")), str(known("far"))]
    assert similar[0]["reason"] == "Parecido com Pousada A"


async def test_a_new_model_is_noticed_and_a_broken_one_is_not_used(database: Database) -> None:
    await add_hotels(database, *(hotel_row(known(name), embedding=[1, 0]) for name in "abc"))
    shelf = ModelShelf(database, ModelKind.RECOMMENDATIONS, RecommendationModel.from_bytes, poll_seconds=0)
    assert await shelf.current() is None

    await train_recommendations(database, NOW)
    model = await shelf.current()
    broken = await train_recommendations(database, NOW)
    async with database.transaction() as session:
        await session.execute(update(ModelRow).where(ModelRow.version == broken.version).values(content=b"nonsense"))

    assert model is not None
    assert await shelf.current() is model
