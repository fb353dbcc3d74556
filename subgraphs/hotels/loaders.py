"""Batch loaders: what one operation needs of a kind is read in one query. Made anew for each operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from shared.db import Database, ReadSession
from subgraphs.hotels.models import Destination, Hotel, InventoryNight, Photo, Review, RoomType
from subgraphs.hotels.repository import availability, calendar, destinations, hotels, reviews
from subgraphs.hotels.repository.availability import Offer
from subgraphs.hotels.repository.calendar import NightRange
from subgraphs.hotels.repository.hotels import ManagedPage
from subgraphs.hotels.repository.reviews import ReviewPage
from subgraphs.hotels.stays import Stay

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
Query: TypeAlias = Callable[[ReadSession, Collection[KeyT]], Awaitable[Mapping[KeyT, ValueT]]]
"""Reads the values of many keys; a key without a value is missing from the answer."""


class Loaders:
    """The loaders of one operation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.hotel: Final[DataLoader[UUID, Hotel | None]] = self._one(hotels.by_ids)
        self.hotel_by_slug: Final[DataLoader[str, Hotel | None]] = self._one(hotels.by_slugs)
        self.destination: Final[DataLoader[UUID, Destination | None]] = self._one(destinations.by_ids)
        self.destination_by_slug: Final[DataLoader[str, Destination | None]] = self._one(destinations.by_slugs)
        self.room_type: Final[DataLoader[UUID, RoomType | None]] = self._one(hotels.room_types_by_ids)
        self.room_type_by_code: Final[DataLoader[tuple[UUID, str], RoomType | None]] = self._one(
            hotels.room_types_by_codes
        )
        self.room_types: Final[DataLoader[UUID, Sequence[RoomType]]] = self._many(hotels.room_types_of)
        """Active room types by hotel."""
        self.photos: Final[DataLoader[UUID, Sequence[Photo]]] = self._many(hotels.photos_of)
        """Photos by hotel."""
        self.offers: Final[DataLoader[tuple[UUID, Stay], Sequence[Offer]]] = self._many(availability.offers)
        """Offers by hotel and stay."""
        self.review: Final[DataLoader[UUID, Review | None]] = self._one(reviews.by_ids)
        self.hotel_reviews: Final[DataLoader[ReviewPage, Sequence[Review]]] = self._many(reviews.of_hotels)
        self.author_reviews: Final[DataLoader[ReviewPage, Sequence[Review]]] = self._many(reviews.of_authors)
        self.managed_hotels: Final[DataLoader[ManagedPage, Sequence[Hotel]]] = self._many(hotels.managed_pages)
        self.nights: Final[DataLoader[NightRange, Sequence[InventoryNight]]] = self._many(calendar.nights_of)
        """Calendar nights by room type and range."""

    def _one(self, query: Query[KeyT, ValueT]) -> DataLoader[KeyT, ValueT | None]:
        async def load(keys: Sequence[KeyT]) -> list[ValueT | None]:
            async with self._database.read() as session:
                found = await query(session, keys)
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)

    def _many(self, query: Callable[[ReadSession, Collection[KeyT]], Awaitable[Mapping[KeyT, Sequence[ValueT]]]]
              ) -> DataLoader[KeyT, Sequence[ValueT]]:  # fmt: skip
        async def load(keys: Sequence[KeyT]) -> list[Sequence[ValueT]]:
            async with self._database.read() as session:
                found = await query(session, keys)
            return [found.get(key, ()) for key in keys]

        return DataLoader(load_fn=load)
