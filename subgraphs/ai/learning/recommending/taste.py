"""What a traveler likes, as far as their bookings and looks tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from subgraphs.ai.learning.recommending.history import STAY_WEIGHT, VIEW_WEIGHT, Floats, Ints

MAX_VIEWS: Final = 5
"""Looks at one hotel by one traveler that count; more is an open window, not more interest."""


@dataclass(frozen=True, slots=True)
class Taste:
    """The hotels a traveler booked or looked at, by their places in the catalogue, and how much each counts."""

    hotels: Ints
    weights: Floats

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of the traveler."""
        return len(self.hotels) == 0


def taste_of(interactions: Iterable[tuple[int, bool]]) -> Taste:
    """The taste that follows from interactions: the place of the hotel, and whether it was only looked at."""
    stays: dict[int, int] = {}
    views: dict[int, int] = {}
    for hotel, is_view in interactions:
        counts = views if is_view else stays
        counts[hotel] = counts.get(hotel, 0) + 1
    places = sorted({*stays, *views})
    weights = [
        STAY_WEIGHT * stays.get(place, 0) + VIEW_WEIGHT * min(views.get(place, 0), MAX_VIEWS) for place in places
    ]
    return Taste(np.array(places, np.int64), np.array(weights, np.float32))
