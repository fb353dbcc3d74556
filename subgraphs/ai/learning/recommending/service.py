"""Recommendations for a traveler, and hotels like a hotel."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from shared.db import ReadSession
from subgraphs.ai.learning.recommending import reading
from subgraphs.ai.learning.recommending.history import Floats
from subgraphs.ai.learning.recommending.model import RecommendationModel, Scored, varied
from subgraphs.ai.learning.recommending.reading import HotelName
from subgraphs.ai.learning.recommending.taste import Taste, taste_of

_SPARE: Final = 20
"""Hotels that are looked at beyond those wanted, since some are not listed any more."""
_GUESTS_SHARE: Final = 0.35
"""Of likeness between hotels: by their guests; the rest by their texts."""


class Reason(StrEnum):
    """Why a hotel is shown."""

    STAYED = "STAYED"
    SIMILAR = "SIMILAR"
    SAME_GUESTS = "SAME_GUESTS"
    SEASON = "SEASON"
    IDEA = "IDEA"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A hotel for a traveler, and why."""

    hotel_id: UUID
    score: float
    """Higher is better; comparable within one answer only."""
    reason: Reason
    place: str
    based_on: UUID | None = None
    """The hotel that the reason names."""
    based_on_name: str | None = None


async def recommend(
    session: ReadSession, model: RecommendationModel | None, user_id: UUID, first: int, month: int, now: datetime
) -> Sequence[Suggestion]:
    """Hotels for a traveler that they have not booked yet, the best first.

    Args:
        session: Two reads.
        model: In use; without one, what is popular in the season.
        user_id: The traveler.
        first: How many at most.
        month: Of the journey, 1 to 12.
        now: The present moment.
    """
    interests = await reading.interests_of(session, user_id, now)
    stayed = {hotel_id for hotel_id, is_view in interests if not is_view}
    if model is None or not model.catalogue.hotels:
        return await _popular(session, stayed, first, month)
    index = model.catalogue.index
    known = [(index[hotel_id], is_view) for hotel_id, is_view in interests if hotel_id in index]
    taste = taste_of(known)
    # Milliseconds for thousands of hotels, which others on this event loop need not wait for.
    scored = await asyncio.to_thread(model.scores, taste, month)
    allowed: NDArray[np.bool_] = np.ones(len(index), np.bool_)
    allowed[[index[hotel_id] for hotel_id in stayed if hotel_id in index]] = False
    chosen = varied(scored.total, model.catalogue.destinations, allowed, first + _SPARE)
    hotels = model.catalogue.hotels
    names = await reading.names_of(session, {hotels[place] for place in chosen} | {hotel for hotel, _ in interests})
    listed = [place for place in chosen if hotels[place] in names and names[hotels[place]].is_listed]
    stay_places = frozenset(place for place, is_view in known if not is_view)
    seasonal = model.in_season(month)
    return [_explained(model, scored, taste, stay_places, names, place, seasonal) for place in listed[:first]]


def _explained(
    model: RecommendationModel,
    scored: Scored,
    taste: Taste,
    stays: Collection[int],
    names: Mapping[UUID, HotelName],
    place: int,
    seasonal: Floats,
) -> Suggestion:
    """A hotel with the reason that weighed most."""
    hotel_id = model.catalogue.hotels[place]
    score, where = float(scored.total[place]), names[hotel_id].place
    personal = max(float(scored.collaborative[place]), float(scored.content[place]))
    if not taste.is_empty and personal > float(scored.season[place]):
        by_guests = scored.collaborative[place] >= scored.content[place]
        alike = (
            model.nearest_in_factors(place, taste.hotels)
            if by_guests
            else model.catalogue.vectors[taste.hotels] @ model.catalogue.vectors[place]
        )
        origin = int(taste.hotels[int(np.argmax(alike))])
        origin_id = model.catalogue.hotels[origin]
        if origin_id in names:
            reason = Reason.STAYED if by_guests and origin in stays else Reason.SIMILAR
            return Suggestion(hotel_id, score, reason, where, origin_id, names[origin_id].name)
    return Suggestion(hotel_id, score, Reason.SEASON if seasonal[place] > 0 else Reason.IDEA, where)


async def _popular(session: ReadSession, stayed: set[UUID], first: int, month: int) -> Sequence[Suggestion]:
    found = await reading.popular_in(session, month, first + len(stayed))
    chosen = [(hotel_id, count) for hotel_id, count in found if hotel_id not in stayed][:first]
    names = await reading.names_of(session, [hotel_id for hotel_id, _ in chosen])
    return [
        Suggestion(hotel_id, float(count), Reason.SEASON if count else Reason.IDEA, names[hotel_id].place)
        for hotel_id, count in chosen
        if hotel_id in names
    ]


async def similar(
    session: ReadSession, model: RecommendationModel | None, hotel_ids: Sequence[UUID], first: int
) -> Mapping[UUID, Sequence[Suggestion]]:
    """Hotels like each hotel, the most alike first: by their texts and, where a model knows, by their guests.

    Two reads whatever the number of hotels. A hotel of whom neither is known has none.
    """
    near = await reading.nearest_to_each(session, hotel_ids, first + _SPARE)
    scores = {hotel_id: _likeness(model, hotel_id, near.get(hotel_id, ()), first) for hotel_id in hotel_ids}
    wanted = {other for found in scores.values() for other in found} | set(hotel_ids)
    names = await reading.names_of(session, wanted)
    answer: dict[UUID, Sequence[Suggestion]] = {}
    for hotel_id, found in scores.items():
        best = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
        name = names[hotel_id].name if hotel_id in names else None
        answer[hotel_id] = [
            Suggestion(other, score, reason, names[other].place, hotel_id, name)
            for other, (score, reason) in best
            if other in names and names[other].is_listed and name is not None
        ][:first]
    return answer


def _likeness(
    model: RecommendationModel | None, hotel_id: UUID, near: Sequence[tuple[UUID, float]], first: int
) -> Mapping[UUID, tuple[float, Reason]]:
    texts = dict(near)
    guests: dict[UUID, float] = {}
    if model is not None and (own := model.catalogue.index.get(hotel_id)) is not None:
        others = np.delete(np.arange(len(model.catalogue.hotels)), own)
        cosines = model.nearest_in_factors(own, others)
        best = np.argsort(-cosines)[: first + _SPARE]
        guests = {model.catalogue.hotels[int(others[each])]: float(cosines[each]) for each in best if cosines[each] > 0}
    found: dict[UUID, tuple[float, Reason]] = {}
    for other in texts.keys() | guests.keys():
        by_text, by_guests = (1 - _GUESTS_SHARE) * texts.get(other, 0.0), _GUESTS_SHARE * guests.get(other, 0.0)
        found[other] = (by_text + by_guests, Reason.SIMILAR if other in texts else Reason.SAME_GUESTS)
    return found
