"""`reservei points`, `missions` and `leaderboards` on a real database and cache."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from reservei.cli.leaderboards import leaderboards_app
from reservei.cli.missions import missions_app
from reservei.cli.points import points_app
from shared.config import PlatformSettings, platform_settings
from shared.testing.plugin import DomainDatabase
from subgraphs.gamification.tests.world import World, stay


@pytest.fixture
def _servers(platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands find the test's servers in the environment, as an operator's would be."""
    for name in ("database_url", "database_prefix", "redis_url", "broker_url", "data_dir"):
        monkeypatch.setenv(f"RESERVEI_{name.upper()}", str(getattr(platform, name)))
    for name in ("service_secret", "secret_key"):
        monkeypatch.setenv(f"RESERVEI_{name.upper()}", getattr(platform, name).get_secret_value())
    monkeypatch.setenv("COLUMNS", "200")
    platform_settings.cache_clear()
    yield
    platform_settings.cache_clear()


@pytest.fixture
async def world(domain_database: DomainDatabase, _servers: None) -> World:
    return World(await domain_database("gamification"))


async def run(app: object, *arguments: str) -> Result:
    # In a thread, because a command runs an event loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))  # type: ignore[arg-type]


async def test_check_proves_the_points_and_finds_what_is_wrong(world: World) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    right = await run(points_app, "check")
    assert right.exit_code == 0, right.output
    assert "The points balance" in right.output
    assert "-940" in right.output, "what was issued"
    async with world.database.transaction() as session:
        await session.execute(text("UPDATE travelers SET available = available + 1"))
    wrong = await run(points_app, "check")
    assert wrong.exit_code == 1
    assert "available points are what the ledger says" in wrong.stderr
    assert str(user) in wrong.stderr


async def test_show_lists_how_points_moved(world: World) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    shown = await run(points_app, "show", str(user))
    assert shown.exit_code == 0, shown.output
    for part in ("earn", "mature", "bonus", "available +500, issued -500"):
        assert part in shown.output
    assert (await run(points_app, "show", str(uuid4()))).exit_code == 1


async def test_progress_and_leaderboards_are_made_again(world: World) -> None:
    user = uuid4()
    await world.deliver(*stay(user))
    progress = await world.progress(user)
    async with world.database.transaction() as session:
        await session.execute(text("DELETE FROM mission_progress"))
    rebuilt = await run(missions_app, "rebuild")
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "1 travelers, of whom 1 changed" in rebuilt.output
    assert {code for code, (_, completions) in (await world.progress(user)).items() if completions} == {
        code for code, (_, completions) in progress.items() if completions
    }
    boards = await run(leaderboards_app, "rebuild")
    assert boards.exit_code == 0, boards.output
    assert "1 travelers" in boards.output
