"""``reservei import`` and ``reservei seed`` as people run them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from reservei.cli import app
from shared.config import platform_settings

Run = Callable[..., Result]


@pytest.fixture
def run(postgres_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run a command against databases of its own."""
    prefix = f"test_{uuid4().hex[:12]}"
    monkeypatch.setenv("RESERVEI_DATABASE_URL", postgres_server)
    monkeypatch.setenv("RESERVEI_DATABASE_PREFIX", prefix)
    monkeypatch.setenv("RESERVEI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    platform_settings.cache_clear()

    def command(*arguments: object) -> Result:
        given = [str(argument) for argument in arguments]
        # Telling analytics would start a store for each command; that it is told is tested where there is one.
        tells = given[0] == "seed" or given[1] in {"hotels", "listings", "bookings"}
        return CliRunner().invoke(app, [*given, "--no-analytics"] if tells else given)

    yield command
    platform_settings.cache_clear()

    async def drop() -> None:
        connection = await asyncpg.connect(postgres_server)
        for domain in ("users", "hotels", "bookings"):
            await connection.execute(f'DROP DATABASE IF EXISTS "{prefix}_{domain}" WITH (FORCE)')
        await connection.close()

    asyncio.run(drop())


def _line(result: Result, name: str) -> str:
    return next((" ".join(line.split()) for line in result.output.splitlines() if line.strip().startswith(name)), "")


def test_import_tells_what_it_did_and_ends_well_in_spite_of_bad_rows(run: Run, samples: Path, tmp_path: Path) -> None:
    first = run("import", "hotels", samples / "hotels_europe.csv", "--days", 10)
    assert first.exit_code == 0, first.output
    assert _line(first, "read") == "read 17 rows"
    assert _line(first, "hotels ") == "hotels 6 new, 0 changed, 0 unchanged"
    assert _line(first, "rejected") == "rejected 11"
    assert "1 no coordinates: placed at the city's centre" in _line(first, "adjusted")
    [report] = (tmp_path / "data" / "reports").glob("import-hotels-*.csv")
    assert report.read_text(encoding="utf-8").splitlines()[1].startswith("7,rejected,missing value,name,")

    second = run("import", "hotels", samples / "hotels_europe.csv", "--days", 10)
    assert _line(second, "hotels ") == "hotels 0 new, 0 changed, 6 unchanged"
    assert "Nothing changed" in second.output

    reviews = run("import", "reviews", samples / "reviews_europe.csv")
    assert _line(reviews, "reviews ") == "reviews 3 new, 0 changed, 0 unchanged"


def test_the_hotels_command_takes_listings_too(run: Run, samples: Path) -> None:
    assert _line(run("import", "hotels", samples / "listings_rio.csv", "--no-calendar"), "hotels ").startswith(
        "hotels 5 new"
    )
    again = run("import", "listings", samples / "listings_rio.csv", "--no-calendar")
    assert _line(again, "hotels ") == "hotels 0 new, 0 changed, 5 unchanged"


def test_import_bookings_makes_the_hotels_as_well(run: Run, samples: Path) -> None:
    first = run("import", "bookings", samples / "hotel_bookings.csv")
    assert first.exit_code == 0, first.output
    assert _line(first, "bookings ") == "bookings 9 new, 0 changed, 0 unchanged"
    assert _line(first, "hotels ") == "hotels 2 new, 0 changed, 0 unchanged"
    assert _line(first, "rejected") == "rejected 16"
    assert "Nothing changed" in run("import", "bookings", samples / "hotel_bookings.csv").output


def test_strict_ends_with_1_when_a_row_was_rejected_though_the_rest_is_loaded(run: Run, samples: Path) -> None:
    result = run("import", "destinations", samples / "municipios.csv", "--strict")
    assert result.exit_code == 1
    assert _line(result, "destinations").startswith("destinations 3 new")
    assert run("import", "destinations", samples / "municipios.csv").exit_code == 0


@pytest.mark.parametrize(
    ("command", "file", "message"),
    [
        ("reviews", "municipios.csv", "lacks the columns hotel_name"),
        ("hotels", "municipios.csv", "is neither a file of hotels nor of listings"),
        ("destinations", "listings_rio.csv", "lacks the columns codigo_ibge"),
        ("bookings", "municipios.csv", "lacks the columns hotel, is_canceled"),
        ("hotels", "no_such_file.csv", "cannot be read: No such file"),
    ],
)
def test_a_wrong_file_is_one_clear_line(run: Run, samples: Path, command: str, file: str, message: str) -> None:
    result = run("import", command, samples / file)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_missing_states_are_one_clear_line(run: Run, samples: Path, tmp_path: Path) -> None:
    alone = tmp_path / "municipios.csv"
    alone.write_bytes((samples / "municipios.csv").read_bytes())
    assert "estados.csv cannot be read" in run("import", "destinations", alone).stderr
    given = run("import", "destinations", alone, "--states", samples / "estados.csv")
    assert given.exit_code == 0


def test_seed_says_what_it_loaded_and_loads_it_once(run: Run) -> None:
    small = ("--hotels", 4, "--users", 12, "--days", 5)
    first = run("seed", *small, "--if-empty")
    assert first.exit_code == 0, first.output
    assert "4 hotels with" in first.output
    assert "16 users" in first.output
    assert "BEMVINDO10" in first.output
    assert "nothing new; 4 hotels were there already" in run("seed", *small).output
    assert "There are hotels already" in run("seed", *small, "--if-empty").output


def test_seed_refuses_production(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESERVEI_ENVIRONMENT", "production")
    platform_settings.cache_clear()
    result = run("seed")
    assert result.exit_code == 2
    assert "This is production" in result.stderr


def test_help_says_that_rates_and_inventory_are_made_up(run: Run) -> None:
    help_text = " ".join(run("import", "hotels", "--help").output.replace("│", " ").split())
    assert "the files have no rates and no inventory, so both are made up" in help_text
