"""Runs an import: rows out of a file, parsed one by one, written in batches, each batch in its own transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice
from typing import ClassVar, Final, Generic, TypeVar

from sqlalchemy.exc import DataError, IntegrityError

from reservei.market.csv_rows import BadRow, CsvRows, Row
from reservei.market.problems import Adjustment, FileRejected, Reason, RowRejected
from reservei.market.report import ReportFile, Summary, Tally
from shared.db import Database, WriteSession

R = TypeVar("R")

OnProgress = Callable[[int, int], None]
"""Called with the bytes and the records read so far."""

_ROWS_BETWEEN_REPORTS: Final = 50


@dataclass(frozen=True, slots=True)
class Parsed(Generic[R]):
    """What a row means."""

    key: str
    """Identifies the row within its file: the second row with the same key is refused."""
    record: R
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True, slots=True)
class Item(Generic[R]):
    """A parsed row on its way into the database."""

    line: int
    raw: str
    parsed: Parsed[R]

    @property
    def record(self) -> R:
        """What is to be written."""
        return self.parsed.record


@dataclass(frozen=True, slots=True)
class Written(Generic[R]):
    """What became of a batch."""

    tallies: Mapping[str, Tally]
    nights_added: int = 0
    refused: Sequence[tuple[Item[R], RowRejected]] = field(default=())
    """Rows that fit no row of ours; they are in no tally."""


class Importer(ABC, Generic[R]):
    """One kind of file: which columns it has, what a row means, and how rows are written."""

    kind: ClassVar[str]
    """What the rows are, for people: ``hotels``."""
    columns: ClassVar[tuple[str, ...]]
    """Columns that the file must have; others are ignored."""
    batch_size: ClassVar[int] = 500
    domain: ClassVar[str] = "hotels"
    """Whose database the rows are written to."""
    also_opens: ClassVar[tuple[str, ...]] = ()
    """Domains whose databases ``prepare`` needs as well."""

    async def prepare(self, databases: Mapping[str, Database]) -> Mapping[str, Tally]:  # noqa: ARG002  # for others
        """Write what the rows will refer to and the file has no rows for; before the first row is parsed.

        Args:
            databases: Those of ``domain`` and ``also_opens``, by domain.

        Returns:
            What was written, by kind.
        """
        return {}

    @abstractmethod
    def parse(self, row: Row) -> Parsed[R]:
        """The meaning of ``row``. Raises ``RowRejected``."""

    @abstractmethod
    async def write(self, session: WriteSession, items: Sequence[Item[R]]) -> Written[R]:
        """Write one batch inside the caller's transaction; the keys of ``items`` are distinct."""


async def run_import(
    database: Database,
    rows: CsvRows,
    importer: Importer[R],
    report: ReportFile,
    on_progress: OnProgress = lambda _bytes, _rows: None,
    *,
    limit: int | None = None,
) -> Summary:
    """Load every good row of ``rows`` and report the others.

    Batches that were written stay written when a later one fails; the import can simply be repeated.

    Args:
        database: That of the importer's domain.
        rows: The file.
        importer: Which knows what its rows mean.
        report: Where refused and mended rows are noted.
        on_progress: Told now and then how far it is.
        limit: How many rows to read, good and bad; all by default.

    Raises:
        FileRejected: columns are missing, or the file is damaged.
    """
    rows.require(importer.columns)
    run = _Run(database, importer, report)
    batch: list[Item[R]] = []
    try:
        for item in run.parsed(rows, on_progress, limit):
            batch.append(item)
            if len(batch) == importer.batch_size:
                await run.write(batch)
                batch = []
    except FileRejected:
        # The file breaks off: what was read until then is loaded.
        await run.write(batch)
        raise
    await run.write(batch)
    on_progress(rows.size_bytes if limit is None else rows.position_bytes, run.summary.read)
    run.summary.report = report.path
    return run.summary


class _Run(Generic[R]):
    def __init__(self, database: Database, importer: Importer[R], report: ReportFile) -> None:
        self.summary = Summary(loaded={importer.kind: Tally()})
        self._database = database
        self._importer = importer
        self._report = report
        # Line by key. Eight bytes of a hash stand for the key: some 100 bytes a row, and the chance that two of ten
        # million rows collide is one in 400,000.
        self._seen: dict[bytes, int] = {}

    def parsed(self, rows: CsvRows, on_progress: OnProgress, limit: int | None) -> Iterator[Item[R]]:
        """The good rows; the bad ones go to the report."""
        for row in islice(rows, limit):
            self.summary.read += 1
            if self.summary.read % _ROWS_BETWEEN_REPORTS == 0:
                on_progress(rows.position_bytes, self.summary.read)
            if isinstance(row, BadRow):
                self._reject(row.line, row.error, row.raw)
                continue
            try:
                item = Item(row.line, row.raw, self._importer.parse(row))
                self._require_first(item)
            except RowRejected as error:
                self._reject(row.line, error, row.raw)
            else:
                yield item

    async def write(self, batch: Sequence[Item[R]]) -> None:
        """Write ``batch``; rows that the database does not take are found by halving, and reported."""
        if not batch:
            return
        try:
            async with self._database.transaction() as session:
                written = await self._importer.write(session, batch)
        except (IntegrityError, DataError) as error:
            if len(batch) == 1:
                detail = str(error.orig).splitlines()[0][:300]
                self._reject(batch[0].line, RowRejected(Reason.REFUSED, detail=detail), batch[0].raw)
                return
            middle = len(batch) // 2
            await self.write(batch[:middle])
            await self.write(batch[middle:])
            return
        self.summary.count(written.tallies)
        self.summary.nights_added += written.nights_added
        refused = {item.line for item, _ in written.refused}
        for item, refusal in written.refused:
            self._reject(item.line, refusal, item.raw)
        for item in batch:
            if item.line not in refused:
                self._note_adjustments(item)

    def _require_first(self, item: Item[R]) -> None:
        key = blake2b(item.parsed.key.encode(), digest_size=8).digest()
        first = self._seen.setdefault(key, item.line)
        if first != item.line:
            raise RowRejected(Reason.DUPLICATE, detail=f"the same as line {first}")

    def _note_adjustments(self, item: Item[R]) -> None:
        for adjustment in item.parsed.adjustments:
            self.summary.adjusted[adjustment] += 1
            self._report.adjusted(item.line, adjustment, item.raw)

    def _reject(self, line: int, error: RowRejected, raw: str) -> None:
        self.summary.rejected[error.label] += 1
        self._report.rejected(line, error, raw)
