"""``reservei import``: load real files into the market."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

Beside = Callable[[], AbstractAsyncContextManager[None]]
"""What goes on while a file is loaded."""
_SELLING = ("hotels", "bookings")
"""The domains that take part in a sale."""

if TYPE_CHECKING:
    from rich.console import Console

    from reservei.market.csv_rows import CsvRows
    from reservei.market.importing import Importer
    from reservei.market.report import Summary
    from shared.config import PlatformSettings

import_app = typer.Typer(
    help="Load public data sets from CSV files, plain or gzip. Importing a file again changes nothing.",
    no_args_is_help=True,
)


class FileEncoding(StrEnum):
    """What a file is written in."""

    UTF_8 = "utf-8"
    CP1252 = "cp1252"
    LATIN_1 = "latin-1"


class BookingsMode(StrEnum):
    """What becomes of a row of bookings."""

    HISTORY = "history"
    SAGAS = "sagas"


File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV file; may be compressed with gzip.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with exit code 1 when a row was rejected.")]
EncodingOption = Annotated[FileEncoding, typer.Option("--encoding", help="What the file is written in.")]
WithCalendar = Annotated[
    bool,
    typer.Option(
        "--with-calendar/--no-calendar",
        help="Put nights on sale: the files have no rates and no inventory, so both are made up from the base price "
        "with seasons and weekends. Without it the hotels cannot be booked yet.",
    ),
]
NoAnalytics = Annotated[
    bool, typer.Option("--no-analytics", help="Leave it to `reservei backfill` to tell analytics of what was loaded.")
]
Days = Annotated[int, typer.Option(min=1, max=1100, help="How many nights from today are put on sale.")]


@import_app.command()
def hotels(
    file: File,
    with_calendar: WithCalendar = True,
    days: Days = 180,
    strict: Strict = False,
    encoding: EncodingOption = FileEncoding.UTF_8,
    no_analytics: NoAnalytics = False,
) -> None:
    """Import hotels: European hotels (`name,address,average_score,...`) or Rio listings, told by their columns.

    Nobody manages imported hotels: only administrators can change them. The European file has neither room types nor
    prices; both are derived from the score and the city.
    """
    _import("hotels", file, strict, encoding, _hotels(file, with_calendar, days), tells=_unless(no_analytics, "hotels"))


@import_app.command()
def listings(
    file: File,
    with_calendar: WithCalendar = True,
    days: Days = 180,
    strict: Strict = False,
    encoding: EncodingOption = FileEncoding.UTF_8,
    no_analytics: NoAnalytics = False,
) -> None:
    """Import listings of Rio de Janeiro (Inside Airbnb): each is a hotel with one room of one type, priced in BRL."""
    _import(
        "listings", file, strict, encoding, _hotels(file, with_calendar, days), tells=_unless(no_analytics, "hotels")
    )


@import_app.command()
def reviews(file: File, strict: Strict = False, encoding: EncodingOption = FileEncoding.UTF_8) -> None:
    """Import reviews of European hotels. Import the hotels first: a review names its hotel and nothing else."""
    from reservei.market.formats import EuropeReviewsImporter

    _import("reviews", file, strict, encoding, lambda _rows: EuropeReviewsImporter())


@import_app.command()
def destinations(
    file: File,
    states: Annotated[
        Path | None,
        typer.Option(help="The states that the municipalities refer to.", show_default="estados.csv beside FILE"),
    ] = None,
    strict: Strict = False,
    encoding: EncodingOption = FileEncoding.UTF_8,
) -> None:
    """Import Brazil's municipalities as destinations."""
    from reservei.market.formats import MunicipalitiesImporter, read_states

    def importer(_rows: CsvRows) -> Importer[Any]:
        return MunicipalitiesImporter(read_states(states or file.with_name("estados.csv")))

    _import("destinations", file, strict, encoding, importer)


@import_app.command()
def bookings(
    file: File,
    mode: Annotated[
        BookingsMode,
        typer.Option(
            help="`history`: each row is a booking that ended years ago; nobody is told and no money moves. "
            "`sagas`: each row is sold now, moved into the future: rooms are held, the sandbox is paid, and what was "
            "cancelled is cancelled and refunded."
        ),
    ] = BookingsMode.HISTORY,
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows to read; all when left out.")] = None,
    strict: Strict = False,
    encoding: EncodingOption = FileEncoding.UTF_8,
    no_analytics: NoAnalytics = False,
) -> None:
    """Import the bookings of two hotels (`hotel,is_canceled,lead_time,...`); the hotels are made as well.

    With `--mode sagas` this process works for hotels and bookings while it lasts, beside a `reservei up` or alone.
    """
    from reservei.market.formats import HotelBookingsImporter

    if mode is BookingsMode.SAGAS:
        _sell(file, strict, encoding, limit, tells=_unless(no_analytics, "hotels"))
    else:
        _import(
            "bookings",
            file,
            strict,
            encoding,
            lambda _rows: HotelBookingsImporter(),
            limit=limit,
            tells=_unless(no_analytics, *_SELLING),
        )


def _unless(no_analytics: bool, *domains: str) -> tuple[str, ...]:
    return () if no_analytics else domains


