"""A history with a structure that is known: travelers of three tastes, hotels of three kinds, seasons."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import numpy as np

from subgraphs.ai.learning.recommending.history import Catalogue, Interaction, catalogue_of
from subgraphs.ai.tests.learning_world import known

KINDS = 4
FIRST_DAY = date(2024, 1, 1)


def planted_catalogue(hotels: int = 80, *, with_vectors: bool = True) -> Catalogue:
    """Hotels of four kinds, ten to a destination; hotels of a kind have texts alike."""
    random = np.random.default_rng(11)
    centres = np.eye(KINDS, 8)
    return catalogue_of(
        [
            (
                known(f"hotel {number}"),
                known(f"destination {number // 10}"),
                centres[number % KINDS] + 0.3 * random.standard_normal(8) if with_vectors else None,
            )
            for number in range(hotels)
        ]
    )


def planted_history(catalogue: Catalogue, *, travelers: int = 300, days: int = 500, seed: int = 3) -> list[Interaction]:
    """Each traveler likes one kind, books mostly that, and prefers hotels in fashion in the season."""
    random = np.random.default_rng(seed)
    count = len(catalogue.hotels)
    kinds = np.arange(count) % KINDS
    charm = random.gamma(2.0, 0.5, count) + 0.2
    high_month = random.integers(1, 13, count)
    interactions: list[Interaction] = []
    for traveler in range(travelers):
        user_id = known(f"traveler {traveler}")
        taste = traveler % KINDS
        for _ in range(int(random.integers(2, 9))):
            booked = FIRST_DAY + timedelta(days=int(random.integers(0, days)))
            month = (booked + timedelta(days=30)).month
            chance = charm * np.where(kinds == taste, 12.0, 1.0) * np.where(high_month == month, 2.0, 1.0)
            hotel = int(random.choice(count, p=chance / chance.sum()))
            interactions.append(Interaction(user_id, catalogue.hotels[hotel], booked, month))
            if random.random() < 0.3:
                looked = int(random.choice(np.flatnonzero(kinds == taste)))
                view = Interaction(user_id, catalogue.hotels[looked], booked, month, is_view=True)
                interactions.append(view)
    return interactions


def of_kind(catalogue: Catalogue, kind: int) -> list[UUID]:
    """The hotels of a kind."""
    return [hotel_id for number, hotel_id in enumerate(catalogue.hotels) if number % KINDS == kind]
