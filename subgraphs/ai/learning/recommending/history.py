"""Who booked or looked at which hotel when, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

STAY_WEIGHT: Final = 1.0
VIEW_WEIGHT: Final = 0.2
"""Of a look at a hotel, beside a booking of it."""
MAX_STAYS_OF_A_PERSON: Final = 400
"""Who booked more is an agency, or the one guest that another system's history came in with: no taste to learn from."""
NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Interaction:
    """A booking of a hotel, or a look at one."""

    user_id: UUID | None
    hotel_id: UUID
    on: date
    """When it was booked or looked at."""
    month: int
    """Of the first night, 1 to 12; of a look, the month of the look."""
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The hotels that can be recommended, in one order that all arrays share."""

    hotels: Sequence[UUID]
    destinations: Ints
    """A number per destination."""
    vectors: Floats
    """One row per hotel, of length one; zeros for a hotel without a vector. It may have no columns at all."""

    @property
    def index(self) -> Mapping[UUID, int]:
        """The place of each hotel."""
        return {hotel_id: place for place, hotel_id in enumerate(self.hotels)}


@dataclass(frozen=True, slots=True)
class History:
    """Interactions with the hotels of a catalogue, by day."""

    user: Ints
    """A number per traveler; ``NOBODY`` where no traveler is known."""
    hotel: Ints
    """Places in the catalogue."""
    day: Ints
    """Days since the year 1, as ``date.toordinal`` counts."""
    month: Ints
    """0 to 11."""
    is_view: NDArray[np.bool_]
    user_count: int

    def where(self, chosen: NDArray[np.bool_]) -> History:
        """A part of it; travelers keep their numbers."""
        return History(
            self.user[chosen],
            self.hotel[chosen],
            self.day[chosen],
            self.month[chosen],
            self.is_view[chosen],
            self.user_count,
        )

    def __len__(self) -> int:
        return len(self.user)


def catalogue_of(rows: Sequence[tuple[UUID, UUID, Any]]) -> Catalogue:
    """The catalogue of hotels given as id, destination and vector (``None`` for none)."""
    numbers: dict[UUID, int] = {}
    destinations = [numbers.setdefault(destination_id, len(numbers)) for _, destination_id, _ in rows]
    width = next((len(vector) for _, _, vector in rows if vector is not None), 0)
    vectors = np.zeros((len(rows), width), np.float32)
    for place, (_, _, vector) in enumerate(rows):
        if vector is not None:
            vectors[place] = vector
    return Catalogue([hotel_id for hotel_id, _, _ in rows], np.array(destinations, np.int64), unit(vectors))


def history_of(catalogue: Catalogue, interactions: Sequence[Interaction]) -> History:
    """The interactions with the catalogue's hotels, by day; those with other hotels are left out."""
    index = catalogue.index
    known = sorted(
        (each for each in interactions if each.hotel_id in index), key=lambda each: (each.on, each.hotel_id.int)
    )
    stays: dict[UUID, int] = {}
    for each in known:
        if each.user_id is not None and not each.is_view:
            stays[each.user_id] = stays.get(each.user_id, 0) + 1
    numbers: dict[UUID, int] = {}

    def number(user_id: UUID | None) -> int:
        if user_id is None or stays.get(user_id, 0) > MAX_STAYS_OF_A_PERSON:
            return NOBODY
        return numbers.setdefault(user_id, len(numbers))

    return History(
        user=np.array([number(each.user_id) for each in known], np.int64),
        hotel=np.array([index[each.hotel_id] for each in known], np.int64),
        day=np.array([each.on.toordinal() for each in known], np.int64),
        month=np.array([each.month - 1 for each in known], np.int64),
        is_view=np.array([each.is_view for each in known], np.bool_),
        user_count=len(numbers),
    )


def unit(vectors: Floats) -> Floats:
    """The rows at length one; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if vectors.size else np.ones((len(vectors), 1))
    scaled: Floats = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled
