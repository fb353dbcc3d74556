"""How good recommendations are: on a split by time, beside popularity.

The model knows what happened before a day; asked is which hotels travelers booked from that day on that they had never
booked before. A traveler's question says the month of the journey, to the model and to popularity by season alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from subgraphs.ai.learning.recommending.history import NOBODY, Catalogue, Floats, History
from subgraphs.ai.learning.recommending.model import RecommendationModel, Weights, varied
from subgraphs.ai.learning.recommending.taste import Taste, taste_of
from subgraphs.ai.learning.recommending.training import SEASON_ONLY, SHAPES, Shape, train

K: Final = 10
TEST_SHARE: Final = 0.2
"""Of all bookings: the latest ones are what is asked for."""
MAX_QUESTIONS: Final = 1_000
_SEED: Final = 7
_STEP: Final = 0.25
"""Between the blends that are tried."""

Scorer: TypeAlias = Callable[[Taste, int], Floats]


@dataclass(frozen=True, slots=True)
class Question:
    """A traveler at the split, and what they booked after it."""

    taste: Taste
    month: int
    """Of the first journey after the split, 1 to 12."""
    booked_before: frozenset[int]
    booked_after: frozenset[int]


@dataclass(frozen=True, slots=True)
class Result:
    """How one way to recommend did; each from 0 to 1."""

    name: str
    recall: float
    """Of the hotels booked after the split, the share among the first ten."""
    ndcg: float
    """The same, hotels further up counting more; 1 when all come first."""
    coverage: float
    """Share of all hotels that came up in anybody's first ten."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found."""

    results: Sequence[Result]
    weights: Weights
    """As chosen without a look at what is asked for."""
    question_count: int
    newcomer_count: int
    """Questions of travelers of whom nothing was known at the split."""
    hotel_count: int
    training_count: int
    split_day: int
    """The first day that is asked for, as ``date.fromordinal`` takes it."""


class TooLittleHistory(Exception):
    """There is nothing to evaluate with."""


def evaluate(catalogue: Catalogue, history: History) -> Evaluation:
    """Learn from the earlier part of a history, and measure on the later one.

    Raises:
        TooLittleHistory: nobody booked a new hotel after the split.
    """
    before, after, day = split(history)
    questions = questions_of(before, after)
    if not questions:
        raise TooLittleHistory("nobody booked another hotel in the latest fifth of the bookings")
    weights, shape = choose(catalogue, before)
    model = train(catalogue, before, weights, shape)
    return Evaluation(
        results=[measure(name, catalogue, scorer, questions) for name, scorer in _ways(model)],
        weights=weights,
        question_count=len(questions),
        newcomer_count=sum(question.taste.is_empty for question in questions),
        hotel_count=len(catalogue.hotels),
        training_count=len(before),
        split_day=day,
    )


def choose(catalogue: Catalogue, history: History) -> tuple[Weights, Shape]:
    """The blend and shape with the best nDCG on the latest part of ``history``; season alone for too little."""
    best, best_quality = (SEASON_ONLY, SHAPES[0]), -1.0
    before, after, _ = split(history)
    questions = questions_of(before, after)
    for shape in SHAPES if questions else ():
        model = train(catalogue, before, shape=shape)
        for weights in blends():
            answers = replace(model, weights=weights)
            quality = measure("", catalogue, lambda taste, month: answers.scores(taste, month).total, questions).ndcg  # noqa: B023  # used up before the next round
            if quality > best_quality + 1e-9:
                best, best_quality = (weights, shape), quality
    return best


def blends() -> Iterator[Weights]:
    """The blends that are tried, the simplest first."""
    steps = round(1 / _STEP)
    for collaborative, content in product(range(steps + 1), repeat=2):
        if collaborative + content <= steps:
            yield Weights(
                round(collaborative * _STEP, 3),
                round(content * _STEP, 3),
                round((steps - collaborative - content) * _STEP, 3),
            )


def split(history: History) -> tuple[History, History, int]:
    """A history before and from the day on which its latest fifth of bookings begins, and that day."""
    stays = history.day[~history.is_view]
    if not len(stays):
        return history, history.where(np.zeros(len(history), np.bool_)), 0
    day = int(np.sort(stays)[int(len(stays) * (1 - TEST_SHARE))])
    is_before = history.day < day
    return history.where(is_before), history.where(~is_before), day


def questions_of(before: History, after: History) -> list[Question]:
    """What travelers booked after the split that they had not booked before it."""
    known = _by_user(before)
    after = after.where(~after.is_view)
    questions = []
    for user, places in _by_user(after).items():
        earlier = known.get(user, [])
        stayed = frozenset(int(before.hotel[place]) for place in earlier if not before.is_view[place])
        new = frozenset(int(after.hotel[place]) for place in places) - stayed
        if new:
            taste = taste_of((int(before.hotel[place]), bool(before.is_view[place])) for place in earlier)
            questions.append(Question(taste, int(after.month[places[0]]) + 1, stayed, new))
    if len(questions) > MAX_QUESTIONS:
        chosen = np.random.default_rng(_SEED).choice(len(questions), MAX_QUESTIONS, replace=False)
        questions = [questions[place] for place in sorted(chosen.tolist())]
    return questions


def _by_user(history: History) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for place, user in enumerate(history.user.tolist()):
        if user != NOBODY:
            places.setdefault(user, []).append(place)
    return places


def measure(name: str, catalogue: Catalogue, scorer: Scorer, questions: Sequence[Question]) -> Result:
    """Ask all questions of one way to score hotels."""
    recalls, gains, shown = [], [], set[int]()
    discounts = 1 / np.log2(np.arange(2, K + 2))
    for question in questions:
        allowed: NDArray[np.bool_] = np.ones(len(catalogue.hotels), np.bool_)
        allowed[list(question.booked_before)] = False
        answer = varied(scorer(question.taste, question.month), catalogue.destinations, allowed, K)
        shown.update(answer)
        hits = np.array([hotel in question.booked_after for hotel in answer], np.float64)
        wanted = len(question.booked_after)
        recalls.append(hits.sum() / wanted)
        gains.append((hits * discounts[: len(hits)]).sum() / discounts[: min(wanted, K)].sum())
    return Result(
        name=name,
        recall=float(np.mean(recalls)),
        ndcg=float(np.mean(gains)),
        coverage=len(shown) / max(len(catalogue.hotels), 1),
    )


def _ways(model: RecommendationModel) -> Iterator[tuple[str, Scorer]]:
    nobody = taste_of([])
    yield "popularity", lambda _taste, _month: model.season(nobody, None)
    yield "popularity by season", lambda _taste, month: model.season(nobody, month)
    yield "season near where one looked", model.season
    yield "content alone", lambda taste, month: _or_season(model.content(taste), model, month)
    yield "collaborative alone", lambda taste, month: _or_season(model.collaborative(taste), model, month)
    yield "blend (what is served)", lambda taste, month: model.scores(taste, month).total


def _or_season(scores: Floats, model: RecommendationModel, month: int) -> Floats:
    """Newcomers are shown what is popular in the season, whatever the way."""
    return scores if scores.any() else model.season(taste_of([]), month)
