"""Hotels by what somebody says that they want: closeness of meaning and words that stand there, in one ranking.

The two rankings are fused by their places alone, because their scores have no common measure: reciprocal rank fusion
(Cormack, Clarke, Büttcher: "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR
2009), with the paper's k = 60.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Float,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.sql.selectable import CTE

from shared.db import ReadSession
from subgraphs.ai.models.search import HotelText
from subgraphs.ai.search.embedder import Embedder, Vectors
from subgraphs.ai.search.texts import storable

LONGEST_TEXT: Final = 400
"""Characters of a question."""
MOST_WORDS: Final = 40
"""Of a question, that are looked up in texts."""
DEPTH: Final = 50
"""Places of each ranking that count, or as many as are asked for."""
K: Final = 60
"""How little the first places stand out."""

_WORD: Final = re.compile(r"[^\W_]+")


class QuestionRefused(ValueError):
    """The search cannot be done as it was asked; the message is for the caller."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field: Final = field


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants, and where."""

    text: str
    destination_id: UUID | None = None
    country_code: str | None = None
    """Two capital letters."""

    def __post_init__(self) -> None:
        if len(self.text) > LONGEST_TEXT:
            raise QuestionRefused(f"At most {LONGEST_TEXT} characters, not {len(self.text)}.", "text")
        if not storable(self.text).strip():
            raise QuestionRefused("Say in some words what kind of place you want.", "text")
        if self.country_code is not None and re.fullmatch("[A-Z]{2}", self.country_code) is None:
            raise QuestionRefused("A country code is two letters, such as BR.", "countryCode")


@dataclass(frozen=True, slots=True)
class Match:
    """A hotel that was found."""

    hotel_id: UUID
    score: float
    """From 0 to 1, where 1 is the first of every ranking that there was."""
    words: tuple[str, ...]
    """Those of the question that stand in the hotel's text, in some form."""
    is_near: bool
    """Whether its text is among the closest in meaning."""


async def find(session: ReadSession, embedder: Embedder, question: Question, limit: int) -> list[Match]:
    """Listed hotels, the best first: one query, and none for a vector that is remembered.

    Without a model, by their words alone.
    """
    text = " ".join(storable(question.text).split())
    embedded = await embedder.query(text)
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))[:MOST_WORDS]
    statement = _statement(question, words, embedded, max(limit, DEPTH)).limit(limit)
    rankings = 1 if embedded is None else 2
    return [
        Match(hotel_id, float(score) * (K + 1) / rankings, tuple(told or ()), near is not None)
        for hotel_id, score, told, near in await session.execute(statement)
    ]


def _statement(
    question: Question, words: Sequence[str], embedded: tuple[str, Vectors] | None, depth: int
) -> Select[Any]:
    terms = _terms(words)
    told = _by_words(question, terms, depth).cte("told")
    said = (
        select(func.array_agg(terms.c.word))
        .where(HotelText.search_vector.op("@@", is_comparison=True)(terms.c.query))
        .scalar_subquery()
        .label("words")
    )
    if embedded is None:
        score: SQLColumnExpression[float] = _share(told.c.place).label("score")
        nothing = literal(None).label("near")
        found = select(HotelText.hotel_id, score, said, nothing).join(told, told.c.hotel_id == HotelText.hotel_id)
    else:
        meant = _by_meaning(question, *embedded, depth).cte("meant")
        score = (_share(meant.c.place) + _share(told.c.place)).label("score")
        found = (
            select(HotelText.hotel_id, score, said, meant.c.place)
            .select_from(meant)
            .join(told, told.c.hotel_id == meant.c.hotel_id, full=True)
            .join(HotelText, HotelText.hotel_id == func.coalesce(meant.c.hotel_id, told.c.hotel_id))
        )
    return found.order_by(score.desc(), HotelText.hotel_id)


def _share(place: SQLColumnExpression[int]) -> SQLColumnExpression[float]:
    return func.coalesce(literal(1.0, Float) / (K + place), 0.0)


def _by_meaning(question: Question, model: str, vector: Vectors, depth: int) -> Select[Any]:
    """The closest in the model's space, by place."""
    distance = HotelText.embedding.cosine_distance(bindparam("vector", vector, type_=HotelText.embedding.type))
    nearest = (
        select(HotelText.hotel_id, distance.label("distance"))
        .where(*_fits(question), HotelText.embedding_model == model)
        .order_by(distance)
        .limit(depth)
        .subquery()
    )
    place = func.row_number().over(order_by=(nearest.c.distance, nearest.c.hotel_id)).label("place")
    return select(nearest.c.hotel_id, place)


def _by_words(question: Question, terms: CTE, depth: int) -> Select[Any]:
    """Those with any of the words, by place; words in the name count most."""
    # As text, because there is no aggregate of text search queries. Each is built of quoted lexemes by PostgreSQL.
    query = select(cast(func.string_agg(cast(terms.c.query, Text), " | "), TSQUERY)).scalar_subquery()
    rank = func.ts_rank(HotelText.search_vector, query)
    best = (
        select(HotelText.hotel_id, rank.label("rank"))
        .where(*_fits(question), HotelText.search_vector.op("@@", is_comparison=True)(query))
        .order_by(rank.desc(), HotelText.hotel_id)
        .limit(depth)
        .subquery()
    )
    place = func.row_number().over(order_by=(best.c.rank.desc(), best.c.hotel_id)).label("place")
    return select(best.c.hotel_id, place)


def _terms(words: Sequence[str]) -> CTE:
    """The words that mean something in both languages, each as what a Portuguese or an English text may hold of it.

    The texts are read in both, so "the" would be a rare word of the Portuguese reading and "de" of the English one.
    """
    word = func.unnest(cast(list(words), ARRAY(Text))).table_valued(column("word", Text), name="said").render_derived()
    plain = func.immutable_unaccent(word.c.word)
    portuguese, english = _reading("portuguese", plain), _reading("english", plain)
    is_telling = and_(
        *(func.numnode(reading) > 0 for reading in (portuguese, english, _reading("portuguese", word.c.word)))
    )
    both = cast(portuguese.op("||")(english), TSQUERY)
    return select(word.c.word, both.label("query")).where(is_telling).cte("terms")


def _reading(language: str, word: SQLColumnExpression[str]) -> SQLColumnExpression[Any]:
    return func.plainto_tsquery(cast(language, REGCONFIG), word)


def _fits(question: Question) -> list[SQLColumnExpression[bool]]:
    conditions: list[SQLColumnExpression[bool]] = [HotelText.is_listed]
    if question.destination_id is not None:
        conditions.append(HotelText.destination_id == question.destination_id)
    if question.country_code is not None:
        conditions.append(HotelText.country_code == question.country_code)
    return conditions
