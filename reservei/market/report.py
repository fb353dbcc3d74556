"""What an import did: counts for people, and a file with every row that was refused or mended."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from reservei.market.problems import Adjustment, RowRejected
from subgraphs.hotels.importing import UpsertResult

_RAW_CHARACTERS: Final = 2_000
"""As much of a bad row as the report keeps; some are bad because they are huge."""


@dataclass(slots=True)
class Tally:
    """Rows of one kind that were loaded."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0

    @classmethod
    def of(cls, result: UpsertResult[Any]) -> Tally:
        """The counts of one batch."""
        return cls(result.inserted, result.updated, result.unchanged)

    def add(self, other: Tally) -> None:
        """Count ``other`` in."""
        self.new += other.new
        self.changed += other.changed
        self.unchanged += other.unchanged

    def __str__(self) -> str:
        return f"{self.new:,} new, {self.changed:,} changed, {self.unchanged:,} unchanged"


@dataclass(slots=True)
class Summary:
    """The whole of one import."""

    read: int = 0
    """Records of the file, good and bad."""
    loaded: dict[str, Tally] = field(default_factory=dict)
    """By kind of row (``hotels``, ``room types``, ...); the file's own kind first."""
    nights_added: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """How many rows, by reason and column."""
    adjusted: Counter[Adjustment] = field(default_factory=Counter)
    report: Path | None = None
    """Where the refused and mended rows are; None when there was none."""

    def count(self, tallies: Mapping[str, Tally]) -> None:
        """Count one batch in."""
        for kind, tally in tallies.items():
            self.loaded.setdefault(kind, Tally()).add(tally)

    @property
    def changed_nothing(self) -> bool:
        """Whether the database is as it was before."""
        return not self.nights_added and not any(tally.new or tally.changed for tally in self.loaded.values())

    @property
    def rows_rejected(self) -> int:
        """How many rows of the file were not loaded."""
        return self.rejected.total()


class ReportFile:
    """A CSV file of refused and mended rows, made when there is the first one."""

    def __init__(self, folder: Path, kind: str, now: datetime) -> None:
        """Plan ``<folder>/import-<kind>-<timestamp>.csv``."""
        self._path = folder / f"import-{kind}-{now:%Y%m%dT%H%M%S}.csv"
        self._file: TextIO | None = None
        self._writer: Any = None

    @property
    def path(self) -> Path | None:
        """Where it is; None while nothing was written."""
        return self._path if self._file is not None else None

    def rejected(self, line: int, error: RowRejected, raw: str) -> None:
        """Note a row that was not loaded."""
        self._write(line, "rejected", error.reason, error.column or "", error.detail, raw)

    def adjusted(self, line: int, adjustment: Adjustment, raw: str) -> None:
        """Note a row that was loaded with a change."""
        self._write(line, "adjusted", adjustment, "", "", raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _write(self, line: int, *fields: str) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path = _unused(self._path)
            self._file = self._path.open("x", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(("line", "outcome", "reason", "column", "detail", "row"))
        *rest, raw = fields
        self._writer.writerow((line, *rest, raw[:_RAW_CHARACTERS].replace("\x00", "\\0")))


def _unused(path: Path) -> Path:
    """``path``, or the same with a number when an import of the same second has taken it."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}-{number}")
    return candidate
