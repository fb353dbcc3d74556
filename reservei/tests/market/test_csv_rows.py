"""The CSV reader against files that are not what they should be."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reservei.market.csv_rows import MAX_FIELD_CHARACTERS, MAX_LINE_BYTES, BadRow, Row, open_csv
from reservei.market.problems import FileRejected, Reason


def _read(path: Path, content: bytes) -> list[Row | BadRow]:
    path.write_bytes(content)
    with open_csv(path) as rows:
        return list(rows)


def _outcomes(rows: list[Row | BadRow]) -> list[tuple[int, object]]:
    return [(row.line, row.error.reason if isinstance(row, BadRow) else dict(row.values)) for row in rows]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def test_a_byte_order_mark_is_not_part_of_the_first_column(path: Path) -> None:
    assert _outcomes(_read(path, b"\xef\xbb\xbfa,b\r\n1,2\r\n")) == [(2, {"a": "1", "b": "2"})]


def test_quoted_fields_may_span_lines_and_lines_are_counted_physically(path: Path) -> None:
    rows = _read(path, b'a,b\n"x\ny",1\n\nz,2\n')
    assert _outcomes(rows) == [(2, {"a": "x\ny", "b": "1"}), (5, {"a": "z", "b": "2"})]


def test_gzip_is_told_by_content_and_not_by_name(path: Path) -> None:
    assert _outcomes(_read(path, gzip.compress(b"a\n1\n"))) == [(2, {"a": "1"})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,2,3", Reason.WRONG_COLUMN_COUNT),
        (b"1", Reason.WRONG_COLUMN_COUNT),
        (b"1,\x00", Reason.NUL_BYTE),
        (b"1,Fran\xe7ois", Reason.NOT_TEXT),
        (b'"1"x,2', Reason.MALFORMED),
        (b'1,"never closed', Reason.MALFORMED),
        (b"1," + b"x" * (MAX_FIELD_CHARACTERS + 1), Reason.TOO_LONG),
        (b"1," + b"x" * (2 * MAX_LINE_BYTES + 7), Reason.TOO_LONG),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value[:12]),
)
def test_a_bad_line_is_given_up_and_reading_goes_on_after_it(path: Path, line: bytes, reason: Reason) -> None:
    rows = _read(path, b"a,b\n1,2\n" + line + b"\n3,4\n")
    assert _outcomes(rows) == [(2, {"a": "1", "b": "2"}), (3, reason), (4, {"a": "3", "b": "4"})]


def test_the_line_before_the_end_of_the_file_may_be_too_long(path: Path) -> None:
    assert _outcomes(_read(path, b"a\n" + b"x" * (MAX_LINE_BYTES + 1))) == [(2, Reason.TOO_LONG)]


def test_an_unclosed_quote_costs_one_line_even_when_the_next_row_closes_it(path: Path) -> None:
    rows = _read(path, b'a,b\n1,"open\n2,"fine"\n3,4\n')
    assert _outcomes(rows) == [(2, Reason.MALFORMED), (3, {"a": "2", "b": "fine"}), (4, {"a": "3", "b": "4"})]


def test_the_raw_row_is_kept_for_the_report(path: Path) -> None:
    [row] = _read(path, b'a,b\n" x ",\xc3\xa9\r\n')
    assert row.raw == '" x ",é'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,a\n1,2\n", "two columns of the same name"),
        (b"\x89PNG\r\n\x1a\n\x00", "does not start with a line of column names"),
        (gzip.compress(b"a\n" + b"1\n" * 100_000)[:200], "damaged gzip"),
        (gzip.compress(b"a\n1\n")[:-8] + b"\x00" * 8, "damaged gzip"),
    ],
    ids=["empty", "utf-16", "namesakes", "picture", "cut off", "wrong checksum"],
)
def test_a_file_that_is_no_such_table_is_refused_with_a_reason(path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FileRejected, match=message):
        _read(path, content)


def test_a_missing_file_is_refused_with_a_reason(path: Path) -> None:
    with pytest.raises(FileRejected, match="No such file"), open_csv(path):
        pass


def test_missing_columns_are_named_together_with_the_line_that_was_found(path: Path) -> None:
    path.write_bytes(b"name,Address\nx,y\n")
    with open_csv(path) as rows, pytest.raises(FileRejected) as error:
        rows.require(["name", "address", "city"])
    assert "lacks the columns address, city" in str(error.value)
    assert "name,Address" in str(error.value)


def test_latin_1_is_read_when_it_is_asked_for(path: Path) -> None:
    path.write_bytes("nome\nJosé\n".encode("latin-1"))
    with open_csv(path, "latin-1") as rows:
        assert _outcomes(list(rows)) == [(2, {"nome": "José"})]


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    path.write_bytes(gzip.compress(b"a,b\n" + (b"some text," + b"x" * 1_000 + b"\n") * 10_000))
    tracemalloc.start()
    with open_csv(path) as rows:
        assert sum(1 for _ in rows) == 10_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000  # of ten million bytes


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=30)] * 2), max_size=20
    )
)
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *table])
    rows = _read(tmp_path_factory.mktemp("csv") / "file.csv", buffer.getvalue().encode())
    assert [tuple(row.values.values()) for row in rows if isinstance(row, Row)] == table