def _sell(file: Path, strict: bool, encoding: FileEncoding, limit: int | None, *, tells: tuple[str, ...]) -> None:
    from reservei.cli.serve import local_platform
    from reservei.market.formats import HotelSalesImporter
    from shared.config import platform_settings
    from shared.telemetry import configure_logging

    _check_columns(file, encoding, HotelSalesImporter.columns)
    with local_platform(_SELLING):
        configure_logging(platform_settings(), service="import")
        _import(
            "bookings",
            file,
            strict,
            encoding,
            lambda _rows: HotelSalesImporter(platform_settings()),
            limit=limit,
            beside=_working,
            tells=tells,
        )


@asynccontextmanager
async def _working() -> AsyncIterator[None]:
    """Do the work of the workers of hotels and bookings while the block lasts; others may do so as well."""
    from reservei import worker
    from shared.config import platform_settings

    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(platform_settings(), _SELLING, stop))
    try:
        yield
    finally:
        stop.set()
        await working


def _check_columns(file: Path, encoding: FileEncoding, columns: Sequence[str]) -> None:
    """Refuse a file of the wrong kind before any server is started for it."""
    from reservei.market.csv_rows import open_csv
    from reservei.market.problems import FileRejected

    try:
        with open_csv(file, encoding.value) as rows:
            rows.require(columns)
    except FileRejected as error:
        raise _refused(error) from error


def _refused(error: Exception) -> typer.Exit:
    from rich.console import Console

    Console(stderr=True, highlight=False).print(str(error), style="bold red", markup=False, soft_wrap=True)
    return typer.Exit(2)


def _hotels(file: Path, with_calendar: bool, days: int) -> Callable[[CsvRows], Importer[Any]]:
    from reservei.market.formats import hotels_importer
    from reservei.market.hotels import Calendar
    from shared.db import utc_now
    from subgraphs.hotels.stays import earliest_today

    calendar = Calendar.starting(earliest_today(utc_now()), days) if with_calendar else None
    return lambda rows: hotels_importer(file, rows.columns, calendar)


def _import(
    kind: str,
    file: Path,
    strict: bool,
    encoding: FileEncoding,
    importer: Callable[[CsvRows], Importer[Any]],
    *,
    limit: int | None = None,
    beside: Beside = nullcontext,
    tells: tuple[str, ...] = (),
) -> None:
    from rich.console import Console

    from reservei.market.problems import FileRejected

    console = Console(highlight=False)
    try:
        summary = asyncio.run(_run(console, kind, file, encoding, importer, limit, beside, tells))
    except FileRejected as error:
        raise _refused(error) from error
    _show(console, file, summary)
    if strict and summary.rows_rejected:
        raise typer.Exit(1)


async def _run(
    console: Console,
    kind: str,
    file: Path,
    encoding: FileEncoding,
    importer: Callable[[CsvRows], Importer[Any]],
    limit: int | None,
    beside: Beside,
    tells: tuple[str, ...],
) -> Summary:
    from reservei.cli._meter import Meter
    from reservei.market.csv_rows import open_csv
    from reservei.market.databases import open_databases
    from reservei.market.importing import run_import
    from reservei.market.report import ReportFile
    from shared.config import platform_settings
    from shared.db import utc_now

    settings = platform_settings()
    with (
        open_csv(file, encoding.value) as rows,
        ReportFile(settings.data_dir / "reports", kind, utc_now()) as report,
    ):
        chosen = importer(rows)
        # A file of the wrong kind is refused before any server is started for it.
        rows.require(chosen.columns)
        async with open_databases(settings, chosen.domain, *chosen.also_opens) as databases, beside():
            prepared = await chosen.prepare(databases)
            with Meter(console, file.name, rows.size_bytes) as meter:
                summary = await run_import(
                    databases[chosen.domain],
                    rows,
                    chosen,
                    report,
                    lambda done, count: meter.update(done, f"{count:,} rows"),
                    limit=limit,
                )
            summary.count(prepared)
            if tells and not summary.changed_nothing:
                await _tell(console, settings, tells)
            return summary


async def _tell(console: Console, settings: PlatformSettings, domains: tuple[str, ...]) -> None:
    from reservei.cli.analytics import tell_after_load
    from reservei.market.backfill import Origin

    await tell_after_load(console, settings, [Origin(domain) for domain in domains])


def _show(console: Console, file: Path, summary: Summary) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("read", f"{summary.read:,} rows")
    for kind, tally in summary.loaded.items():
        table.add_row(kind, str(tally))
    if summary.nights_added:
        table.add_row("nights put on sale", f"{summary.nights_added:,}")
    for adjustment, count in summary.adjusted.most_common():
        table.add_row("adjusted", Text(f"{count:,}  {adjustment}"))
    table.add_row("rejected", f"{summary.rows_rejected:,}")
    for label, count in summary.rejected.most_common():
        table.add_row("", Text(f"{count:,}  {label}"))
    if summary.report is not None:
        table.add_row("report", Text(str(summary.report), overflow="fold"))
    console.print(Text(f"\n{file.name}", style="bold"))
    console.print(table)
    if summary.changed_nothing:
        console.print("Nothing changed: every good row was there already.")
