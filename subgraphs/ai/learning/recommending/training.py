"""Learn a recommendation model from a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from subgraphs.ai.learning.recommending.history import (
    NOBODY,
    STAY_WEIGHT,
    VIEW_WEIGHT,
    Catalogue,
    Floats,
    History,
)
from subgraphs.ai.learning.recommending.model import RecommendationModel, Weights
from subgraphs.ai.learning.recommending.taste import MAX_VIEWS

SEED: Final = 20_260_101
ITERATIONS: Final = 20
SEASON_ONLY: Final = Weights(collaborative=0.0, content=0.0, season=1.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """How finely alternating least squares looks, and how much it trusts what it sees."""

    factors: int
    alpha: float
    """Confidence that an interaction of weight one gives."""
    regularization: float


SHAPES: Final = (Shape(4, 2.0, 5.0), Shape(8, 1.0, 5.0), Shape(8, 4.0, 1.0), Shape(16, 4.0, 1.0), Shape(32, 8.0, 0.5))
"""From the coarsest, for little history, to the finest."""


def train(
    catalogue: Catalogue, history: History, weights: Weights = SEASON_ONLY, shape: Shape = SHAPES[0]
) -> RecommendationModel:
    """Learn from a history; the same history gives the same model.

    Args:
        catalogue: The hotels.
        history: What was booked and looked at; nothing later than what the model may know.
        weights: How to blend, see ``evaluation.choose``.
        shape: Of the collaborative part.
    """
    return RecommendationModel(
        catalogue=catalogue,
        factors=_factors(catalogue, history, shape),
        by_month=_by_month(catalogue, history),
        weights=weights,
        alpha=shape.alpha,
        regularization=shape.regularization,
    )


def _factors(catalogue: Catalogue, history: History, shape: Shape) -> Floats:
    is_person = history.user != NOBODY
    persons = history.where(is_person)
    if not len(persons) or len(catalogue.hotels) < 2:
        return np.zeros((len(catalogue.hotels), 1), np.float32)
    tastes = _weights(persons, len(catalogue.hotels))
    # One thread: the same numbers on every run, and no more than one core taken from who serves travelers meanwhile.
    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            factors=min(shape.factors, max(2, len(catalogue.hotels) // 2)),
            regularization=shape.regularization,
            alpha=shape.alpha,
            iterations=ITERATIONS,
            random_state=SEED,
            num_threads=1,
        )
        model.fit(tastes, show_progress=False)
    factors: Floats = np.nan_to_num(np.asarray(model.item_factors, np.float32))
    return factors


def _weights(history: History, hotel_count: int) -> sparse.csr_matrix:
    """How much each traveler's interest in each hotel counts."""
    shape = (history.user_count, hotel_count)

    def counted(chosen: History) -> sparse.csr_matrix:
        ones = np.ones(len(chosen), np.float32)
        return sparse.csr_matrix((ones, (chosen.user, chosen.hotel)), shape=shape)

    stays, views = counted(history.where(~history.is_view)), counted(history.where(history.is_view))
    views.data = np.minimum(views.data, MAX_VIEWS)
    return (STAY_WEIGHT * stays + VIEW_WEIGHT * views).tocsr()


def _by_month(catalogue: Catalogue, history: History) -> Floats:
    stays = history.where(~history.is_view)
    counts = np.bincount(stays.hotel * 12 + stays.month, minlength=12 * len(catalogue.hotels))
    return counts.reshape(-1, 12).astype(np.float32)
