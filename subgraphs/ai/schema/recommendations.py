"""Hotels that are recommended, and why."""

# mypy: disallow-untyped-decorators=False

from collections.abc import Sequence
from enum import Enum
from typing import Self
from uuid import UUID
from weakref import WeakKeyDictionary

import strawberry
from strawberry.dataloader import DataLoader

from shared.graphql import Locale
from subgraphs.ai.learning.recommending import service
from subgraphs.ai.learning.recommending.service import Suggestion
from subgraphs.ai.learning.shelf import recommendation_shelf
from subgraphs.ai.learning.words import reason_in_words
from subgraphs.ai.resources import AiContext
from subgraphs.ai.schema.hotel import First, Hotel

__all__ = ["First", "RecommendationReason", "RecommendedHotel", "similar_hotels"]


@strawberry.enum(description="Why a hotel is recommended.")
class RecommendationReason(Enum):
    """Kinds of reasons."""

    STAYED = strawberry.enum_value("STAYED", description="Travelers with a stay like yours also booked it.")
    SIMILAR = strawberry.enum_value("SIMILAR", description="It is like another hotel.")
    SAME_GUESTS = strawberry.enum_value("SAME_GUESTS", description="Guests of another hotel also stay there.")
    SEASON = strawberry.enum_value("SEASON", description="Many book it for that month.")
    IDEA = strawberry.enum_value("IDEA", description="Nothing is known yet that speaks for another one.")


@strawberry.type(description="A hotel that is recommended, and why.")
class RecommendedHotel:
    """A recommendation."""

    hotel: Hotel = strawberry.field(description="The hotel.")
    score: float = strawberry.field(description="Higher is better; to be compared within one list only.")
    reason: str = strawberry.field(description="Why, in words in the caller's language.")
    reason_kind: RecommendationReason = strawberry.field(description="Why, for programs.")
    based_on: Hotel | None = strawberry.field(description="The hotel that the reason names, if any.")

    @classmethod
    def of(cls, suggestion: Suggestion, month: int, language: Locale) -> Self:
        """The recommendation for a journey in ``month``, 1 to 12."""
        origin = suggestion.based_on
        return cls(
            hotel=Hotel(hotel_id=suggestion.hotel_id),
            score=suggestion.score,
            reason=reason_in_words(suggestion, month, language),
            reason_kind=RecommendationReason(suggestion.reason.value),
            based_on=None if origin is None else Hotel(hotel_id=origin),
        )


_loaders: WeakKeyDictionary[AiContext, DataLoader[tuple[UUID, int], Sequence[Suggestion]]] = WeakKeyDictionary()


def similar_hotels(context: AiContext) -> DataLoader[tuple[UUID, int], Sequence[Suggestion]]:
    """The operation's loader of similar hotels, by hotel and how many are wanted: two queries a batch."""

    async def load(keys: list[tuple[UUID, int]]) -> list[Sequence[Suggestion]]:
        most = max(first for _, first in keys)
        ids = list(dict.fromkeys(hotel_id for hotel_id, _ in keys))
        model = await recommendation_shelf(context.database).current()
        async with context.database.read() as session:
            found = await service.similar(session, model, ids, most)
        return [found[hotel_id][:first] for hotel_id, first in keys]

    loader = _loaders.get(context)
    if loader is None:
        loader = DataLoader(load_fn=load)
        _loaders[context] = loader
    return loader
