"""Learn a recommendation model from the database, and put it into use."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from shared.db import Database
from subgraphs.ai.learning.recommending.evaluation import Evaluation, choose, evaluate
from subgraphs.ai.learning.recommending.history import Catalogue, History
from subgraphs.ai.learning.recommending.model import RecommendationModel
from subgraphs.ai.learning.recommending.reading import training_data
from subgraphs.ai.learning.recommending.training import train
from subgraphs.ai.learning.store import ModelKind, put_into_use


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made."""

    version: int
    hotel_count: int
    interaction_count: int
    traveler_count: int


async def train_recommendations(database: Database, now: datetime) -> Trained:
    """Learn from everything that is known, in a thread, and use what was learned from now on."""
    async with database.read() as session:
        catalogue, history = await training_data(session, now)
    model = await asyncio.to_thread(_learn, catalogue, history)
    metrics = {"hotels": len(catalogue.hotels), "interactions": len(history), "travelers": history.user_count}
    async with database.transaction() as session:
        version = await put_into_use(session, ModelKind.RECOMMENDATIONS, model.to_bytes(), metrics, now)
    return Trained(version, len(catalogue.hotels), len(history), history.user_count)


async def evaluate_recommendations(database: Database, now: datetime) -> Evaluation:
    """Measure on what is known, see ``evaluation.evaluate``. Changes nothing. Raises ``TooLittleHistory``."""
    async with database.read() as session:
        catalogue, history = await training_data(session, now)
    return await asyncio.to_thread(evaluate, catalogue, history)


def _learn(catalogue: Catalogue, history: History) -> RecommendationModel:
    weights, shape = choose(catalogue, history)
    return train(catalogue, history, weights, shape)
