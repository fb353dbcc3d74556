"""Batch loaders of one operation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from subgraphs.analytics.service.hotel_stats import StatsKey, hotel_stats
from subgraphs.analytics.service.questions import managed_hotels
from subgraphs.analytics.service.reports.figures import Figures
from subgraphs.analytics.store import AnalyticsStore


class Loaders:
    """What an operation may ask many times, asked once."""

    def __init__(self, store: AnalyticsStore) -> None:
        async def stats(keys: Sequence[StatsKey]) -> list[Figures]:
            return await hotel_stats(store, keys)

        async def managed(managers: Sequence[UUID]) -> list[frozenset[UUID]]:  # one: the caller
            return [frozenset(await managed_hotels(store, manager_id)) for manager_id in managers]

        self.stats: DataLoader[StatsKey, Figures] = DataLoader(stats)
        self.managed: DataLoader[UUID, frozenset[UUID]] = DataLoader(managed)
