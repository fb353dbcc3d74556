"""Tells analytics and learning of what they were never told: bulk loads, and whatever is older than they are.

Bulk loads publish no events, because no other domain may send mail or count points for them. Read models want to know
of them all the same, and are told here, by the way of their own writing and not over the broker.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from reservei.domains import DOMAINS, prepare_databases
from shared.config import PlatformSettings
from shared.db import Database, domain_database_url
from shared.local.runtime import LocalRuntime
from shared.messaging import EventEnvelope
from subgraphs.ai.learning.events import stay_of
from subgraphs.ai.learning.stays import import_bookings
from subgraphs.analytics.ingest.rows import write_events
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.bookings.history import booking_count, published_history
from subgraphs.hotels.history import hotel_count, present_state

BLOCK: Final = 10_000
"""Events that are written into the store at a time: each block costs it as much as a thousand rows."""
_BOOKING: Final = "booking."
_KNOWN: Final = """
    SELECT event_id, aggregate_id, aggregate_sequence, startsWith(type, 'booking.') FROM events
    WHERE type IN {{types:Array(String)}} AND aggregate_id IN ({ids})
"""


class Origin(StrEnum):
    """Whose history is told."""

    HOTELS = "hotels"
    BOOKINGS = "bookings"


class Listener(StrEnum):
    """Who is told."""

    ANALYTICS = "analytics"
    AI = "ai"


LISTENERS: Final = tuple(listener for listener in Listener if listener in DOMAINS)
"""Those that are built."""

OnProgress = Callable[[Origin, int, int], None]
"""Called with how many hotels or bookings are told, and how many there are."""


@dataclass(slots=True)
class Told:
    """What a backfill did."""

    hotels: int = 0
    bookings: int = 0
    """Read, whether or not anything about them was new."""
    events: int = 0
    """That analytics did not have yet."""


class Reader(ABC):
    """One who is told."""

    @abstractmethod
    async def take(self, envelopes: Sequence[EventEnvelope]) -> None:
        """Hear of them now or at ``finish``."""

    async def finish(self) -> None:
        """Write down what is left."""
        return


class AnalyticsReader(Reader):
    """The analytics store. Events that it has already, under whichever id, are left out."""

    def __init__(self, store: AnalyticsStore, *, block: int = BLOCK) -> None:
        self._store = store
        self._block = block
        self._waiting: list[EventEnvelope] = []
        self.written = 0
        """Events that were new."""

    async def take(self, envelopes: Sequence[EventEnvelope]) -> None:
        """Keep those that are missing, and write them when they are a block.

        Raises:
            StoreError: the store is away, or does not take them.
        """
        self._waiting += await missing(self._store, envelopes)
        if len(self._waiting) >= self._block:
            await self.finish()

    async def finish(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self.written += await write_events(self._store, waiting)


class LearningReader(Reader):
    """What recommendations and forecasts learn from: bookings only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, envelopes: Sequence[EventEnvelope]) -> None:
        """Write them down, each batch in a transaction."""
        stays = [stay_of(envelope) for envelope in envelopes if envelope.type.startswith(_BOOKING)]
        if stays:
            async with self._database.transaction() as session:
                await import_bookings(session, stays)


async def missing(store: AnalyticsStore, envelopes: Sequence[EventEnvelope]) -> list[EventEnvelope]:
    """Those of ``envelopes`` that the store has not got.

    An event of a booking is known by its place in the booking, because what was published has another id than what is
    told once more. What hotels are now was never an event, and is known by its id.
    """
    if not envelopes:
        return []
    # In the text, since a server takes only so much in the address; an id has nothing that could end a string.
    ids = ", ".join(f"'{subject}'" for subject in {envelope.aggregate_id for envelope in envelopes})
    rows = await store.query(
        _KNOWN.format(ids=ids),
        {"types": sorted({envelope.type for envelope in envelopes})},
    )
    by_place: set[tuple[UUID, int]] = {(row[1], row[2]) for row in rows if row[3]}
    by_id: set[UUID] = {row[0] for row in rows if not row[3]}
    return [
        envelope
        for envelope in envelopes
        if (
            (envelope.aggregate_id, envelope.aggregate_sequence) not in by_place
            if envelope.type.startswith(_BOOKING)
            else envelope.id not in by_id
        )
    ]


async def tell(
    databases: Mapping[Origin, Database], readers: Collection[Reader], on_progress: OnProgress = lambda *_: None
) -> Told:
    """Tell every reader the history of every domain in ``databases``. May be repeated, and beside a running platform.

    One batch is in memory at a time, and no transaction stays open between two. Hotels go first: whoever looks
    meanwhile finds no booking of a hotel that has no name yet.

    Raises:
        StoreError: analytics' store is away, or does not take an event. What was told until then stays.
    """
    told = Told()
    for origin in Origin:
        if (database := databases.get(origin)) is None:
            continue
        is_hotels = origin is Origin.HOTELS
        total = await (hotel_count(database) if is_hotels else booking_count(database))
        done = 0
        async for envelopes in present_state(database) if is_hotels else published_history(database):
            for reader in readers:
                await reader.take(envelopes)
            done += len({envelope.aggregate_id for envelope in envelopes})
            on_progress(origin, done, total)
        for reader in readers:
            await reader.finish()
        if is_hotels:
            told.hotels = done
        else:
            told.bookings = done
    told.events = sum(reader.written for reader in readers if isinstance(reader, AnalyticsReader))
    return told


async def backfill(
    settings: PlatformSettings,
    origins: Collection[Origin] = tuple(Origin),
    listeners: Collection[Listener] = LISTENERS,
    on_progress: OnProgress = lambda *_: None,
) -> Told:
    """As ``tell``, on the servers of ``settings``: those given, or the embedded ones, started or attached to.

    Raises:
        LocalRuntimeError: there is a server that cannot be used; says how to mend it.
        StoreError: as ``tell`` does.
    """
    async with LocalRuntime(settings) as runtime, _opened(runtime.settings(), origins, listeners) as (sources, readers):
        return await tell(sources, readers, on_progress)


@asynccontextmanager
async def _opened(
    settings: PlatformSettings, origins: Collection[Origin], listeners: Collection[Listener]
) -> AsyncIterator[tuple[Mapping[Origin, Database], Sequence[Reader]]]:
    await prepare_databases(settings, tuple(dict.fromkeys([*origins, *listeners])))
    async with AsyncExitStack() as stack:

        def database(domain: str) -> Database:
            opened = Database(
                domain_database_url(settings, domain), application_name=f"reservei-backfill-{domain}", pool_size=2
            )
            stack.push_async_callback(opened.close)
            return opened

        readers: list[Reader] = []
        if Listener.ANALYTICS in listeners:
            assert settings.clickhouse_url is not None
            readers.append(AnalyticsReader(await stack.enter_async_context(AnalyticsStore(settings.clickhouse_url))))
        if Listener.AI in listeners:
            readers.append(LearningReader(database(Listener.AI)))
        yield {origin: database(origin) for origin in origins}, readers
