"""Batch loaders: what one operation needs of a kind is read in one query. Made anew for each operation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from redis.asyncio import Redis
from strawberry.dataloader import DataLoader

from shared.db import Database, ReadSession
from subgraphs.gamification.models import Badge, Lot, Progress, Traveler
from subgraphs.gamification.repository import activity, ledger, progress, travelers
from subgraphs.gamification.repository.ledger import Change
from subgraphs.gamification.rules.catalogue import Catalogue
from subgraphs.gamification.service import catalogue as rules
from subgraphs.gamification.service.boards import Board, Place, places_of

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
Query: TypeAlias = Callable[[ReadSession, Collection[KeyT]], Awaitable[Mapping[KeyT, ValueT]]]
"""Reads the values of many keys; a key without a value is missing from the answer."""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of a traveler's ledger, the newest entry first."""

    user_id: UUID
    before: int | None
    """Sequence of the last entry of the page before."""
    limit: int


class Loaders:
    """The loaders of one operation."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self.traveler: Final[DataLoader[UUID, Traveler | None]] = self._of(travelers.by_ids)
        self.progress: Final[DataLoader[UUID, Sequence[Progress] | None]] = self._of(progress.of_users)
        """By user."""
        self.badges: Final[DataLoader[UUID, Sequence[Badge] | None]] = self._of(progress.badges_of_users)
        """By user."""
        self.enrolments: Final[DataLoader[UUID, Mapping[UUID, datetime] | None]] = self._of(activity.enrolments_of)
        """By user: when they chose which missions."""
        self.entry: Final[DataLoader[UUID, Change | None]] = self._of(ledger.by_ids)
        self.history: Final[DataLoader[HistoryPage, Sequence[Change] | None]] = self._of(_histories)
        self.booking_lot: Final[DataLoader[UUID, Lot | None]] = self._of(ledger.of_bookings)
        """By booking."""
        self.place: Final[DataLoader[tuple[Board, UUID], tuple[Place, int] | None]] = DataLoader(load_fn=self._places)
        """By board and user: the place, and the size of the board."""
        self._rules: Final[DataLoader[None, Catalogue]] = DataLoader(load_fn=self._read_rules)

    async def catalogue(self) -> Catalogue:
        """The rules of the game, read once for the operation."""
        return await self._rules.load(None)

    async def _places(self, asked: Sequence[tuple[Board, UUID]]) -> list[tuple[Place, int] | None]:
        found = await places_of(self._redis, asked)
        return [found.get(each) for each in asked]

    async def _read_rules(self, keys: Sequence[None]) -> list[Catalogue]:
        async with self._database.read() as session:
            return [await rules.current(session)] * len(keys)

    def _of(self, query: Query[KeyT, ValueT]) -> DataLoader[KeyT, ValueT | None]:
        async def load(keys: Sequence[KeyT]) -> list[ValueT | None]:
            async with self._database.read() as session:
                found = await query(session, keys)
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)


async def _histories(session: ReadSession, asked: Collection[HistoryPage]) -> Mapping[HistoryPage, Sequence[Change]]:
    """Pages that begin alike, as those of many users in one operation do, are one question."""
    alike: defaultdict[tuple[int | None, int], list[HistoryPage]] = defaultdict(list)
    for page in asked:
        alike[page.before, page.limit].append(page)
    found: dict[HistoryPage, Sequence[Change]] = {}
    for (before, limit), pages in alike.items():
        changes = await ledger.pages(session, [page.user_id for page in pages], before, limit)
        found |= {page: changes.get(page.user_id, ()) for page in pages}
    return found
