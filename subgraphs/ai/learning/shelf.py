"""The learned model that a process uses: fetched when a newer one is in use, missed without harm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import structlog

from shared.db import Database
from subgraphs.ai.learning.archive import BrokenModel
from subgraphs.ai.learning.recommending.model import RecommendationModel
from subgraphs.ai.learning.store import ModelKind, current_version, model_in_use

log = structlog.get_logger(__name__)

ModelT = TypeVar("ModelT")
POLL_SECONDS: Final = 20.0
"""How long a process may use a model after another was put into use."""


class ModelShelf(Generic[ModelT]):
    """Holds the model of one kind. One instance serves a process."""

    def __init__(
        self,
        database: Database,
        kind: ModelKind,
        read: Callable[[bytes], ModelT],
        *,
        poll_seconds: float = POLL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Hold nothing yet.

        Args:
            database: Where models are.
            kind: Which.
            read: Makes a model of bytes; raises ``BrokenModel``.
            poll_seconds: How often to look for another version at most.
            clock: Seconds that only rise.
        """
        self._database = database
        self._kind = kind
        self._read = read
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._looking = asyncio.Lock()
        self._looked_at: float | None = None
        self._version: int | None = None
        self._model: ModelT | None = None

    async def current(self) -> ModelT | None:
        """The model in use; the one before when that is broken; ``None`` when there is none."""
        if not self._is_fresh():
            async with self._looking:
                if not self._is_fresh():
                    await self._look()
                    self._looked_at = self._clock()
        return self._model

    def _is_fresh(self) -> bool:
        return self._looked_at is not None and self._clock() - self._looked_at < self._poll_seconds

    async def _look(self) -> None:
        async with self._database.read() as session:
            version = await current_version(session, self._kind)
            if version == self._version:
                return
            stored = await model_in_use(session, self._kind)
        if stored is None:
            self._version, self._model = None, None
            return
        # Noted whatever comes of it, so that a broken model is complained of once and not at every look.
        self._version = stored.version
        try:
            # Megabytes to unpack: not on the event loop.
            self._model = await asyncio.to_thread(self._read, stored.content)
        except BrokenModel as error:
            log.error("learned model is broken", kind=self._kind, version=stored.version, error=str(error))  # noqa: TRY400  # a traceback of NumPy tells nobody anything


_shelves: WeakKeyDictionary[Database, ModelShelf[RecommendationModel]] = WeakKeyDictionary()


def recommendation_shelf(database: Database) -> ModelShelf[RecommendationModel]:
    """The one shelf of recommendation models that all operations of this process on a database share."""
    shelf = _shelves.get(database)
    if shelf is None:
        shelf = ModelShelf(database, ModelKind.RECOMMENDATIONS, RecommendationModel.from_bytes)
        _shelves[database] = shelf
    return shelf
