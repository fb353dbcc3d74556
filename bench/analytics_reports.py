"""Time of each report on generated rows in the embedded store, next to the plainest query over the same rows.

    .venv/bin/python bench/analytics_reports.py [--rows 10000000] [--rounds 20]

The rows are stay nights of three years in 2,000 hotels, and a booking for each two of them; they are made by the engine
itself, so what is measured is reading. Each report is asked for a year by month, of the whole
platform and of one hotel, with other dates each time. The floor is one sum over the same range, without
looking for replaced rows. The last line of the output is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import psutil

from shared.local.clickhouse import EmbeddedClickHouse
from subgraphs.analytics.service.periods import DateRange, Interval
from subgraphs.analytics.service.questions import ReportQuery, Scope
from subgraphs.analytics.service.reports import run_report
from subgraphs.analytics.service.tables import ReportName
from subgraphs.analytics.store import AnalyticsStore
from subgraphs.analytics.store.migrate import apply_migrations

HOTELS = 2_000
BLOCK = 1_000_000
FIRST = date(2024, 1, 1)
HOTEL_SQL = "toUUID(concat('00000000-0000-7000-8000-', leftPad(toString({number}), 12, '0')))"


async def generate(store: AnalyticsStore, rows: int) -> None:
    """Fill the projections."""
    hotel = HOTEL_SQL.format(number="number")
    await store.command(
        f"INSERT INTO hotels SELECT {hotel}, 1, concat('Hotel ', toString(number)), NULL, {hotel}, 'BR',"
        f" 'America/Sao_Paulo', 'BRL', true FROM numbers({HOTELS})"
    )
    await store.command(
        f"INSERT INTO room_types SELECT {hotel}, {hotel}, 1, 'STD', 'Quarto', 'Room', 40, true, '2024-01-01'"
        f" FROM numbers({HOTELS})"
    )
    hotel = HOTEL_SQL.format(number=f"cityHash64(number) % {HOTELS}")
    booking = "reinterpretAsUUID(concat(reinterpretAsFixedString(cityHash64({0})), reinterpretAsFixedString({0})))"
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        await store.command(
            f"INSERT INTO stay_nights SELECT {hotel}, toDate('{FIRST}') + cityHash64(number, 1) % 1096,"
            f" {booking.format('intDiv(number, 2)')}, 3,"
            " if(cityHash64(number, 2) % 4 = 0, 'CANCELLED', 'CHECKED_OUT') AS state, state = 'CHECKED_OUT',"
            f" number % 2 = 0, {hotel}, 1, 2, 20000 + cityHash64(number, 3) % 60000, 0, 'BRL',"
            " ['pix', 'card', 'boleto'][1 + number % 3], ['BR', 'AR', 'PT', ''][1 + number % 4],"
            " concat('Cidade ', toString(number % 50)), 'SP', 'BR'"
            f" FROM numbers({start}, {count})"
        )
        await store.command(
            f"INSERT INTO booking_sales SELECT {hotel}, {booking.format('number')}, 3,"
            f" toDateTime64('{FIRST} 12:00:00', 3, 'UTC') + toIntervalDay(cityHash64(number, 1) % 1096) AS sold_at,"
            f" toDate(sold_at), toDate(sold_at) + cityHash64(number, 4) % 90, 2,"
            f" {booking.format(f'cityHash64(number, 5) % {max(rows // 8, 1)}')}, {hotel}, 1, 40000, 'BRL', 'pix', 'BR',"
            " 'Cidade', 'SP', 'BR'"
            f" FROM numbers({start // 2}, {count // 2})"
        )
        await store.command(
            f"INSERT INTO client_events SELECT toDateTime64('{FIRST} 11:00:00', 3, 'UTC')"
            f" + toIntervalDay(cityHash64(number, 1) % 1096), {booking.format('number % 100000')}, generateUUIDv4(),"
            f" NULL, ['search', 'view', 'quote'][1 + number % 3], if(number % 3 = 0, NULL, {hotel}), '', now64(3)"
            f" FROM numbers({start // 10}, {count // 10})"
        )


async def timed(ask: Callable[[int], Awaitable[object]], rounds: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    took: list[float] = []
    for number in range(rounds):
        started = time.perf_counter()
        await ask(number)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took), statistics.quantiles(took, n=20)[-1]


async def measure(server: EmbeddedClickHouse, rows: int, rounds: int) -> dict[str, object]:
    """The table, printed as it comes."""
    await apply_migrations(server.url)
    process = psutil.Process(server.pid)
    async with AnalyticsStore(server.url, timeout=600) as store:
        started = time.perf_counter()
        await generate(store, rows)
        print(f"{rows:,} stay nights made in {time.perf_counter() - started:.0f} s")

        def year(number: int) -> DateRange:
            start = FIRST + timedelta(days=number)
            return DateRange(start, start + timedelta(days=364))

        async def floor(number: int) -> object:
            days = year(number)
            return await store.query(
                "SELECT sum(revenue_minor) FROM stay_nights WHERE night BETWEEN {start:Date} AND {end:Date}",
                {"start": days.start, "end": days.end},
            )

        plain, _ = await timed(floor, rounds)
        print(f"floor, one plain sum: {plain:.0f} ms")
        print(f"{'report':22} {'platform p50':>13} {'p95':>8} {'x floor':>8} {'hotel p50':>10} {'p95':>8}")
        reports: dict[str, object] = {}
        one = Scope((UUID("00000000-0000-7000-8000-000000000007"),))
        for name in ReportName:
            figures: list[float] = []
            for scope in (Scope(), one):

                async def ask(number: int, name: ReportName = name, scope: Scope = scope) -> object:
                    return await run_report(store, name, ReportQuery(year(number), scope, Interval.MONTH))

                figures += await timed(ask, rounds)
            p50, p95, hotel50, hotel95 = figures
            print(f"{name:22} {p50:10.0f} ms {p95:8.0f} {p50 / plain:8.1f} {hotel50:7.0f} ms {hotel95:8.0f}")
            reports[name] = {"p50": p50, "p95": p95, "ratio": p50 / plain, "hotel_p50": hotel50, "hotel_p95": hotel95}
        memory = process.memory_info().rss >> 20
        print(f"engine: {memory} MiB resident")
    return {"rows": rows, "floor_ms": plain, "reports": reports, "rss_mib": memory}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedClickHouse(Path(folder), durable=False) as server,
    ):
        print(json.dumps(asyncio.run(measure(server, arguments.rows, arguments.rounds))))


if __name__ == "__main__":
    main()
