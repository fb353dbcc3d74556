"""The loop that embeds hotels whose text has changed.

Any number may run, in any processes: a hotel is claimed for a while by one of them, so that one that died leaves its
hotels to the others. What is written is guarded by the text that it is of: a text that changed meanwhile is embedded
again, and the vector of the old one is never taken for its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import or_, select, update

from shared.db import Database, WriteSession, utc_now
from shared.messaging.pauses import rest
from subgraphs.ai.models.search import HotelText
from subgraphs.ai.search.embedder import Embedder, Vectors

log = structlog.get_logger(__name__)

BATCH: Final = 8
"""Few, because a search in the same process waits for the model meanwhile."""
CLAIM: Final = timedelta(seconds=60)
"""Far longer than a batch takes."""
PAUSE_SECONDS: Final = 2.0
OUTDATED_AT_ONCE: Final = 200
"""Vectors of another model that one transaction gives up: each costs the vector index an entry."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text to embed."""

    hotel_id: UUID
    passage: str
    passage_hash: str


class EmbeddingLoop:
    """Embeds what is new, and everything again when the model is another one."""

    def __init__(self, database: Database, embedder: Embedder, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._embedder = embedder
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until ``stop`` is set. A database that is away is waited for; without a model nothing is done."""
        if await self._embedder.model_name() is None:
            await stop.wait()
            return
        is_current = False
        while not stop.is_set():
            try:
                if not is_current:
                    await self.give_up_other_models(stop)
                    is_current = True
                while await self.run_once() and not stop.is_set():
                    pass
            except Exception as error:  # the loop must outlive whatever the database or a bug throws at it
                log.warning("embedding failed, will try again", exc_info=error)
            await rest(stop, PAUSE_SECONDS)

    async def run_once(self) -> int:
        """Embed one batch, and say of how many hotels; 0 when nothing is left to claim, or without a model."""
        until = self._clock() + CLAIM
        async with self._database.transaction() as session:
            claimed = await claim(session, now=self._clock(), until=until)
        if not claimed:
            return 0
        embedded = await self._embedder.passages([one.passage for one in claimed])
        if embedded is None:
            return 0
        model, vectors = embedded
        async with self._database.transaction() as session:
            await write(session, claimed, model, vectors, until=until)
        return len(claimed)

    async def give_up_other_models(self, stop: asyncio.Event) -> None:
        """Let what another model embedded be embedded again; until then it is found by its words alone."""
        model = await self._embedder.model_name()
        outdated = (
            select(HotelText.hotel_id)
            .where(HotelText.embedding_model != model, HotelText.embedded_hash.is_not(None))
            .order_by(HotelText.hotel_id)
            .limit(OUTDATED_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        left = [UUID(int=0)]
        while left and not stop.is_set():
            async with self._database.transaction() as session:
                left = list(
                    await session.scalars(
                        update(HotelText)
                        .where(HotelText.hotel_id.in_(outdated))
                        .values(embedded_hash=None)
                        .returning(HotelText.hotel_id)
                        .execution_options(synchronize_session=False)
                    )
                )


async def claim(session: WriteSession, *, now: datetime, until: datetime, limit: int = BATCH) -> list[Claimed]:
    """Texts whose vector is missing or of an older text, now claimed until ``until``; none that another has claimed."""
    free = (
        select(HotelText.hotel_id)
        .where(
            HotelText.embedded_hash.is_distinct_from(HotelText.passage_hash),
            or_(HotelText.claimed_until.is_(None), HotelText.claimed_until < now),
        )
        .order_by(HotelText.claimed_until.asc().nulls_first(), HotelText.hotel_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await session.execute(
        update(HotelText)
        .where(HotelText.hotel_id.in_(free))
        .values(claimed_until=until)
        .returning(HotelText.hotel_id, HotelText.passage, HotelText.passage_hash)
        .execution_options(synchronize_session=False)
    )
    # In one order, so that two workers that write the same rows after a claim ran out cannot deadlock.
    return sorted((Claimed(*row) for row in rows), key=lambda one: one.hotel_id)


async def write(
    session: WriteSession, claimed: Sequence[Claimed], model: str, vectors: Vectors, *, until: datetime
) -> None:
    """Keep the vectors of texts that are still the same, and give the claims back."""
    for one, vector in zip(claimed, vectors, strict=True):
        await session.execute(
            update(HotelText)
            .where(HotelText.hotel_id == one.hotel_id, HotelText.passage_hash == one.passage_hash)
            .values(embedding=vector, embedded_hash=one.passage_hash, embedding_model=model)
            .execution_options(synchronize_session=False)
        )
        await session.execute(
            update(HotelText)
            .where(HotelText.hotel_id == one.hotel_id, HotelText.claimed_until == until)
            .values(claimed_until=None)
            .execution_options(synchronize_session=False)
        )
