"""Batch loaders: what one operation needs of a kind is read in one query. Made anew for each operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from shared.db import Database, ReadSession
from subgraphs.notifications.kinds import Channel, Kind
from subgraphs.notifications.models import (
    Contact,
    DeliveryAttempt,
    Notification,
    PushSubscription,
    RecipientSettings,
)
from subgraphs.notifications.repository import contacts, deliveries, notifications, preferences
from subgraphs.notifications.repository.notifications import NotificationPage

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")
Query: TypeAlias = Callable[[ReadSession, Collection[KeyT]], Awaitable[Mapping[KeyT, ValueT]]]
"""Reads the values of many keys; a key without a value is missing from the answer."""


class Loaders:
    """The loaders of one operation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.notification: Final[DataLoader[UUID, Notification | None]] = self._of(notifications.by_ids)
        self.page: Final[DataLoader[NotificationPage, Sequence[Notification] | None]] = self._of(notifications.pages)
        self.unread_count: Final[DataLoader[UUID, int | None]] = self._of(notifications.unread_counts)
        self.choices: Final[DataLoader[UUID, dict[tuple[Kind, Channel], bool] | None]] = self._of(
            preferences.choices_of
        )
        self.settings: Final[DataLoader[UUID, RecipientSettings | None]] = self._of(preferences.settings_of)
        self.subscriptions: Final[DataLoader[UUID, Sequence[PushSubscription] | None]] = self._of(
            preferences.subscriptions_of
        )
        self.contact: Final[DataLoader[UUID, Contact | None]] = self._of(contacts.by_ids)
        self.attempts: Final[DataLoader[UUID, Sequence[DeliveryAttempt] | None]] = self._of(deliveries.attempts_of)

    def _of(self, query: Query[KeyT, ValueT]) -> DataLoader[KeyT, ValueT | None]:
        async def load(keys: Sequence[KeyT]) -> list[ValueT | None]:
            async with self._database.read() as session:
                found = await query(session, keys)
            return [found.get(key) for key in keys]

        return DataLoader(load_fn=load)
