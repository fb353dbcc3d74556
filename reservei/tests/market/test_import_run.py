"""What an import does when the database itself says no, or when two run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reservei.market.csv_rows import Row, open_csv
from reservei.market.demo.hotels import demo_hotels
from reservei.market.formats import hotels_importer
from reservei.market.hotels import Calendar, HotelDraft, write_hotels
from reservei.market.importing import Importer, Item, Parsed, Written, run_import
from reservei.market.problems import FileRejected
from reservei.market.report import ReportFile, Tally
from reservei.tests.market.conftest import RunImport, fetch
from shared.db import Database, WriteSession, utc_now


class _Trusting(Importer[HotelDraft]):
    """Checks nothing: the database has to."""

    kind = "hotels"
    columns = ("stars",)
    batch_size = 8

    def __init__(self) -> None:
        self._hotels = demo_hotels(1, 100)

    def parse(self, row: Row) -> Parsed[HotelDraft]:
        draft = next(self._hotels).draft
        return Parsed(str(row.line), replace(draft, hotel=replace(draft.hotel, stars=int(row.values["stars"]))))

    async def write(self, session: WriteSession, items: Sequence[Item[HotelDraft]]) -> Written[HotelDraft]:
        written = await write_hotels(session, [item.record for item in items], None)
        return Written({self.kind: Tally.of(written.hotels)})


async def test_a_row_that_the_database_refuses_does_not_take_its_batch_along(
    hotels_db: Database, import_file: RunImport, tmp_path: Path
) -> None:
    path = tmp_path / "stars.csv"
    path.write_text("stars\n1\n2\n3\n9\n5\n1\n2\n3\n4\n-1\n", encoding="utf-8")
    summary = await import_file(path, lambda _rows: _Trusting())
    assert summary.loaded["hotels"] == Tally(new=8)
    assert summary.rejected == {"refused by the database": 2}
    assert summary.report is not None
    lines = summary.report.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["5", "rejected", "refused by the database"],
        ["11", "rejected", "refused by the database"],
    ]
    assert "ck_hotels_stars" in lines[1]
    assert len(await fetch(hotels_db, "SELECT 1 FROM hotels")) == 8


async def test_a_file_that_breaks_off_keeps_what_was_loaded_before(
    hotels_db: Database, import_file: RunImport, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    whole = gzip.compress((samples / "listings_rio.csv").read_bytes())
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(whole[:-4] + b"\0\0\0\0")
    importer = hotels_importer(broken, (samples / "listings_rio.csv").read_text().partition("\n")[0].split(","), None)
    monkeypatch.setattr(type(importer), "batch_size", 2)
    with pytest.raises(FileRejected, match="damaged gzip"):
        await import_file(broken, lambda _rows: importer)
    assert len(await fetch(hotels_db, "SELECT 1 FROM hotels")) == 5
    good = samples / "listings_rio.csv"
    again = await import_file(good, lambda rows: hotels_importer(good, rows.columns, None))
    assert again.loaded["hotels"] == Tally(unchanged=5)


async def test_two_imports_of_one_file_at_once_load_every_hotel_once(
    hotels_db: Database, samples: Path, tmp_path: Path
) -> None:
    path = samples / "listings_rio.csv"
    calendar = Calendar.starting(utc_now().date(), 20)

    async def once(number: int) -> Tally:
        with open_csv(path) as rows, ReportFile(tmp_path / str(number), "test", utc_now()) as report:
            summary = await run_import(hotels_db, rows, hotels_importer(path, rows.columns, calendar), report)
            return summary.loaded["hotels"]

    tallies = await asyncio.gather(*(once(number) for number in range(4)))
    assert sum(tally.new for tally in tallies) == 5
    assert sum(tally.unchanged for tally in tallies) == 15
    assert len(await fetch(hotels_db, "SELECT 1 FROM hotels")) == 5
    assert len(await fetch(hotels_db, "SELECT 1 FROM inventory_nights")) == 5 * 20


async def test_reports_of_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    from reservei.market.problems import Reason, RowRejected

    now = utc_now()
    paths = []
    for _ in range(3):
        with ReportFile(tmp_path, "hotels", now) as report:
            assert report.path is None
            report.rejected(2, RowRejected(Reason.NUL_BYTE), "x\0" + "y" * 10_000)
            paths.append(report.path)
    assert len({path for path in paths if path}) == 3
    assert all("\0" not in path.read_text() and path.stat().st_size < 3_000 for path in paths if path)
