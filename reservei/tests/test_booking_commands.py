"""`reservei sagas` and `reservei projections` on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from reservei.cli.projections import projections_app
from reservei.cli.sagas import sagas_app
from shared.config import PlatformSettings, platform_settings
from shared.db import Database
from shared.local.errors import LocalRuntimeError
from shared.testing.plugin import DomainDatabase
from subgraphs.bookings.tests.stay_changes import ask
from subgraphs.bookings.tests.world import World


@pytest.fixture
def _servers(platform: PlatformSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The commands find the test's servers in the environment, as an operator's would be."""
    for name in ("database_url", "database_prefix", "redis_url", "broker_url", "data_dir"):
        monkeypatch.setenv(f"RESERVEI_{name.upper()}", str(getattr(platform, name)))
    for name in ("service_secret", "secret_key"):
        monkeypatch.setenv(f"RESERVEI_{name.upper()}", getattr(platform, name).get_secret_value())
    platform_settings.cache_clear()
    yield
    platform_settings.cache_clear()


@pytest.fixture
async def database(domain_database: DomainDatabase, _servers: None) -> Database:
    return await domain_database("bookings")


async def _run(app: object, *arguments: str) -> str:
    # In a thread, because a command runs an event loop of its own.
    result = await asyncio.to_thread(CliRunner().invoke, app, list(arguments))  # type: ignore[arg-type]
    if result.exception is not None:
        raise result.exception
    return result.output


async def _stuck(database: Database, platform: PlatformSettings) -> tuple[UUID, str]:
    world = World(database, platform)
    booking_id = await world.book()
    async with database.transaction() as session:
        await session.execute(
            text("""UPDATE sagas SET state = 'STUCK', last_error = 'no answer', data = '{"stuck_state": "RUNNING"}'""")
        )
    return booking_id, (await world.booking(booking_id)).terms.code


async def test_a_stuck_saga_is_listed_shown_and_retried(database: Database, platform: PlatformSettings) -> None:
    booking_id, code = await _stuck(database, platform)
    assert "no answer" in await _run(sagas_app, "list", "--state", "stuck")
    shown = await _run(sagas_app, "show", code)
    assert "HOLD_INVENTORY" in shown
    assert "booking.requested" in shown
    assert "goes on with HOLD_INVENTORY" in await _run(sagas_app, "retry", str(booking_id))
    assert "There are none" in await _run(sagas_app, "list", "--state", "STUCK")
    with pytest.raises(LocalRuntimeError, match="not stuck"):
        await _run(sagas_app, "retry", code)


async def test_a_stuck_change_is_shown_beside_the_sale_and_retried(
    database: Database, platform: PlatformSettings
) -> None:
    world = World(database, platform)
    booking_id = await world.sell()
    change_id = await ask(world, booking_id, nights=3)
    async with database.transaction() as session:
        stuck = """UPDATE sagas SET state = 'STUCK', data = data || '{"stuck_state": "RUNNING"}' WHERE id = :id"""
        await session.execute(text(stuck), {"id": change_id})
    shown = await _run(sagas_app, "show", str(booking_id))
    assert all(part in shown for part in ("SALE", "COMPLETED", "CHANGE", "STUCK", str(change_id)))
    assert "CHANGE" in await _run(sagas_app, "list", "--state", "stuck")
    assert (await _run(sagas_app, "retry", str(booking_id))).count("It goes on with HOLD_INVENTORY.") == 1
    await world.run()
    assert (await world.saga(change_id)).state == "COMPLETED"


async def test_a_booking_that_is_not_there_is_said_to_be_not_there(database: Database) -> None:
    for given in (str(uuid4()), "ABCD2345", "nonsense"):
        with pytest.raises(LocalRuntimeError, match="no booking"):
            await _run(sagas_app, "show", given)


async def test_read_models_are_rebuilt_and_their_lag_is_shown(database: Database, platform: PlatformSettings) -> None:
    await World(database, platform).book()
    async with database.transaction() as session:
        await session.execute(text("DELETE FROM booking_list"))
    assert "booking_list: 1 bookings" in await _run(projections_app, "rebuild", "booking_list")
    async with database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM booking_list")) == 1
    assert "hotel_calendar" in await _run(projections_app, "lag")
    with pytest.raises(LocalRuntimeError, match="no projection"):
        await _run(projections_app, "rebuild", "nonsense")
