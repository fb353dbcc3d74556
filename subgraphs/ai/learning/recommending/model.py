"""A learned model of what suits whom. It knows hotels and no travelers: a traveler's taste is worked out from their own

bookings and looks at the moment of asking ("folding in", Hu, Koren and Volinsky 2008, section 4). So a new booking
counts at once, a newcomer needs no retraining, and nothing of a deleted account is left in a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from subgraphs.ai.learning.archive import BrokenModel, pack, unpack
from subgraphs.ai.learning.recommending.history import Catalogue, Floats, Ints, unit
from subgraphs.ai.learning.recommending.taste import Taste

FORMAT: Final = 1
HOME_BOOST: Final = 4.0
"""How much more a hotel's popularity counts to a traveler all of whose interest was in its destination."""
NEIGHBOUR_MONTHS: Final = 0.5
"""What the months before and after count in the popularity of a season."""
VARIETY: Final = 0.85
"""What a hotel's score is worth for each hotel of the same destination that is shown before it."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How the three parts are blended; they add up to one."""

    collaborative: float
    content: float
    season: float


@dataclass(frozen=True, slots=True)
class Scored:
    """A score per hotel of the catalogue, and what it is made of."""

    total: Floats
    collaborative: Floats
    content: Floats
    season: Floats


@dataclass(frozen=True, slots=True)
class RecommendationModel:
    """What was learned from a history."""

    catalogue: Catalogue
    factors: Floats
    """One row per hotel: the item factors of alternating least squares."""
    by_month: Floats
    """Bookings by hotel and month of the first night, January first."""
    weights: Weights
    alpha: float
    """Confidence that an interaction of weight one gives."""
    regularization: float

    def scores(self, taste: Taste, month: int | None) -> Scored:
        """How well each hotel suits a traveler.

        Args:
            taste: Of the traveler.
            month: 1 to 12, of the journey; ``None`` for any.
        """
        collaborative = standard(self.collaborative(taste))
        content = standard(self.content(taste))
        season = standard(self.season(taste, month))
        # Of a newcomer nothing is known but when they travel.
        weights = Weights(0.0, 0.0, 1.0) if taste.is_empty else self.weights
        total = weights.collaborative * collaborative + weights.content * content + weights.season * season
        return Scored(
            total.astype(np.float32),
            weights.collaborative * collaborative,
            weights.content * content,
            weights.season * season,
        )

    def collaborative(self, taste: Taste) -> Floats:
        """By what travelers with a similar history booked; zeros when there is none."""
        if taste.is_empty or not self.factors.size:
            return np.zeros(len(self.factors), np.float32)
        own = self.factors[taste.hotels].astype(np.float64)
        confidence = self.alpha * taste.weights.astype(np.float64)
        width = self.factors.shape[1]
        gram = self.factors.T.astype(np.float64) @ self.factors + self.regularization * np.eye(width)
        normal = gram + (own.T * (confidence - 1)) @ own
        taste_factors = np.linalg.solve(normal, own.T @ confidence)
        scores: Floats = (self.factors @ taste_factors).astype(np.float32)
        return scores

    def content(self, taste: Taste) -> Floats:
        """By how near their texts are to those of the traveler's hotels; zeros when there are none."""
        vectors = self.catalogue.vectors
        if taste.is_empty or not vectors.size:
            return np.zeros(len(vectors), np.float32)
        profile = taste.weights @ vectors[taste.hotels]
        scores: Floats = (vectors @ profile).astype(np.float32)
        # A hotel without a vector is neither near nor far.
        is_known = vectors.any(axis=1)
        if is_known.any():
            scores[~is_known] = scores[is_known].mean()
        return scores

    def season(self, taste: Taste, month: int | None) -> Floats:
        """By bookings in the season, those near where the traveler looked before counting more."""
        counts = self.in_season(month)
        if not taste.is_empty:
            destinations = self.catalogue.destinations
            interest = np.bincount(
                destinations[taste.hotels], weights=taste.weights, minlength=int(destinations.max()) + 1
            )
            counts = counts * (1 + HOME_BOOST * interest[destinations] / taste.weights.sum())
        popularity: Floats = np.log1p(counts).astype(np.float32)
        return popularity

    def in_season(self, month: int | None) -> Floats:
        """Bookings per hotel in a month, those of the months beside it counting half; all for no month."""
        if month is None:
            whole: Floats = self.by_month.sum(axis=1)
            return whole
        here = month - 1
        beside = self.by_month[:, (here - 1) % 12] + self.by_month[:, (here + 1) % 12]
        counts: Floats = self.by_month[:, here] + NEIGHBOUR_MONTHS * beside
        return counts

    def nearest_in_factors(self, hotel: int, others: Ints) -> Floats:
        """How alike the guests of one hotel and of others are: the cosine of their factors, -1 to 1."""
        rows = unit(self.factors[np.append(others, hotel)])
        cosines: Floats = rows[:-1] @ rows[-1]
        return cosines

    def to_bytes(self) -> bytes:
        """To be kept."""
        return pack(
            {
                "format": np.array(FORMAT),
                "hotels": np.frombuffer(b"".join(each.bytes for each in self.catalogue.hotels), np.uint8),
                "destinations": self.catalogue.destinations,
                "vectors": self.catalogue.vectors.astype(np.float16),
                "factors": self.factors,
                "by_month": self.by_month,
                "weights": np.array([self.weights.collaborative, self.weights.content, self.weights.season]),
                "knobs": np.array([self.alpha, self.regularization]),
            }
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What :meth:`to_bytes` made. Raises :class:`BrokenModel`."""
        arrays = unpack(content)
        try:
            if int(arrays["format"]) != FORMAT:
                raise BrokenModel(f"format {arrays['format']}; this release knows {FORMAT}")
            raw = arrays["hotels"].tobytes()
            hotels = [UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)]
            vectors = unit(arrays["vectors"].astype(np.float32))
            model = cls(
                catalogue=Catalogue(hotels, arrays["destinations"].astype(np.int64), vectors),
                factors=arrays["factors"].astype(np.float32),
                by_month=arrays["by_month"].astype(np.float32),
                weights=Weights(*(float(weight) for weight in arrays["weights"])),
                alpha=float(arrays["knobs"][0]),
                regularization=float(arrays["knobs"][1]),
            )
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise BrokenModel(str(error)) from error
        shapes = {len(hotels), len(model.catalogue.destinations), len(vectors), len(model.factors), len(model.by_month)}
        if len(shapes) != 1 or model.by_month.shape[1:] != (12,):
            raise BrokenModel("its parts do not fit together")
        return model


def standard(scores: Floats) -> Floats:
    """Scores with mean zero and deviation one, so that parts of different scales can be added; zeros when all alike."""
    deviation = float(scores.std()) if scores.size else 0.0
    if deviation < 1e-9:
        return np.zeros_like(scores)
    scaled: Floats = ((scores - scores.mean()) / deviation).astype(np.float32)
    return scaled


def varied(scores: Floats, destinations: Ints, allowed: NDArray[np.bool_], first: int) -> list[int]:
    """The places of the best hotels, the best first, so that one destination does not fill the list.

    Each hotel's lead over the worst candidate shrinks with every hotel of its destination before it.
    """
    candidates = np.flatnonzero(allowed)
    if not len(candidates):
        return []
    # Twenty times as many as are wanted: a hotel further down would not come up whatever its destination.
    order = candidates[np.lexsort((candidates, -scores[candidates]))][: max(20 * first, 100)]
    lead = (scores[order] - scores[order].min() + 1e-6).astype(np.float64)
    where = destinations[order]
    chosen: list[int] = []
    for _ in range(min(first, len(order))):
        best = int(np.argmax(lead))
        chosen.append(int(order[best]))
        lead[best] = -1.0
        lead[(where == where[best]) & (lead > 0)] *= VARIETY
    return chosen
