"""Reads CSV files that we do not trust: streamed, in constant memory, and going on after a bad row."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from reservei.market.problems import FileRejected, Reason, RowRejected

Encoding = Literal["utf-8", "cp1252", "latin-1"]
"""What a file may be written in; each is a superset of ASCII, so that lines can be found before decoding."""

MAX_LINE_BYTES: Final = 256 * 1024
"""A longer physical line is rejected without being read into memory as a whole."""

MAX_FIELD_CHARACTERS: Final = 64 * 1024
"""A longer field is rejected: it is an unclosed quote, or an attack."""

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """A record of the file."""

    line: int
    """Number of its first physical line; the header is on line 1."""
    values: Mapping[str, str]
    """Field by column name."""
    raw: str
    """The record as it stood in the file."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A piece of the file that is no record of this table."""

    line: int
    error: RowRejected
    raw: str


class CsvRows:
    """The records of one file, in order; made by ``open_csv``.

    A record may span physical lines. When such a record turns out to be broken (an unclosed quote swallows the
    lines after it), only its first line is given up and reading goes on with the second.
    """

    def __init__(self, path: Path, stream: BinaryIO, raw: BinaryIO, encoding: Encoding) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self._stream = stream
        self._raw = raw
        self._encoding = encoding
        self._line = 0
        self._given_back: deque[tuple[int, bytes | None]] = deque()
        self.columns = self._read_header()

    @property
    def position_bytes(self) -> int:
        """How far the file itself (compressed or not) has been read; for progress."""
        return self._raw.tell()

    def require(self, columns: Sequence[str]) -> None:
        """Raise ``FileRejected`` unless every one of ``columns`` is there."""
        missing = [column for column in columns if column not in self.columns]
        if missing:
            raise FileRejected(
                f"{self.path} lacks the columns {', '.join(missing)}. Its first line is: {','.join(self.columns)[:300]}"
            )

    def __iter__(self) -> Iterator[Row | BadRow]:
        while (first := self._next_line()) is not None:
            line, text = first
            if text is None:
                detail = f"a line of more than {MAX_LINE_BYTES:,} bytes"
                yield BadRow(line, RowRejected(Reason.TOO_LONG, detail=detail), "")
            elif text.strip():
                yield self._record(line, text)

    def _record(self, line: int, first: bytes) -> Row | BadRow:
        consumed = [(line, first)]
        try:
            fields = next(csv.reader(self._decoded(consumed), strict=True))
            self._check(fields)
        except RowRejected as error:
            return self._give_up(consumed, error)
        except csv.Error as error:
            reason = Reason.TOO_LONG if "field limit" in str(error) else Reason.MALFORMED
            return self._give_up(consumed, RowRejected(reason, detail=str(error)))
        raw = b"".join(text for _, text in consumed).decode(self._encoding).rstrip("\r\n")
        return Row(line, dict(zip(self.columns, fields, strict=True)), raw)

    def _decoded(self, consumed: list[tuple[int, bytes]]) -> Iterator[str]:
        """The first line, then as many more as the CSV parser asks for; each is noted in ``consumed``."""
        yield self._decode(consumed[0][1])
        while (following := self._next_line()) is not None:
            line, text = following
            if text is None:
                self._given_back.appendleft(following)
                raise RowRejected(Reason.TOO_LONG, detail=f"line {line} has more than {MAX_LINE_BYTES:,} bytes")
            consumed.append((line, text))
            yield self._decode(text)

    def _decode(self, line: bytes) -> str:
        if b"\x00" in line:
            raise RowRejected(Reason.NUL_BYTE)
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            raise RowRejected(
                Reason.NOT_TEXT, detail=f"byte {line[error.start]:#04x} is not {self._encoding}"
            ) from None

    def _check(self, fields: list[str]) -> None:
        if len(fields) != len(self.columns):
            detail = f"{len(fields)} fields where the header has {len(self.columns)}"
            raise RowRejected(Reason.WRONG_COLUMN_COUNT, detail=detail)

    def _give_up(self, consumed: list[tuple[int, bytes]], error: RowRejected) -> BadRow:
        self._given_back.extendleft(reversed(consumed[1:]))
        line, first = consumed[0]
        return BadRow(line, error, first.decode(self._encoding, errors="replace").rstrip("\r\n"))

    def _next_line(self) -> tuple[int, bytes | None] | None:
        """Number and bytes of the next physical line (None for one that is too long), or None at the end."""
        if self._given_back:
            return self._given_back.popleft()
        text = self._read(MAX_LINE_BYTES)
        if not text:
            return None
        self._line += 1
        if len(text) < MAX_LINE_BYTES or text.endswith(b"\n"):
            return self._line, text
        while (rest := self._read(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass
        return self._line, None

    def _read(self, limit: int) -> bytes:
        try:
            return self._stream.readline(limit)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise FileRejected(
                f"{self.path} is a damaged gzip file: {error} (after line {self._line}). "
                "Rows before that are loaded; fetch the file again and repeat the import."
            ) from error

    def _read_header(self) -> tuple[str, ...]:
        first = self._next_line()
        if first is None:
            raise FileRejected(f"{self.path} is empty.")
        text = first[1] or b""
        if text.startswith(_UTF16_BOMS):
            raise FileRejected(f"{self.path} is UTF-16. Save it as UTF-8.")
        text = text.removeprefix(_UTF8_BOM)
        try:
            header = next(csv.reader([self._decode(text)], strict=True), [])
        except (RowRejected, csv.Error) as error:
            raise FileRejected(f"{self.path} does not start with a line of column names: {error}") from error
        columns = tuple(column.strip() for column in header)
        if len(set(columns)) != len(columns):
            raise FileRejected(f"{self.path} has two columns of the same name: {','.join(columns)[:300]}")
        return columns


@contextmanager
def open_csv(path: Path, encoding: Encoding = "utf-8") -> Iterator[CsvRows]:
    """Open a CSV file, plain or gzip (told by its first bytes, whatever its name), and read its header.

    Raises:
        FileRejected: when there is no such file, or it does not begin like a CSV file.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    try:
        raw = path.open("rb")
    except OSError as error:
        raise FileRejected(f"{path} cannot be read: {error.strerror}.") from error
    with raw:
        compressed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        stream = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if compressed else raw
        yield CsvRows(path, stream, raw, encoding)
